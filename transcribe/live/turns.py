"""Where live utterances begin and end. Pure; all times in seconds on the hearing's timeline."""

from collections.abc import Mapping
from dataclasses import dataclass

BEGINS = 0.18
"""So much speech in a row begins an utterance; less is a cough or a chair."""
LEAD = 0.3
"""What is taken along before it: soft consonants."""
RESTS = 0.09
"""After so long without speech it may have ended: worth recognising at once."""
ENDS = 0.45
"""After so long it has."""
LONG, LONGEST = 7.0, 14.0
"""From LONG on it is cut at any rest, at LONGEST in any case."""


@dataclass(slots=True)
class Turn:
    """One utterance at one microphone: [start, last] with speech."""

    id: int
    track: str
    start: float
    last: float
    ended: bool = False
    resting: bool = False


class Turns:
    """The utterances of a room; `hear` is called for every hop."""

    def __init__(self, first: int = 0) -> None:
        """`first` is the id of the first one."""
        self._next = first
        self._open: dict[str, Turn] = {}
        self._since: dict[str, float] = {}

    @property
    def next_id(self) -> int:
        return self._next

    def hear(self, start: float, end: float, speaking: Mapping[str, bool]) -> list[Turn]:
        """Whose microphones are spoken into in [start, end); returns the utterances that began."""
        begun = []
        for track, speaks in speaking.items():
            turn = self._open.get(track)
            if turn is None:
                began = self._begin(track, start, end, speaks)
                begun += [began] if began else []
                continue
            if speaks:
                turn.last = end
            turn.resting = end - turn.last >= RESTS - 1e-6
            length, silence = end - turn.start, end - turn.last
            if silence >= ENDS or (turn.resting and length >= LONG) or length >= LONGEST:
                self._end(track)
        return begun

    def end_all(self) -> None:
        """A break, or the hearing's end."""
        for track in [*self._open]:
            self._end(track)
        self._since.clear()

    def _begin(self, track: str, start: float, end: float, speaks: bool) -> Turn | None:
        if not speaks:
            self._since.pop(track, None)
            return None
        since = self._since.setdefault(track, start)
        if end - since < BEGINS:
            return None
        del self._since[track]
        turn = self._open[track] = Turn(self._next, track, max(0.0, since - LEAD), end)
        self._next += 1
        return turn

    def _end(self, track: str) -> None:
        turn = self._open.pop(track)
        turn.ended = turn.resting = True
