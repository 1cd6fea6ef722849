"""The courtroom's devices: what they give, how they are opened, how loud they are, how good the clock is."""
