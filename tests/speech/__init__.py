"""Real human speech with exact text, for tests and the bench: where it comes from, and rooms composed of it.

Nothing of it is in this repository: it is read from Debian packages and from a pinned package of the Python index.
"""

from tests.speech.clip import Clip, Speech, SpeechMissing
from tests.speech.composite import Composite, Line, Utterance, compose
from tests.speech.sources import asterisk_ru, festvox_named, festvox_ru, pyannote_sample

__all__ = [
    "Clip",
    "Composite",
    "Line",
    "Speech",
    "SpeechMissing",
    "Utterance",
    "asterisk_ru",
    "compose",
    "festvox_named",
    "festvox_ru",
    "pyannote_sample",
]
