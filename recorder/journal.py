"""States facts: each becomes a signed leaf, linked to the one before, and is on the disk when the call returns."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from court.clock import Anchor, Clock, iso_utc
from court.hearing import HearingState
from court.notes import NoteTemplate
from court.openness import OpennessSpan
from court.timeline import GapCause, SampleRange
from recorder.comparison import Apart
from recorder.encode import Sealed
from recorder.spool import Attachment, OpenSegment, Spool
from storage.ledger.chain import Chain
from storage.ledger.ed25519 import Signer
from storage.ledger.leaf import LeafKind


class Journal:
    """The node's chain of one hearing."""

    def __init__(self, spool: Spool, chain: Chain, key: Signer, clock: Clock) -> None:
        self.spool = spool
        self._chain = chain
        self._key = key
        self._clock = clock

    @property
    def hearing(self) -> str:
        return self._chain.hearing

    def begin(self, facts: Mapping[str, Any]) -> None:
        """The hearing's own leaf: `facts` are its body but for the anchor."""
        now = self._clock.now()
        self._state(LeafKind.HEARING, now, {**facts, "started": _anchor(now)})

    def state(self, state: HearingState, at_sample: int, by: str = "") -> None:
        """`by` is who ordered it, here and below: said only where somebody is known."""
        now = self._clock.now()
        body = {"state": state.value, "at_sample": at_sample, "anchor": _anchor(now), **_said(by=by)}
        self._state(LeafKind.STATE, now, body)

    def note(self, at_sample: int, template: NoteTemplate, text: str, key: str = "", by: str = "") -> None:
        body = {"at_sample": at_sample, "template": template.value, "text": text, **_said(key=key, by=by)}
        self._state(LeafKind.NOTE, self._clock.now(), body)

    def mute(self, at_sample: int, track: str, muted: bool, by: str = "") -> None:
        """The microphone is declared muted, or heard again, from now on; what it gives is recorded either way."""
        body = {"track": track, "at_sample": at_sample, "muted": muted, **_said(by=by)}
        self._state(LeafKind.MUTE, self._clock.now(), body)

    def openness(self, order: OpennessSpan, by: str = "") -> None:
        """The court's order on who may see and hear what follows, which runs until the next one."""
        span = {"start_ms": int(order.start * 1000), "end_ms": None, "openness": order.openness.value}
        self._state(LeafKind.OPENNESS, self._clock.now(), {**span, **_said(by=by)})

    def gap(self, track: str, span: SampleRange, cause: GapCause, device_log: str) -> None:
        now = self._clock.now()
        body = {**_span(track, span), "cause": cause.value, "device_log": device_log, "anchor": _anchor(now)}
        self._state(LeafKind.GAP, now, body)

    def sync(self, at_sample: int, apart: Apart) -> None:
        """How two interfaces of the room stand to one another at that sample."""
        now = self._clock.now()
        self._state(LeafKind.SYNC, now, {"at_sample": at_sample, **asdict(apart), "anchor": _anchor(now)})

    def segment(self, opened: OpenSegment, end: int, sealed: Sealed, partial: bool, samples: int | None = None) -> None:
        """The segment `opened` is finished and reaches to tick `end`. It holds `samples` where that is told: as many as
        its range, or by the clock of another interface a few more or less."""
        now = self._clock.now()
        body = {
            **_span(opened.track, SampleRange(opened.start, end, opened.rate)),
            "sequence": opened.sequence,
            "sha256": sealed.sha256,
            "size": sealed.size,
            "init_size": sealed.init_size,
            "codec": opened.codec,
            "partial": partial,
            "anchor": _anchor(now),
        }
        if samples is not None and samples != end - opened.start:
            body["samples"] = samples
        attachment = Attachment(opened.file, sealed.sha256, sealed.size)
        self._state(LeafKind.SEGMENT, now, body, (opened.track, attachment))

    def _state(
        self, kind: LeafKind, now: Anchor, body: Mapping[str, Any], sealed: tuple[str, Attachment] | None = None
    ) -> None:
        entry, chain = self._chain.append(kind, now.utc, body, self._key)
        self.spool.append(self.hearing, self._chain.next_seq, entry, now.utc.timestamp(), sealed)
        self._chain = chain


def _said(**fields: str) -> dict[str, str]:
    return {name: text for name, text in fields.items() if text}


def _anchor(now: Anchor) -> dict[str, Any]:
    return {
        "utc": iso_utc(now.utc),
        "monotonic_ms": int(now.monotonic * 1000),
        "disciplined": now.disciplined,
    }


def _span(track: str, span: SampleRange) -> dict[str, Any]:
    return {"track": track, "start": span.start, "end": span.end, "rate": span.rate}
