"""Making the copies that were ordered, as the worker does it; each is stated in the log."""

import errno
import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from celery import Celery

from api import copy_content
from api.context import Context
from api.copy_clearing import clear_copies
from api.copy_content import Opened
from api.export import Order, export
from api.gate import existing_hearing, require_kept
from api.home import Home
from api.i18n import words
from api.reading import SAMPLES_PER_SECOND
from api.web.render import court_zone
from court.card import HearingCard
from court.catalogue import N_
from court.errors import CourtError
from court.one_line import one_line
from hardware.devices import VIDEO_RATE, Pcm
from protocol.copies import notice, streams
from protocol.copies.captions import webvtt
from protocol.copies.render import Film, Stream, render
from protocol.copies.spans import open_ticks
from protocol.copies.wording import CopyFacts, absent_lines, card_lines, mark_text, readme
from protocol.errors import CopyError
from storage import durable
from storage.db.copies import FAILED, MOST_ATTEMPTS, ORDERED, READY
from storage.db.models import Copy, Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.lane import Lane
from storage.ledger.checkpoint import verifier_key
from storage.offline_copy import PROOF
from storage.queue import CLEAR_COPIES, MAKE_COPY, register_task
from storage.verifier_archive import NAME as VERIFIER
from storage.verifier_archive import verifier_archive
from storage.worm.port import read_object

RECORDING, TRANSCRIPT, PROTOCOL, README = "recording.mp4", "transcript.vtt", "protocol.pdf", "README.txt"
_NAMES = {
    "recording": RECORDING, "transcript": TRANSCRIPT, "protocol": PROTOCOL, "proof": PROOF, "verifier": VERIFIER,
}  # fmt: skip
GIVEN_UP = N_("The program was ended at every attempt to make this copy: order it again.")
CLOSED_MEANWHILE = N_("The court closed a part of the hearing while the copy was made: order it again.")
DISK_FULL = N_("The disk is full: make room, then order the copy again.")
_CHUNK = 1 << 20
_ISO_639_2 = {"ru": "rus", "ky": "kir", "kk": "kaz", "en": "eng"}

_log = structlog.get_logger(__name__)


def register(app: Celery, context: Context) -> None:
    """Makes `app` serve the tasks copies.make(number), on a lane of its own, and copies.clear()."""
    lane = Lane("copies")

    def copy_task(number: int) -> None:
        lane.put(partial(make_copy, context, number))

    def clear_task() -> None:
        clear_copies(context)

    register_task(app, MAKE_COPY, copy_task)
    register_task(app, CLEAR_COPIES, clear_task)


def make_copy(context: Context, number: int) -> None:
    """Makes an ordered copy, once however often it is asked for; what prevents it stands in its row, as a sentence."""
    folder = durable.make_folder(Home(context.settings.home).copies)
    with durable.sole_holder(folder / f"{number}.lock") as alone:
        if not alone:
            return
        with context.database.begin() as uow:
            row = uow.copies.get(number)
            if row is None or row.state != ORDERED:
                return
            row.attempts += 1
            if row.attempts > MOST_ATTEMPTS:
                row.state, row.reason = FAILED, GIVEN_UP
                return
        durable.sweep(folder)
        try:
            made = _make(context, row, folder)
        except (CourtError, OSError) as error:
            _log.warning("copy_failed", number=number, error=str(error))
            with context.database.begin() as uow:
                failed = uow.copies.get(number)
                if failed is not None:
                    failed.state, failed.reason = FAILED, _sentence(error)
            return
        with context.database.begin() as uow:
            ready = uow.copies.get(number)
            if ready is not None:
                ready.state, ready.made_at, ready.spans = READY, context.clock.now().utc, made.spans
                ready.sha256, ready.size, ready.leaf_index = made.sha256, made.size, made.leaf
                ready.file_name = made.file_name
        (folder / f"{number}.lock").unlink(missing_ok=True)
        _log.info("copy_made", number=number, sha256=made.sha256)


@dataclass(frozen=True, slots=True)
class _Made:
    sha256: str
    size: int
    leaf: int
    spans: list[list[int]]
    file_name: str


def _make(context: Context, row: Copy, folder: Path) -> _Made:
    path = folder / f"{row.id}.zip"
    path.unlink(missing_ok=True)  # of an attempt that ended between file and row
    with _folder(folder / f"{row.id}.making") as here:
        with context.database.read() as uow:
            hearing = existing_hearing(uow, row.hearing_id)
            require_kept(hearing)
            parts = copy_content.opened(uow, hearing)
            facts = _facts(context, row, hearing)
            film = _film(context, uow, row, hearing, parts, facts)
            signed = copy_content.signed_protocol(uow, hearing, parts)
            paper = read_object(context.store, signed.sha256) if signed is not None and signed.sha256 else None
        render(film, here / RECORDING)
        note = mark_text(facts)
        (here / TRANSCRIPT).write_text(webvtt(film.cues, notice.LEAD_SECONDS, note), "utf-8")
        if paper is not None:
            (here / PROTOCOL).write_bytes(paper)
        (here / VERIFIER).write_bytes(verifier_archive())
        names = {what: name for what, name in _NAMES.items() if what != "protocol" or paper is not None}
        key = verifier_key(context.settings.log_origin, context.log_keys.key.public)
        (here / README).write_text(readme(facts, names, key, context.settings.site, heard=bool(row.sound_key)), "utf-8")
        given = [_given(one) for one in sorted(here.iterdir())]
        stated: dict[str, object] = {"copy": row.id, "given": given, "spans_ms": parts.milliseconds}
        if row.sound_key:  # so that nobody can choose a key that fits, once a recording has got out
            stated["mark_sha256"] = hashlib.sha256(bytes.fromhex(row.sound_key)).hexdigest()
        with context.database.read() as uow:
            if not copy_content.still_open(uow, hearing, parts.milliseconds):
                raise CopyError(CLOSED_MEANWHILE)
        order = Order(
            actor=row.ordered_by, role=row.role, recipient=row.recipient, ground=row.ground, address=row.address,
            tracks=frozenset(row.tracks), media=row.originals, stated=stated,
        )  # fmt: skip
        made = export(context, hearing.id, here / PROOF, order)
        sha256 = _zip(path, sorted(here.iterdir()))
    return _Made(sha256, path.stat().st_size, made.leaf, parts.milliseconds, _file_name(row, hearing))


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """An empty folder for the length of the block, in the place of what an attempt left that was cut off."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _film(context: Context, uow: UnitOfWork, row: Copy, hearing: Hearing, parts: Opened, facts: CopyFacts) -> Film:
    tracks = [copy_content.copied_track(uow, context.store, hearing, one) for one in row.tracks]
    spelled = notice.spelled(hearing.case_number, row.id)
    lead, made, over = notice.tones(spelled), list[Stream](), b""
    ticks = parts.end * VIDEO_RATE // SAMPLES_PER_SECOND
    for one in tracks:
        if one.is_sound:
            made.append(Stream(_sound(row, one, parts, lead), one.title))
            continue
        width, height = streams.size_of(one)
        over = notice.mark(mark_text(facts), width, height) if row.marked else b""
        cards = [notice.card(lines, width, height) for lines in (card_lines(facts), absent_lines(facts))]
        first, absent = cards if one.codec == "h264" else (None, None)
        seen = streams.pictures(one, open_ticks(parts.orders, ticks, VIDEO_RATE), ticks, first, absent)
        made.append(Stream(seen, one.title, one.codec))
    return Film(
        streams=made,
        seconds=parts.end / SAMPLES_PER_SECOND,
        title=", ".join(filter(None, (hearing.case_number, facts.court))),
        comment=mark_text(facts),
        language=_ISO_639_2[facts.language],
        cues=copy_content.cues(copy_content.lines(uow, hearing, context.store, parts), facts.language),
        chapters=copy_content.moments(uow, hearing, parts, facts.language),
        mark=over,
    )


def _sound(row: Copy, track: streams.CopiedTrack, parts: Opened, lead: Pcm) -> Iterator[bytes]:
    if not row.sound_key:
        return streams.sound(track, parts.samples, parts.end, lead)
    return streams.marked_sound(track, parts.samples, parts.end, lead, bytes.fromhex(row.sound_key))


def _facts(context: Context, row: Copy, hearing: Hearing) -> CopyFacts:
    card = HearingCard.parse(hearing.card)
    made = words(card.language).moment(context.clock.now().utc, court_zone())
    return CopyFacts(row.id, hearing.case_number, card.court, row.recipient, row.ground, made, card.language)


def _given(path: Path) -> dict[str, object]:
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return {"name": path.name, "sha256": digest.hexdigest(), "size": size}


def _zip(path: Path, files: list[Path]) -> str:
    """Writes the archive, whole or not at all; its SHA-256."""
    with durable.new_file(path, 0o600) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for one in files:
            with archive.open(zipfile.ZipInfo(one.name), "w", force_zip64=True) as part:
                for piece in _pieces(one):
                    part.write(piece)
    digest = hashlib.sha256()
    for piece in _pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


def _file_name(row: Copy, hearing: Hearing) -> str:
    case = "".join(one if one.isalnum() else "-" for one in hearing.case_number).strip("-")
    return f"{case}_{_day(hearing.started_at)}_{row.id}.zip"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(court_zone()):%Y-%m-%d}"


def _sentence(error: CourtError | OSError) -> str:
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return DISK_FULL
        return f"The copy could not be written ({error.strerror}): look at the folder out/copies."
    return one_line(str(error))
