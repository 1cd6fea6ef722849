"""How much Whisper encodes of what it hears. Pure.

Whisper learnt on windows of 30 s, and faster-whisper encodes so much however little is said: most of a short window's
cost, since the decoder looks at all of it for every token as well. The model also takes less, if some silence follows.
"""

import math
from collections.abc import Sequence

from transcribe.engines.port import EngineSegment
from transcribe.guard import SPEECHLESS_TOO
from transcribe.speech import SAMPLE_RATE

WINDOW = 30.0
"""Seconds that Whisper encodes at most."""
LEAST = 15.0
"""Seconds that are encoded at least; of less the model makes loops."""
AFTER = 5.0
"""Seconds of silence behind what is said, as far as the window reaches."""
REST = 1.0
"""Seconds of sound without words behind the last one, of which more means that the model stopped too early."""
TOKENS_PER_SECOND = 10
"""More than anybody says for long, in any language; what goes on beyond that repeats itself."""


def encoded_samples(sounds: Sequence[int]) -> int:
    """Samples, at SAMPLE_RATE, to encode of each of several sounds that are encoded together, of so many samples."""
    seconds = max(sounds) / SAMPLE_RATE + AFTER
    return round(min(max(math.ceil(seconds), LEAST), WINDOW) * SAMPLE_RATE)


def most_tokens(samples: int) -> int:
    """Tokens that the text of so many samples can have."""
    return round(12 + TOKENS_PER_SECOND * samples / SAMPLE_RATE)


def unsaid_from(found: EngineSegment, seconds: float) -> float | None:
    """From when on `seconds` of sound in which this was found are to be recognised once more; None if its words end as
    the sound does, if there are none, or if it is doubtful that anybody speaks."""
    last = found.words[-1].end if found.words and found.no_speech <= SPEECHLESS_TOO else seconds
    return last if seconds - last > REST else None
