"""What the command line's exit codes mean, for scripts and for the processes that start it."""

OK = 0
FAULT_FOUND = 1
"""A verification found a fault, or something failed on our side."""
UNUSABLE_INPUT = 2
"""Something given (a file, device, field or setting) cannot be used; nothing was changed."""
UNREADABLE = 3
"""What was to be verified cannot be read, so nothing is said of it."""
INTERRUPTED = 130
"""Ctrl-C."""
