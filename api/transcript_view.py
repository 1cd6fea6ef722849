"""The transcript as its page shows it: what was said, noted and not recorded, in one order of time. Pure."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from api import schemas
from api.views import GapView
from storage.db.models import Window
from storage.db.work import ALTERED, NO_RECOGNISER, UNREADABLE, WORKER_DIED
from transcribe.language import rendered

UNSURE_BELOW = 0.5  # a word recognised with less probability is underlined
SAME_SPEAKER_WITHIN = 20.0  # seconds after which the speaker is named again
_FINISHED = ("done", "failed")
_TOLD = (ALTERED, UNREADABLE, WORKER_DIED)


@dataclass(frozen=True, slots=True)
class WordView:
    text: str
    start: float
    end: float
    unsure: bool
    percent: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the transcript, in order of time: `kind` is utterance, note or gap.

    `renders` is when what the interpreter renders began to be said, None for everybody else.
    """

    kind: str
    start: float
    end: float
    id: str = ""
    role: str = ""
    voice: int = 0
    speaker: str = ""
    text: str = ""
    same_speaker: bool = False
    flags: tuple[str, ...] = ()
    words: tuple[WordView, ...] = ()
    language: str = ""
    other_language: str = ""
    other_text: str = ""
    renders: float | None = None
    correction: schemas.CorrectionView | None = None
    template: str = ""
    cause: str = ""
    fault: bool = False


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """`reasons` and `failures` say why parts have no transcript, in the words of storage.db.work and in the program's
    own; `no_recogniser` that nothing here recognises the hearing's language; `came_later` that sound has arrived since
    which the text was made without.
    `version` changes whenever a reader would see something new."""

    entries: tuple[Entry, ...]
    complete: bool
    windows_done: int
    windows_total: int
    failures: tuple[str, ...] = ()
    no_recogniser: bool = False
    reasons: tuple[str, ...] = ()
    came_later: bool = False

    @property
    def count(self) -> int:
        return sum(entry.kind == "utterance" for entry in self.entries)

    @property
    def version(self) -> str:
        names = zlib.crc32("|".join(f"{one.id} {one.voice} {one.speaker}" for one in self.entries).encode())
        told = len(self.failures) + len(self.reasons) + self.no_recogniser + self.came_later
        return f"{len(self.entries)}-{self.windows_done}-{self.windows_total}-{int(self.complete)}-{told}-{names:x}"


def transcript_view(
    timeline: schemas.Timeline,
    gaps: Iterable[GapView],
    windows: Sequence[Window],
    ended: bool,
    came_later: bool = False,
) -> TranscriptView:
    """Utterances, notes, and breaks of every microphone, woven together by time."""
    heard = {one.track for one in timeline.tracks if one.kind == "audio" and not one.derived}
    said = sorted(timeline.utterances, key=lambda one: one.start)
    rendering, began = rendered(said), {one.id: one.start for one in said}
    entries = [
        *(_gap_entry(gap) for gap in gaps if heard <= {*gap.tracks}),
        *(Entry("note", note.at, note.at, template=note.template, text=note.text) for note in timeline.notes),
        *(_utterance_entry(one, began.get(rendering[one.id][0]) if one.id in rendering else None) for one in said),
    ]
    rank = {"gap": 0, "note": 1, "utterance": 2}
    entries.sort(key=lambda entry: (entry.start, rank[entry.kind]))
    failed = [one for one in windows if one.state == "failed"]
    done = sum(one.state in _FINISHED for one in windows)
    return TranscriptView(
        tuple(_mark_same_speaker(entries)),
        complete=ended and done == len(windows),
        windows_done=done,
        windows_total=len(windows),
        failures=tuple(
            dict.fromkeys(one.error for one in failed if one.error and one.reason not in (NO_RECOGNISER, *_TOLD))
        ),
        reasons=tuple(dict.fromkeys(one.reason for one in failed if one.reason in _TOLD)),
        no_recogniser=any(one.reason == NO_RECOGNISER for one in failed),
        came_later=came_later,
    )


def _utterance_entry(one: schemas.UtteranceView, renders: float | None) -> Entry:
    words = tuple(
        WordView(word.text.strip(), word.start, word.end, _unsure(one, word), round((word.probability or 0) * 100))
        for word in one.words
    )
    return Entry(
        "utterance",
        one.start,
        one.end,
        id=one.id,
        role=one.role,
        voice=one.voice,
        speaker=one.speaker,
        text=one.text,
        flags=tuple(one.flags),
        words=words,
        language=one.language,
        other_language=one.other_language,
        other_text=one.other_text,
        renders=renders,
        correction=one.correction,
    )


def _unsure(one: schemas.UtteranceView, word: schemas.Word) -> bool:
    """A word that a person wrote or confirmed is none."""
    return not one.vouched and word.probability is not None and word.probability < UNSURE_BELOW


def _gap_entry(gap: GapView) -> Entry:
    cause = "spare" if gap.spare else gap.cause
    return Entry("gap", gap.start, gap.end, cause=cause, fault=not (gap.declared or gap.spare))


def _mark_same_speaker(entries: Sequence[Entry]) -> Iterable[Entry]:
    """An utterance that goes on after the same person's last one does not name the speaker again."""
    before: Entry | None = None
    for entry in entries:
        goes_on = (
            before is not None
            and before.kind == entry.kind == "utterance"
            and (before.role, before.voice, before.speaker) == (entry.role, entry.voice, entry.speaker)
            and entry.start - before.end < SAME_SPEAKER_WITHIN
        )
        before = entry
        yield replace(entry, same_speaker=True) if goes_on else entry
