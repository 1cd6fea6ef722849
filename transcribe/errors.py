"""What can go wrong between a recorded segment and its transcript."""

from court.errors import CourtError, InputError


class TranscribeError(CourtError):
    """Root of the package's deliberate errors."""


class ModelError(TranscribeError):
    """A recognition model is missing, cannot be fetched, or is not the one its manifest describes."""


class MissingModel(ModelError):
    """The model is simply not here, which another may make good; one that is damaged is another matter."""


class EngineError(TranscribeError):
    """The recogniser cannot be loaded or cannot serve the hearing's language."""


class NoEngine(EngineError):
    """Nothing here recognises the hearing's language: trying again changes nothing."""


class TranscribeSettingsError(TranscribeError, InputError):
    """A setting of the worker cannot be used."""


class UnknownModel(ModelError, InputError):
    """The manifest holds no model of that name."""


class AudioError(TranscribeError):
    """A recorded segment cannot be read as sound."""


class AlteredSound(AudioError):
    """The store does not give the bytes that were recorded; it may do so again once it is repaired."""


class UnusableSound(AudioError):
    """What was recorded cannot be transcribed, however often it is tried."""
