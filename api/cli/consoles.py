"""The console on which commands tell what others named: nothing in it is a style, a link or a picture."""

from rich.console import Console


def plain_console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Prints text as it is, each paragraph on one line: a path or a reason may hold `[b]`, `:100:` or a number."""
    return Console(stderr=stderr, width=width, soft_wrap=True, markup=False, emoji=False, highlight=False)
