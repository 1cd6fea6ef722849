"""Who is asking: passwords, sessions, form tokens."""
