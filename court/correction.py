"""Corrections of a transcript: revisions that put lines in the place of lines, over what the machine made. Pure.

Words keep the times that the machine heard them at; those that a person wrote are spread over the hole they fill.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import accumulate

from court.catalogue import N_
from court.errors import InputError
from court.folding import folded
from court.lines import Line, Mark, Word, in_order

LONGEST = 4000
"""Characters of a line's text: minutes of speech; aligning more would take long."""
TOO_LONG = N_("A line has at most 4000 characters: split it first.")
NO_SUCH_PLACE = N_("A line is split between two of its words: put the cursor there.")
SAID_AT_ONCE = N_("These lines were said at the same time: they cannot be one.")


Span = tuple[int, int]
"""From when to when something was said, in milliseconds."""


class CorrectionError(InputError):
    """The line cannot be corrected like this."""


class Deed(StrEnum):
    TEXT = "text"
    SPEAKER = "speaker"
    SPLIT = "split"
    MERGE = "merge"
    CONFIRM = "confirm"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Revision:
    """Puts `after` in the place of `before`. Its number counts the revisions of a recording from 1."""

    number: int
    deed: Deed
    before: tuple[Line, ...]
    after: tuple[Line, ...]
    by: str
    at: datetime


def edited(line: Line, text: str) -> Line:
    """The line with another text, for which the person vouches; raises CorrectionError where it is too long."""
    tokens = written(text)
    return replace(line, text=" ".join(tokens), words=_timed(line, tokens), alternative={}, flags=(), vouched=True)


def written(text: str) -> list[str]:
    """The words of what a person wrote; raises CorrectionError where that is too long."""
    if len(text) > LONGEST:
        raise CorrectionError(TOO_LONG)
    return "".join(one if one.isprintable() else " " for one in text).split()


def confirmed(line: Line) -> Line:
    """The same words, for which a person vouches."""
    return replace(line, alternative={}, flags=(), vouched=True)


def spoken_by(line: Line, role: str, voice: str = "", speaker: str = "") -> Line:
    """The same words, said by somebody else: a voice print's person, or one with a name, or just a role."""
    return replace(line, role=role, voice=voice, speaker=speaker)


def split(line: Line, at: int) -> tuple[Line, Line]:
    """The first `at` words, and the rest; raises CorrectionError where one of the two would have none."""
    tokens = line.text.split()
    words = line.words if [one.text for one in line.words] == tokens else _timed(line, tokens)
    if not 0 < at < len(words):
        raise CorrectionError(NO_SUCH_PLACE)
    first, rest = words[:at], words[at:]
    return (
        replace(line, end_ms=max(line.start_ms, first[-1].end_ms), text=_text(first), words=first),
        replace(line, start_ms=rest[0].start_ms, text=_text(rest), words=rest),
    )


def merged(above: Line, below: Line) -> Line:
    """One line of two, said by whom the one above was; raises CorrectionError where they were said at once."""
    words = (*above.words, *below.words)
    starts = [one.start_ms for one in words]
    if above.start_ms > below.start_ms or above.end_ms > below.end_ms or starts != sorted(starts):
        raise CorrectionError(SAID_AT_ONCE)
    if len(above.text) + len(below.text) >= LONGEST:
        raise CorrectionError(TOO_LONG)
    return replace(
        above,
        end_ms=below.end_ms,
        text=f"{above.text} {below.text}".strip(),
        words=words,
        alternative=above.alternative if above.alternative == below.alternative else {},
        flags=tuple(dict.fromkeys((*above.flags, *below.flags))),
        vouched=above.vouched and below.vouched,
        origins=tuple(dict.fromkeys((*_origins(above), *_origins(below)))),
    )


def put(lines: Sequence[Line], key: str) -> tuple[Line, ...]:
    """New lines of one revision, under ids of their own; `key` is the revision's."""
    return tuple(replace(one, id=f"{key}.{n}", origins=_origins(one), mark=None) for n, one in enumerate(lines, 1))


def replay(machine: Sequence[Line], revisions: Sequence[Revision]) -> list[Line]:
    """What the revisions make of the machine's lines, in order of time.

    One whose lines are not there does nothing: another transcription has taken the place of what it corrected.
    """
    known = {one.id: one for one in machine}
    present = dict(known)
    for one in revisions:
        before = [line.id for line in one.before]
        if not before or not all(each in present for each in before):
            continue
        for each in before:
            del present[each]
        for line in one.after:
            if one.deed is not Deed.UNDO:
                known[line.id] = replace(line, mark=Mark(one.deed, one.by, one.at, machine_text(line, known)))
            elif line.id in known and known[line.id].mark is None:
                undone = Mark(one.deed, one.by, one.at, machine_text(line, known))
                known[line.id] = replace(known[line.id], mark=undone)
            if line.id in known:
                present[line.id] = known[line.id]
    return in_order([*present.values()], machine)


def history(line_id: str, revisions: Sequence[Revision]) -> list[Revision]:
    """What led to that line, from the machine's lines on, what was undone meanwhile and its undoing included."""
    found, ids = list[Revision](), {line_id}
    for one in reversed(revisions):
        after = {line.id for line in one.after}
        if after & ids:
            found.append(one)
            ids = ids - after | {line.id for line in one.before}
    return found[::-1]


def touched(span: Span, revisions: Sequence[Revision]) -> Span:
    """The span, wide enough that of each revision it has all lines, before and after, or none."""
    spans = [hull([(line.start_ms, line.end_ms) for line in (*one.before, *one.after)]) for one in revisions]
    while True:
        wide = hull([span, *(one for one in spans if one[0] <= span[1] and span[0] <= one[1])])
        if wide == span:
            return span
        span = wide


def hull(spans: Sequence[Span]) -> Span:
    """From the beginning of the first to the end of the last."""
    return min(start for start, _ in spans), max(end for _, end in spans)


def machine_text(line: Line, known: Mapping[str, Line]) -> str:
    """What the machine had made of the lines that this one was made of."""
    return " ".join(known[one].text for one in _origins(line) if one in known and known[one].text)


def became(line_id: str, revisions: Sequence[Revision]) -> tuple[list[str], Revision | None]:
    """The ids of the lines that stand in the place of that one now, and the last revision that put them there."""
    ids, last = [line_id], None
    for one in revisions:
        if any(before.id in ids for before in one.before):
            gone = {before.id for before in one.before}
            ids, last = [each for each in ids if each not in gone] + [after.id for after in one.after], one
    return ids, last


def _origins(line: Line) -> tuple[str, ...]:
    return line.origins or (line.id,)


def _text(words: Sequence[Word]) -> str:
    return " ".join(one.text for one in words)


def _timed(line: Line, tokens: Sequence[str]) -> tuple[Word, ...]:
    """The tokens with times: those that stay (but for case and punctuation) have their old ones."""
    old = line.words
    ours, theirs = [folded(one.text) or one.text for one in old], [folded(one) or one for one in tokens]
    most = min(len(ours), len(theirs))
    head = next((n for n in range(most) if ours[n] != theirs[n]), most)
    tail = next((n for n in range(most - head) if ours[-1 - n] != theirs[-1 - n]), most - head)
    middle = SequenceMatcher(None, ours[head : len(ours) - tail], theirs[head : len(theirs) - tail], autojunk=False)
    shifted = [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in middle.get_opcodes()]
    blocks = [("equal", 0, head, 0, head), *shifted]
    blocks.append(("equal", len(ours) - tail, len(ours), len(theirs) - tail, len(theirs)))
    made: list[Word] = []
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal":
            made += [_kept(one, token) for one, token in zip(old[i1:i2], tokens[j1:j2], strict=True)]
        else:
            made += _spread(tokens[j1:j2], *_hole(line, i1, i2))
    return tuple(made)


def _kept(word: Word, token: str) -> Word:
    return word if word.text == token else replace(word, text=token, probability=None)


def _hole(line: Line, first: int, end: int) -> tuple[int, int]:
    """The time of the words [first, end), or between their neighbours where there are none."""
    old = line.words
    following = old[end].start_ms if end < len(old) else line.end_ms
    if first < end:
        start, until = old[first].start_ms, old[end - 1].end_ms
    else:
        start, until = old[first - 1].end_ms if first else line.start_ms, following
    start = min(start, following)
    return start, max(start, min(until, following))


def _spread(tokens: Sequence[str], start: int, end: int) -> list[Word]:
    """Over [start, end] by their lengths."""
    reached = list(accumulate((len(one) for one in tokens), initial=0))
    at = [start + (end - start) * one // max(1, reached[-1]) for one in reached]
    return [Word(token, at[n], at[n + 1], None) for n, token in enumerate(tokens)]
