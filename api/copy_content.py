"""What of a hearing may leave the court for good: open lines, moments, tracks, whoever asks and wherever they sit."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from api import schemas, spare_media
from api.errors import Conflict, Unusable
from api.i18n import words
from api.reading import SAMPLES_PER_SECOND, said_by, span_of
from api.web.render import track_text
from court.card import HearingCard
from court.catalogue import N_
from court.labels import LABELS
from court.openness import Openness, OpennessSpan, openness_of
from protocol.copies.captions import Cue
from protocol.copies.spans import Ticks, open_ticks
from protocol.copies.streams import CopiedTrack, Piece
from protocol.filling import filled, notes_beside
from protocol.model import ProtocolDocument
from storage.db.models import Hearing, Protocol, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.worm.port import WormStore, read_object

SIGNED = "signed"
MIX = "mix"
NOTHING_OPEN = N_("No part of this hearing is open: nothing of it can be handed out.")
STILL_RECORDED = N_("This hearing is still being recorded: wait until it has ended.")


@dataclass(frozen=True, slots=True)
class Opened:
    """The hearing's length in samples, the court's orders on it, and the samples that are open."""

    end: int
    orders: Sequence[OpennessSpan]
    samples: Sequence[Ticks]

    @property
    def throughout(self) -> bool:
        return openness_of(self.orders, 0.0, float("inf")) is Openness.OPEN

    @property
    def milliseconds(self) -> list[list[int]]:
        """The open parts in whole milliseconds, rounded inwards."""
        step = SAMPLES_PER_SECOND // 1000
        return [[-(-start // step), stop // step] for start, stop in self.samples]

    def has(self, start: float, end: float) -> bool:
        return openness_of(self.orders, start, end) is Openness.OPEN


def opened(uow: UnitOfWork, hearing: Hearing) -> Opened:
    """Raises Conflict where nothing is open, or the hearing has not ended."""
    if hearing.end_sample is None:
        raise Conflict(STILL_RECORDED)
    orders = uow.hearings.openness(hearing.id)
    samples = open_ticks(orders, hearing.end_sample, SAMPLES_PER_SECOND)
    if not samples:
        raise Conflict(NOTHING_OPEN)
    return Opened(hearing.end_sample, orders, samples)


def still_open(uow: UnitOfWork, hearing: Hearing, spans: Sequence[Sequence[int]]) -> bool:
    """Whether everything that was handed out, in milliseconds, is open today."""
    orders = uow.hearings.openness(hearing.id)
    return all(openness_of(orders, start / 1000, end / 1000) is Openness.OPEN for start, end in spans)


def lines(uow: UnitOfWork, hearing: Hearing, store: WormStore, parts: Opened) -> list[schemas.UtteranceView]:
    """The lines of the transcript that lie in open parts altogether."""
    return [one for one in said_by(uow, hearing, store) if parts.has(one.start, one.end)]


def cues(found: Sequence[schemas.UtteranceView], language: str) -> list[Cue]:
    """The lines with who said them."""
    return [Cue(one.start, one.end, one.text, who_said(one, language)) for one in found]


def who_said(one: schemas.UtteranceView, language: str) -> str:
    say = words(language).gettext
    role = say(LABELS[one.role]) if one.role in LABELS else one.role
    name = one.speaker or (say("voice %(number)s") % {"number": one.voice} if one.voice else "")
    return ", ".join(filter(None, (role, name)))


def moments(uow: UnitOfWork, hearing: Hearing, parts: Opened, language: str) -> list[Cue]:
    """The protocol's lines that have a moment; of a hearing that was closed in part, the open notes alone: its protocol
    may tell of the closed part."""
    row = uow.protocols.latest(hearing.id)
    if row is not None and parts.throughout:
        document = ProtocolDocument.from_json(row.document)
        found = [Cue(one.at, one.at, one.text) for one in document.course if one.at is not None]
    else:
        say = words(language).gettext
        notes = [(one.at_sample / SAMPLES_PER_SECOND, one) for one in uow.hearings.notes(hearing.id)]
        notes = sorted([*notes, *notes_beside(uow, hearing)], key=lambda one: one[0])
        found = [
            Cue(at, at, ": ".join(filter(None, (say(LABELS.get(one.template, one.template)), one.text))))
            for at, one in notes
        ]
    return [one for one in found if parts.has(one.start, one.start)]


def signed_protocol(uow: UnitOfWork, hearing: Hearing, parts: Opened) -> Protocol | None:
    """What goes with a copy: a protocol is closed as a whole where any part of its hearing was."""
    rows = [one for one in uow.protocols.of(hearing.id) if one.state == SIGNED]
    return rows[-1] if rows and parts.throughout else None


def chosen_tracks(hearing: Hearing, wanted: Collection[str]) -> list[str]:
    """The room mix and the first camera, or those that were named, sound first; raises Unusable."""
    known = {one["track"]: one["kind"] for one in hearing.tracks}
    if unknown := sorted(set(wanted) - known.keys()):
        raise Unusable(f"The hearing has no track {', '.join(unknown)}: name some of {', '.join(sorted(known))}.")
    sound = [one for one, kind in known.items() if kind == "audio"]
    seen = [one for one, kind in known.items() if kind == "video"]
    if not wanted:
        return [*([MIX] if MIX in sound else sound), *seen[:1]]
    if len(set(wanted) & set(seen)) > 1:
        raise Unusable("A copy shows one camera: choose one of them.")
    chosen = [one for one in sound if one in wanted]
    if not chosen:
        raise Unusable("A copy needs sound: choose the room mix or a microphone.")
    return [*chosen, *(one for one in seen if one in wanted)]


def copied_track(uow: UnitOfWork, store: WormStore, hearing: Hearing, track: str) -> CopiedTrack:
    """The pieces of a track, those of a spare recording among them; raises Conflict if some are on their way."""
    facts = next(one for one in hearing.tracks if one["track"] == track)
    rate = int(facts["rate"])
    given_up = uow.hearings.given_up(hearing.id)
    if any(one.track == track and one not in given_up for one in uow.hearings.undelivered(hearing.id)):
        raise Conflict(f"Not all of {track} has arrived from the court-room yet: wait for it, or choose other tracks.")
    end = (hearing.end_sample or 0) * rate // SAMPLES_PER_SECOND
    rows = [one for one in uow.hearings.segments(hearing.id, track) if one.start < end]
    pieces = [_piece(store, one) for one in rows]
    found = [one for one in filled(uow, store, hearing) if one.track == track]
    for part in spare_media.parts(uow, store, found):
        pieces.append(Piece(part.fill.span, _reader(store, part), whole=False))
    if not pieces:
        raise Conflict(f"Nothing of {track} is here: choose other tracks.")
    codec = rows[0].codec if rows else spare_media.segments(uow, found, set())[0].codec
    title = track_text(words(HearingCard.parse(hearing.card).language), track, facts["role"])
    return CopiedTrack(track, title, codec, sorted(pieces, key=lambda one: one.span))


def _piece(store: WormStore, row: Segment) -> Piece:
    sha256 = row.sha256
    return Piece(span_of(row), lambda: read_object(store, sha256), whole=not row.partial)


def _reader(store: WormStore, part: spare_media.Part) -> Callable[[], bytes]:
    return lambda: part.init(store) + part.media(store)
