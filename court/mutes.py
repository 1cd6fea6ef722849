"""Microphones that the secretary declared muted: when they were, from the declarations in their order."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MuteSpan:
    """[start, end) seconds on the hearing's timeline; `end` None: it was not ended."""

    track: str
    start: float
    end: float | None


def mute_spans(declared: Iterable[tuple[str, float, bool]]) -> list[MuteSpan]:
    """From (track, second, muted); what only repeats says nothing new."""
    open_since: dict[str, float] = {}
    spans = []
    for track, at, muted in declared:
        if muted:
            open_since.setdefault(track, at)
        elif track in open_since:
            spans.append(MuteSpan(track, open_since.pop(track), at))
    spans += [MuteSpan(track, start, None) for track, start in open_since.items()]
    return sorted(spans, key=lambda one: (one.start, one.track))
