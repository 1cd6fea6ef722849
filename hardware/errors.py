"""Errors of devices and of the media they give."""

from court.errors import CourtError, InputError


class HardwareError(CourtError):
    """Root of the package's errors."""


class DeviceUnusable(HardwareError, InputError):
    """An input cannot be opened, or is not what the room file says it is."""


class DeviceLost(HardwareError):
    """An input that was open stopped giving; it may come back."""


class MediaUnreadable(HardwareError):
    """Bytes that are no segment of ours, or too damaged to hold one readable packet."""
