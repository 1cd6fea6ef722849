"""The root of every error the project raises on purpose.

Each package derives its own root from `CourtError`; the command line and the API turn any of them into one
sentence for a person, so a message always says what is wrong, with which file, field or device, and what to do.
"""


class CourtError(Exception):
    """Root of all deliberate errors."""


class InputError(CourtError):
    """Something a person gave us (a field, file, device or setting) cannot be used; nothing was changed."""
