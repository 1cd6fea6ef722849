"""What strangers wrote, in a line for a terminal: it may neither begin a line of its own nor command the terminal."""


def one_line(text: str) -> str:
    """The text with everything that does not print written as an escape."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
