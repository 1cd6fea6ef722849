"""Work on recordings: utterances, protocols, and the outbox."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, false, func, or_, select, update
from sqlalchemy.orm import Session, aliased, defer

from court.correction import Span
from court.hearing import DRAFTED, UNSIGNED, HearingState
from storage.db.decisions import DECISIONS
from storage.db.models import Correction, Hearing, LogEntry, OutboxRow, Protocol, TranscriptRun, Utterance, Window
from storage.db.runs import Runs
from storage.db.search import Search
from storage.ledger.leaf import LeafKind, body_of
from storage.turns import FIRST_RUN

DRAFT = "protocol.draft"  # the task's name in the outbox
CERTIFIED_BY = "secretary"  # as what the first of two signs a protocol (Protocol.role)
# Why a window was given up, in a word (Window.reason).
NO_RECOGNISER = "no_recogniser"  # nothing at this court recognises the hearing's language
WORKER_DIED = "worker_died"  # at every attempt, before it could say why
UNREADABLE = "unreadable"  # what was recorded is no sound of ours
ALTERED = "altered"  # the store does not give what was recorded
MAX_ATTEMPTS = 5
_NO_DOCUMENTS = defer(Protocol.document, raiseload=True)
_SEQUENCE = re.compile(rb'"sequence":(\d+)')
CORRECTED_FOR = timedelta(minutes=1)
"""A draft is drawn up anew once nobody corrected the transcript for so long: each is a stored document."""


class Utterances:
    """What the machine made of what was said, inside one transaction; Lines has the corrections over it."""

    def __init__(self, session: Session, runs: Runs, search: Search) -> None:
        self._session = session
        self._runs = runs
        self._search = search

    def of(self, hearing_id: str) -> Sequence[Utterance]:
        """Of all runs, in order of time."""
        query = select(Utterance).where(Utterance.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(Utterance.start_ms, Utterance.id)).all()

    def newest(
        self, hearing_id: str, run: int | None = None, within: Sequence[Span] | None = None
    ) -> Sequence[Utterance]:
        """What the newest transcription of each window found, in order of time; the ledger tells which that is.

        Of `run`, or of the one that is shown; only what was said `within` some spans.
        """
        run = self._runs.shown(hearing_id) if run is None else run
        query = select(Utterance).where(Utterance.hearing_id == hearing_id, Utterance.run == run)
        if within is not None:
            said = [and_(Utterance.start_ms <= end, Utterance.end_ms >= start) for start, end in within]
            query = query.where(or_(false(), *said))
        rows = self._session.scalars(query.order_by(Utterance.start_ms, Utterance.id)).all()
        newest = {
            one["sequence"]: (one["engine"], one["model_sha256"], one["parameters_key"])
            for one in self.transcripts(hearing_id, None if within is None else {row.sequence for row in rows})
            if one.get("run", FIRST_RUN) == run
        }
        return [row for row in rows if (row.engine, row.model, row.parameters_key) == newest.get(row.sequence)]

    def transcripts(self, hearing_id: str, sequences: Collection[int] | None = None) -> list[Mapping[str, Any]]:
        """What the log's transcript entries state of the hearing or of some windows, of all runs, in order."""
        stated = select(LogEntry.entry).where(
            LogEntry.hearing_id == hearing_id, LogEntry.kind == LeafKind.TRANSCRIPT.value
        )
        entries = self._session.scalars(stated.order_by(LogEntry.index))
        if sequences is None:
            return [body_of(entry) for entry in entries]
        # To parse an entry costs more than all else, so those of other windows are known by their bytes.
        named = {str(one).encode() for one in sequences}
        bodies = [body_of(entry) for entry in entries if not named.isdisjoint(_SEQUENCE.findall(entry))]
        return [one for one in bodies if one["sequence"] in sequences]

    def models(self, hearing_id: str, run: int) -> list[tuple[str, str]]:
        """Name and SHA-256 of each model that made text of the run: the hearing's own, and those of other languages
        where such were heard. A window in which nothing was said names the hearing's own."""
        rows = self._session.execute(
            select(Utterance.sequence, Utterance.language, Utterance.alternative).where(
                Utterance.hearing_id == hearing_id, Utterance.run == run
            )
        )
        heard: dict[int, dict[str, None]] = {}
        for sequence, language, alternative in rows:
            other = (alternative or {}).get("language", language)
            heard.setdefault(sequence, {}).update({language: None, other: None})
        stated = [one for one in self.transcripts(hearing_id) if one.get("run", FIRST_RUN) == run]
        served = [_served(body, one) for body in stated for one in heard.get(body["sequence"], {"": None})]
        return [one for one in dict.fromkeys(served) if one[0]]

    def hotwords_told(self, hearing_id: str, run: int) -> bool:
        """Whether a recogniser that made the run's text was told words beforehand, as the case card's names."""
        stated = [one for one in self.transcripts(hearing_id) if one.get("run", FIRST_RUN) == run]
        return any(name.endswith("hotwords_sha256") for body in stated for name in body.get("parameters", ()))

    def add_all(self, rows: Iterable[Utterance]) -> None:
        """Stores the utterances that are not there yet: repeating a task changes nothing."""
        for row in rows:
            row.run = row.run or FIRST_RUN
            known = select(Utterance.id).where(
                Utterance.hearing_id == row.hearing_id,
                Utterance.run == row.run,
                Utterance.segment_sha256 == row.segment_sha256,
                Utterance.track == row.track,
                Utterance.engine == row.engine,
                Utterance.parameters_key == row.parameters_key,
                Utterance.position == row.position,
            )
            if self._session.scalars(known).first() is None:
                self._session.add(row)
                self._session.flush()
                self._search.add(row.hearing_id, [(str(row.id), row.text)])


def _served(body: Mapping[str, Any], language: str) -> tuple[str, str]:
    """The model that a transcript entry says served the language; '' where none could."""
    parameters = body.get("parameters", {})
    name = parameters.get(f"engine_{language}")
    if name is None:
        return body["engine"], body["model_sha256"]
    return name, parameters.get(f"engine_{language}_sha256", "")


class Protocols:
    """Revisions of protocols, inside one transaction."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session = session
        self._runs = runs

    def of(self, hearing_id: str, *, documents: bool = False) -> Sequence[Protocol]:
        """All revisions, in order; their documents, of which each may be long, only where they are asked for."""
        query = select(Protocol).where(Protocol.hearing_id == hearing_id).order_by(Protocol.revision)
        return self._session.scalars(query if documents else query.options(_NO_DOCUMENTS)).all()

    def revision(self, hearing_id: str, number: int) -> Protocol | None:
        query = select(Protocol).where(Protocol.hearing_id == hearing_id, Protocol.revision == number)
        return self._session.scalars(query).first()

    def levels(self, hearing_id: str | None) -> dict[str, int]:
        """How many signatures of which PAdES level the protocols bear, of one hearing or of all."""
        query = select(Protocol.level, func.count()).where(Protocol.level != "").group_by(Protocol.level)
        if hearing_id:
            query = query.where(Protocol.hearing_id == hearing_id)
        return {row[0]: row[1] for row in self._session.execute(query.order_by(Protocol.level))}

    def latest(self, hearing_id: str, state: str = "") -> Protocol | None:
        """The newest revision; with `state` the newest of those."""
        query = select(Protocol).where(Protocol.hearing_id == hearing_id)
        if state:
            query = query.where(Protocol.state == state)
        return self._session.scalars(query.order_by(Protocol.revision.desc()).limit(1)).first()

    def overdue(self, now: datetime, waiting: timedelta) -> list[str]:
        """Hearings with nothing left to transcribe whose draft is missing, or rests on another version of the
        transcript than is shown now, or lacks corrections of a while ago; offered last before `waiting` ago.

        After MAX_ATTEMPTS offers a hearing is left alone: something is wrong that a person must see.
        """
        corrected = self._corrected(now)
        waiting_for = {**self._undrafted(), **self._drafted_before(), **corrected}
        offers = select(OutboxRow.created_at, OutboxRow.args).where(OutboxRow.task == DRAFT)
        made = self._session.execute(offers).all() if waiting_for else []
        return [
            hearing_id
            for hearing_id, since in waiting_for.items()
            if len(times := [at for at, args in made if args == [hearing_id] and at >= since]) < MAX_ATTEMPTS
            and (max(times) < now - waiting if times else hearing_id in corrected)
        ]

    def _corrected(self, now: datetime) -> dict[str, datetime]:
        """Since when offers count, of drafts that lack corrections or decisions: none is offered at each of these, but
        once nobody corrected or decided anything for CORRECTED_FOR."""
        recording, drafts = aliased(Hearing), Hearing.state.in_(DRAFTED)
        corrected = select(Hearing.id, Correction.at).join(
            recording, or_(recording.id == Hearing.id, recording.spare_of == Hearing.id)
        )
        corrected = corrected.join(Correction, Correction.hearing_id == recording.id).where(drafts)
        decided = select(Hearing.id, LogEntry.at).join(LogEntry, LogEntry.hearing_id == Hearing.id)
        changed = corrected.union_all(decided.where(drafts, LogEntry.kind.in_(DECISIONS))).subquery()
        latest = func.max(changed.c.at)
        query = select(changed.c.id, latest).group_by(changed.c.id).having(latest < now - CORRECTED_FOR)
        found = {}
        for hearing_id, at in self._session.execute(query):
            drafted = self.latest(hearing_id)
            if drafted is not None and self._runs.corrections(hearing_id, drafted.run) != drafted.corrections:
                found[hearing_id] = at
        return found

    def _undrafted(self) -> dict[str, datetime]:
        """Since when offers count, by hearing."""
        ended = self._session.scalars(
            select(Hearing.id)
            .where(Hearing.state == "ended", ~exists().where(Protocol.hearing_id == Hearing.id))
            .where(
                ~exists().where(
                    Window.hearing_id == Hearing.id,
                    Window.run == FIRST_RUN,
                    Window.state.in_(("pending", "claimed")),
                )
            )
        )
        return dict.fromkeys(ended, datetime.min.replace(tzinfo=UTC))

    def _drafted_before(self) -> dict[str, datetime]:
        several = exists().where(TranscriptRun.hearing_id == Hearing.id)
        found = {}
        for hearing_id in self._session.scalars(select(Hearing.id).where(Hearing.state.in_(DRAFTED), several)):
            latest = self.latest(hearing_id)
            if latest is not None and latest.run != self._runs.shown(hearing_id):
                found[hearing_id] = latest.created_at
        return found

    def by_hash(self, sha256: str) -> Protocol | None:
        return self._session.scalars(select(Protocol).where(Protocol.sha256 == sha256)).first()

    def outstanding(self, signed_after: datetime, also: Collection[str]) -> list[tuple[Hearing, list[Protocol]]]:
        """Hearings that wait for their protocol or for the judge's signature on it, that had it signed of late, and
        those in `also`, oldest first; each with the revisions of its protocol in order, without their documents."""
        own, later = exists().where(Protocol.hearing_id == Hearing.id), aliased(Protocol)
        superseded = exists().where(later.hearing_id == Protocol.hearing_id, later.revision > Protocol.revision)
        waits = or_(
            Hearing.state.in_(UNSIGNED),
            own.where(Protocol.signed_at > signed_after),
            own.where(Protocol.role == CERTIFIED_BY, ~superseded),
            Hearing.id.in_(also),
        )
        waits = and_(Hearing.state.in_(UNSIGNED | {HearingState.SIGNED}), waits, or_(Hearing.spare_of.is_(None), own))
        found = self._session.scalars(select(Hearing).where(waits).order_by(Hearing.started_at, Hearing.id)).all()
        revisions: dict[str, list[Protocol]] = {one.id: [] for one in found}
        query = select(Protocol).where(Protocol.hearing_id.in_(select(Hearing.id).where(waits)))
        for row in self._session.scalars(query.options(_NO_DOCUMENTS).order_by(Protocol.revision)):
            revisions[row.hearing_id].append(row)
        return [(one, revisions[one.id]) for one in found]

    def rests_on(self, row: Protocol, run: int, corrections: int, edits: int) -> None:
        """That version of the transcript, with so many corrections, and so many edits give the same document."""
        values = {"run": run, "corrections": corrections, "edits": edits}
        self._session.execute(update(Protocol).where(Protocol.id == row.id).values(values))

    def add(self, row: Protocol) -> None:
        self._session.add(row)


class Outbox:
    """Tasks to be sent after the commit. `added` tells whether this transaction put any in."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.added = False

    def put(self, task: str, args: list[Any], now: datetime) -> None:
        self._session.add(OutboxRow(task=task, args=args, created_at=now))
        self.added = True

    def again(self, task: str, args: list[Any], now: datetime) -> None:
        """Promises a task anew, as if it never had been: its earlier promises no longer count."""
        for row in self._session.scalars(select(OutboxRow).where(OutboxRow.task == task)):
            if row.args == args:
                self._session.delete(row)
        self.put(task, args, now)

    def renew(self, task: str, now: datetime) -> None:
        """Promises a task without arguments again and forgets its kept promises; one that waits is enough."""
        waiting = select(OutboxRow.id).where(OutboxRow.task == task, OutboxRow.sent_at.is_(None))
        if self._session.scalars(waiting).first() is None:
            self._session.execute(delete(OutboxRow).where(OutboxRow.task == task))
            self.put(task, [], now)

    def forget_sent(self, before: datetime) -> None:
        """Removes what was sent earlier; but of each task the newest stays, for `newest`, and drafts that a hearing
        still lacks, for `Protocols.overdue`, which counts them."""
        newest = select(func.max(OutboxRow.id)).group_by(OutboxRow.task).scalar_subquery()
        sent = OutboxRow.sent_at < before
        self._session.execute(
            delete(OutboxRow)
            .where(sent, OutboxRow.task != DRAFT, OutboxRow.id.not_in(newest))
            .execution_options(synchronize_session=False)
        )
        drafted = set(self._session.scalars(select(Protocol.hearing_id).distinct()))
        for row in self._session.scalars(select(OutboxRow).where(sent, OutboxRow.task == DRAFT)):
            if row.args[0] in drafted:
                self._session.delete(row)

    def newest(self, task: str) -> OutboxRow | None:
        """The promise of `task` made last."""
        query = select(OutboxRow).where(OutboxRow.task == task).order_by(OutboxRow.id.desc())
        return self._session.scalars(query.limit(1)).first()

    def waiting(self, task: str) -> int:
        """How many promises of `task` were not sent yet."""
        query = select(func.count()).where(OutboxRow.task == task, OutboxRow.sent_at.is_(None))
        return self._session.scalar(query) or 0

    def unsent(self) -> Sequence[OutboxRow]:
        """Oldest first, locked so that two dispatchers send different rows."""
        query = select(OutboxRow).where(OutboxRow.sent_at.is_(None)).order_by(OutboxRow.id).limit(100)
        return self._session.scalars(query.with_for_update(skip_locked=True)).all()
