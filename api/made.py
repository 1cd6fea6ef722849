"""What people and programs made of a recording: do the tables of it say what the ledger says?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from court.clock import iso_utc
from court.retention import RetentionDeed
from protocol.revisions import document_sha256, stated_faults
from storage.db.lines import correction_body, line_of, revision_of
from storage.db.models import Utterance
from storage.db.remarks import step_body
from storage.db.unit_of_work import UnitOfWork
from storage.ledger import merkle
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.turns import FIRST_RUN
from transcribe.records import utterances_sha256

_PROTOCOLS = frozenset({LeafKind.DRAFT, LeafKind.PROTOCOL, LeafKind.SIGNATURE})
_Made = tuple[int, int, str, str, str]
"""One transcription of one window: its run, sequence, engine, model and parameters' key."""


def protocol_faults(uow: UnitOfWork, hearing_id: str, leaves: Mapping[int, SignedLeaf]) -> Iterator[str]:
    """Each revision against its entry, each entry against its revision, each signature against the log it covers."""
    stated = {index: leaf for index, leaf in leaves.items() if leaf.kind in _PROTOCOLS}
    signatures = {index: leaf for index, leaf in stated.items() if leaf.kind is LeafKind.SIGNATURE}
    for row in uow.protocols.of(hearing_id):
        name = f"Revision {row.revision} of the protocol of hearing {hearing_id} in the database"
        indices = [index for index in (row.draft_index, row.leaf_index) if index is not None]
        if not indices:
            yield f"{name} is stated by no entry of the log."
        for index in indices:
            leaf = stated.pop(index, None)
            if leaf is None or (leaf.kind is LeafKind.DRAFT) is not (index == row.draft_index):
                yield f"{name} is stated by no entry of the log, or is there twice."
            elif wrong := stated_faults(row, leaf):
                yield f"{name} is not the one that entry {index} of the log states: {', '.join(wrong)}."
    for index, leaf in stated.items():
        yield (
            f"Revision {leaf.body['revision']} of the protocol of hearing {hearing_id}, stated by entry {index} of "
            "the log, is missing from the database."
        )
    for index, leaf in signatures.items():
        if _root_at(uow, leaf.body["covers_size"]) != leaf.body["covers_root"]:
            yield f"The signature in entry {index} of the log was made over another log: its root is not that of ours."


def transcript_faults(uow: UnitOfWork, hearing_id: str, leaves: Mapping[int, SignedLeaf]) -> Iterator[str]:
    """Every utterance must belong to a transcription that an entry states, and be what was hashed there."""
    transcripts = {index: leaf for index, leaf in leaves.items() if leaf.kind is LeafKind.TRANSCRIPT}
    made: dict[_Made, list[Utterance]] = {_made_by(leaf): [] for leaf in transcripts.values()}
    strangers: dict[tuple[int, int], int] = {}
    for row in sorted(uow.utterances.of(hearing_id), key=lambda one: (one.position, one.id)):
        key = (row.run, row.sequence, row.engine, row.model, row.parameters_key)
        if key in made:
            made[key].append(row)
        else:
            strangers[row.run, row.sequence] = strangers.get((row.run, row.sequence), 0) + 1
    for index, leaf in transcripts.items():
        if utterances_sha256(made[_made_by(leaf)]) != leaf.body["utterances_sha256"]:
            yield (
                f"The transcript of {_window(*_made_by(leaf)[:2])} of hearing {hearing_id} in the database is not the "
                f"one that entry {index} of the log states: utterances were changed, added or removed."
            )
    for (run, sequence), count in sorted(strangers.items()):
        yield (
            f"The database has {count} utterance(s) in {_window(run, sequence)} of hearing {hearing_id} that no entry "
            "of the log states: they were added or moved there."
        )
    yield from _window_faults(uow, hearing_id, {_made_by(leaf)[:2] for leaf in transcripts.values()})


def _row_faults(
    stated: dict[int, SignedLeaf], leaf_index: int, body: Mapping[str, Any], at: datetime, name: str
) -> Iterator[str]:
    """What is wrong with a row against its entry, which is taken from those still `stated`."""
    leaf = stated.pop(leaf_index, None)
    if leaf is None:
        yield f"{name} is stated by no entry of the log, or is there twice."
    elif body != leaf.body or iso_utc(at) != leaf.at:
        yield f"{name} is not the one that entry {leaf_index} of the log states: it was changed."


def correction_faults(uow: UnitOfWork, hearing_id: str, leaves: Mapping[int, SignedLeaf]) -> Iterator[str]:
    """Each correction against its entry, and what it says was there before against what was."""
    stated = {index: leaf for index, leaf in leaves.items() if leaf.kind is LeafKind.CORRECTION}
    known = {one.id: one for one in map(line_of, uow.utterances.of(hearing_id))}
    for row in uow.lines.corrections(hearing_id):
        name = f"Correction {row.number} of the transcript of hearing {hearing_id} in the database"
        yield from _row_faults(stated, row.leaf_index, correction_body(row), row.at, name)
        revision = revision_of(row)
        if any(known.get(one.id) != one for one in revision.before):
            yield f"{name} does not rest on the lines that were there: utterances or corrections were exchanged."
        known |= {one.id: one for one in revision.after}
    for index, leaf in stated.items():
        yield (
            f"Correction {leaf.body['revision']} of the transcript of hearing {hearing_id}, stated by entry {index} of "
            "the log, is missing from the database."
        )


def remark_faults(uow: UnitOfWork, hearing_id: str, leaves: Mapping[int, SignedLeaf]) -> Iterator[str]:
    """Each step of a remark against its entry."""
    stated = {index: leaf for index, leaf in leaves.items() if leaf.kind is LeafKind.REMARK}
    for row in uow.remarks.steps(hearing_id):
        name = f"Step {row.number} of the remarks on hearing {hearing_id} in the database"
        yield from _row_faults(stated, row.leaf_index, step_body(row), row.at, name)
    for index, leaf in stated.items():
        yield (
            f"Step {leaf.body['number']} of the remarks on hearing {hearing_id}, stated by entry {index} of the log, "
            "is missing from the database."
        )


def act_faults(uow: UnitOfWork, hearing_id: str, leaves: Iterable[SignedLeaf]) -> Iterator[str]:
    """Each proposal to destroy the hearing against the act's row."""
    for act, digest in _proposals(leaves).items():
        row = uow.acts.get(act)
        if row is None:
            yield f"Act {act}, by which hearing {hearing_id} was to be destroyed, is missing from the database."
        elif document_sha256(row.document) != digest:
            yield f"Act {act} on hearing {hearing_id} is not the one that the log states: the database was changed."


def unstated_acts(uow: UnitOfWork) -> Iterator[str]:
    """Acts in the database that some hearing they name knows nothing of."""
    for row in uow.acts.all():
        for hearing_id in (part["hearing"] for part in row.document["hearings"]):
            entries = uow.acts.entries(hearing_id, LeafKind.RETENTION)
            if row.id not in _proposals(parse(entry) for entry in entries):
                yield f"The database lists an act {row.id} on hearing {hearing_id} that no entry of the log states."


def _proposals(leaves: Iterable[SignedLeaf]) -> dict[str, str]:
    """The document's hash by act."""
    return {
        leaf.body["act"]: leaf.body["document_sha256"]
        for leaf in leaves
        if leaf.kind is LeafKind.RETENTION and leaf.body["deed"] == RetentionDeed.PROPOSE
    }


def _window_faults(uow: UnitOfWork, hearing_id: str, transcribed: set[tuple[int, int]]) -> Iterator[str]:
    done = {(window.run, window.sequence) for window in uow.windows.of(hearing_id) if window.state == "done"}
    for run, sequence in sorted(transcribed - done):
        yield (
            f"{_window(run, sequence).capitalize()} of hearing {hearing_id} was transcribed, but the database says "
            "that it was not."
        )
    for run, sequence in sorted(done - transcribed):
        yield (
            f"{_window(run, sequence).capitalize()} of hearing {hearing_id} counts as transcribed, but no entry of "
            "the log states it."
        )


def _window(run: int, sequence: int) -> str:
    return f"window {sequence}" + (f" in version {run} of the transcript" if run > FIRST_RUN else "")


def _made_by(leaf: SignedLeaf) -> _Made:
    body = leaf.body
    key = body["engine"], body["model_sha256"], body["parameters_key"]
    return body.get("run", FIRST_RUN), body["sequence"], *key


def _root_at(uow: UnitOfWork, size: int) -> str:
    """The root (hex) of the log's first `size` entries, empty if it never was that long."""
    try:
        return merkle.root_at(size, uow.log.node).hex()
    except KeyError:
        return ""
