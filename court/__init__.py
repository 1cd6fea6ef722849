"""The kernel: what a court is. Standard library only, no I/O, no clock, no globals."""
