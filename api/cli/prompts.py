"""What the commands ask of a person."""

import sys

import typer


def ask_password(prompt: str, confirm: bool = False) -> str:
    """Asked for without showing it, or the next line of standard input where no person sits at it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm)
    return password
