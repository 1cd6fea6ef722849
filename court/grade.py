"""How well something does: the three colours of a self-test and of alarms."""

from enum import StrEnum


class Grade(StrEnum):
    """Green: as it should be; amber: look at it, a hearing can be held; red: mend it first."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


_SEVERITY = tuple(Grade)


def worst(*grades: Grade) -> Grade:
    return max(grades, key=_SEVERITY.index, default=Grade.GREEN)
