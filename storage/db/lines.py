"""The lines of a transcript as they are now: what the machine made, with the corrections over it."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from court.clock import iso_utc
from court.correction import Deed, Revision, Span, hull, put, replay, touched
from court.lines import Line, Word
from storage.db.models import Correction, Utterance
from storage.db.runs import Runs
from storage.db.search import Search
from storage.db.work import Utterances

MOST_SPANS = 50
"""What lies in more is read in one piece."""
_DIGITS = 19  # what a database takes for a whole number


class Lines:
    """Lines and their corrections inside one transaction."""

    def __init__(self, session: Session, utterances: Utterances, runs: Runs, search: Search) -> None:
        self._session = session
        self._utterances = utterances
        self._runs = runs
        self._search = search

    def of(self, recording: str, run: int | None = None, within: Sequence[Span] | None = None) -> list[Line]:
        """In order of time, of `run` or of the version that is shown.

        Those that were said `within` some spans, and perhaps some around; the rest is not read.
        """
        run = self._runs.shown(recording) if run is None else run
        revisions = self.revisions(recording, run)
        wide = None if within is None else [touched(one, revisions) for one in within]
        machine = [line_of(row) for row in self._utterances.newest(recording, run, wide)]
        return replay(machine, revisions)

    def spans(self, recording: str, lines: Collection[str], run: int | None = None) -> list[Span]:
        """When these lines were said, whether they still stand or not; of those there are."""
        run = self._runs.shown(recording) if run is None else run
        machine = [int(one) for one in lines if one.isdecimal() and len(one) < _DIGITS]
        query = select(Utterance.start_ms, Utterance.end_ms).where(
            Utterance.hearing_id == recording, Utterance.run == run, Utterance.id.in_(machine)
        )
        found = [(start, end) for start, end in self._session.execute(query)]
        corrected = {one for one in lines if not one.isdecimal()}
        for one in self.revisions(recording, run) if corrected else ():
            found += [(line.start_ms, line.end_ms) for line in one.after if line.id in corrected]
        return found if len(found) <= MOST_SPANS else [hull(found)]

    def corrections(self, recording: str, run: int | None = None) -> Sequence[Correction]:
        """In order; of one run, or of all."""
        query = select(Correction).where(Correction.hearing_id == recording).order_by(Correction.number)
        return self._session.scalars(query if run is None else query.where(Correction.run == run)).all()

    def revisions(self, recording: str, run: int) -> list[Revision]:
        return [revision_of(row) for row in self.corrections(recording, run)]

    def by_key(self, recording: str, key: str) -> Correction | None:
        """The correction that was asked for under that key."""
        query = select(Correction).where(Correction.hearing_id == recording, Correction.key == key)
        return self._session.scalars(query).first()

    def made(
        self, recording: str, run: int, *, key: str, deed: Deed, before: Iterable[Line], after: Iterable[Line],
        by: str, at: datetime,
    ) -> Correction:  # fmt: skip
        """A correction that is to be stated in the log and then added; its lines get their ids here."""
        lines = tuple(after) if deed is Deed.UNDO else put(tuple(after), key)
        newest = select(func.max(Correction.number)).where(Correction.hearing_id == recording)
        return Correction(
            hearing_id=recording,
            run=run,
            number=(self._session.scalar(newest) or 0) + 1,
            key=key,
            deed=deed.value,
            before=[one.as_fields() for one in before],
            after=[one.as_fields() for one in lines],
            by=by,
            at=at,
        )

    def add(self, row: Correction) -> None:
        """Adds it, and has its lines found instead of those before."""
        self._session.add(row)
        self._search.forget(row.hearing_id, [one["id"] for one in row.before])
        self._search.add(row.hearing_id, [(one["id"], one["text"]) for one in row.after])


def line_of(row: Utterance) -> Line:
    """What the machine made; its id is the row's."""
    return Line(
        id=str(row.id),
        track=row.track,
        role=row.role,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        text=row.text,
        words=tuple(Word(**one) for one in row.words),
        language=row.language,
        alternative=row.alternative or {},
        flags=tuple(row.flags),
        voice=row.voice,
    )


def revision_of(row: Correction) -> Revision:
    before, after = (tuple(map(Line.parse, lines)) for lines in (row.before, row.after))
    return Revision(row.number, Deed(row.deed), before, after, row.by, row.at)


def correction_body(row: Correction) -> dict[str, Any]:
    """What the log states of a correction: never the text, which may be closed, but its hash.

    The key is under the hash as well. It is random, so nobody finds out a short text by trying.
    """
    content: Any = {"key": row.key, "before": row.before, "after": row.after, "at": iso_utc(row.at)}
    digest = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    return {"run": row.run, "revision": row.number, "deed": row.deed, "by": row.by, "correction_sha256": digest}
