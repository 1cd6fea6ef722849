"""What can go wrong with a protocol, each as one sentence for the secretary."""

from court.errors import CourtError, InputError


class ProtocolError(CourtError):
    """Root of this package's errors."""


class ProtocolSettingsError(ProtocolError, InputError):
    """A setting of the protocol service cannot be used."""


class FormError(ProtocolError):
    """A form file cannot be used."""


class TermsError(ProtocolError, InputError):
    """The file of the court's terms cannot be used."""


class CuesError(ProtocolError, InputError):
    """A file of the court's cues of stages cannot be used."""


class SealError(ProtocolError):
    """The signer's key file cannot be used, or signing failed; nothing was signed."""


class CopyError(ProtocolError):
    """A copy cannot be made; nothing was handed out."""


class LeakError(ProtocolError, InputError):
    """A recording that got out cannot be read."""
