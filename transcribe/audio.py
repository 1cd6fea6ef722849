"""The microphones' sound of one window, from the write-once store, aligned on the hearing's timeline."""

import hashlib
from collections.abc import Sequence

import numpy as np

from hardware.segment_reader import read_pcm
from storage.db.models import Segment
from storage.worm.port import WormStore
from transcribe.errors import AlteredSound, UnusableSound
from transcribe.speech import SAMPLE_RATE, Pcm

LONGEST = 120
"""Seconds: four times the longest window that is cut. What claims more is no window, and would fill the memory."""


def window_sound(store: WormStore, segments: Sequence[Segment]) -> tuple[float, dict[str, Pcm]]:
    """Where the window begins on the hearing's timeline (seconds), and each track's mono 16 kHz sound from there on.

    What a track recorded later is preceded by silence. Raises AlteredSound if a stored object is not what was recorded,
    UnusableSound where the segments are no window, and what the store and the segment reader raise.
    """
    begin, end = min(_sample(one) for one in segments), max(one.end * SAMPLE_RATE // one.rate for one in segments)
    if end - begin > LONGEST * SAMPLE_RATE:
        raise UnusableSound(
            f"The part is said to last {(end - begin) // SAMPLE_RATE} seconds, which none does: the recorder that "
            "stated it is at fault."
        )
    return begin / SAMPLE_RATE, {one.track: np.pad(_pcm(store, one), (_sample(one) - begin, 0)) for one in segments}


def _sample(segment: Segment) -> int:
    return segment.start * SAMPLE_RATE // segment.rate


def _pcm(store: WormStore, segment: Segment) -> Pcm:
    content = store.read(segment.sha256)
    if hashlib.sha256(content).hexdigest() != segment.sha256:
        raise AlteredSound(
            f"The stored object {segment.sha256} ({segment.track}, segment {segment.sequence}) was altered: "
            "run `courtrec verify` and restore it."
        )
    return read_pcm(content, SAMPLE_RATE)[1]
