"""What can go wrong with a protocol, each as one sentence for the secretary."""

from court.errors import CourtError


class ProtocolError(CourtError):
    """Root of this package's errors."""


class FormError(ProtocolError):
    """A form file cannot be used."""


class SealError(ProtocolError):
    """The signer's key file cannot be used, or signing failed; nothing was signed."""
