"""How long after "stop" the draft is complete, for hearings of any length.

    python -m bench.live_draft fed --hours 0.083 1 4    hearings fed faster than real time
    python -m bench.live_draft node [--seconds 90]      a real node recording in real time, for comparison

A fed hearing is the sample hearing, recorded once by a real node, its segments' entries repeated with later times and
numbers and delivered through the ingest API; each window of the sample is read and recognised once and remembered, so
that hours are fed in minutes (of what is not read again the beginning is stored). The last window is not remembered: at
"stop" its sound is delivered and the hearing ended, and everything from there is the product's own: ingest, queue,
recognition, draft and PDF.
"""

import argparse
import base64
import hashlib
import math
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

import transcribe.tasks
from api.composition import make_context
from api.node_client import Asked
from api.nodes import enrol_own
from api.serving import serving
from api.settings import load_settings
from bench.live import ROOMS, court, put_ahead
from court.room import Profile
from storage.db.models import Protocol, Segment
from storage.db.unit_of_work import Database
from storage.ledger.chain import Chain
from storage.ledger.leaf import LeafKind
from tests.factories.command_line import ROOT
from tests.factories.recordings import CARD, KEY, Recorded, node, recorded, simulated_room
from tests.speech.recogniser import models_dir
from transcribe.audio import window_sound
from transcribe.pipeline import transcribe_stretches

ENGINES = '{"ru": ["whisper-tiny"]}'
_BATCH = 64
_LOOK = 0.01


def wait_until_drafted(database: Database, hearing: str, *, pdf: bool = False) -> None:
    """Until a draft is stored, with `pdf` also its PDF, and nothing is left to transcribe."""
    query = select(Protocol.sha256).where(Protocol.hearing_id == hearing).order_by(Protocol.revision.desc())
    while True:
        with database.read() as uow:
            found = uow.session.execute(query.limit(1)).first()
            if found is not None and (found[0] or not pdf) and not uow.windows.unfinished(hearing):
                return
        time.sleep(_LOOK)


class Fed:
    """One hearing of so many seconds, delivered to the server at `client`."""

    def __init__(self, sample: Recorded, seconds: float, client: httpx.Client, number: int) -> None:
        self.hearing = f"019ab000-0000-7000-8000-{number:012d}"
        self._sample, self._client = sample, client
        self._chain = Chain(self.hearing, KEY.key_id)
        self._at = datetime.now(UTC) - timedelta(seconds=seconds)
        self._waiting: list[bytes] = []
        self._stored: set[str] = set()
        (self._opening,) = sample.bodies(LeafKind.HEARING)
        heard = [one for one in sample.bodies(LeafKind.SEGMENT) if one["track"].startswith("mic-")]
        self._segments = sorted(heard, key=lambda one: (one["sequence"], one["track"]))
        self._windows = self._segments[-1]["sequence"] + 1
        self._rounds = math.ceil(seconds * 48_000 / sample.end)

    def feed(self) -> None:
        """Everything but the last window."""
        tracks = [one for one in self._opening["tracks"] if not one["derived"]]
        self._state(LeafKind.HEARING, {**self._opening, "tracks": tracks})
        self._state(LeafKind.STATE, self._step("recording", 0))
        for number in range(self._rounds):
            for segment in self._segments:
                if number + 1 < self._rounds or segment["sequence"] + 1 < self._windows:
                    self._record(segment, number)
        self._send()

    def stop(self) -> None:
        last = [one for one in self._segments if one["sequence"] + 1 == self._windows]
        for segment in last:
            self._record(segment, self._rounds - 1, heard=True)
        self._state(LeafKind.STATE, self._step("ended", self._rounds * self._sample.end))
        self._send()

    def _record(self, body: Any, number: int, *, heard: bool = False) -> None:
        """The segment once more, with bytes of its own: nobody reads a box behind the fragments. Of one that is not
        `heard`, only what stands before those is stored."""
        content = self._sample.file(body).read_bytes()
        if not heard and number > 0:
            content = content[: body["init_size"]]
        content += (12).to_bytes(4) + b"free" + len(self._stored).to_bytes(4)
        sha256 = hashlib.sha256(content).hexdigest()
        self._client.put(f"/api/ingest/objects/{sha256}", content=content).raise_for_status()
        self._stored.add(sha256)
        shift = number * self._sample.end * body["rate"] // 48_000
        later = {
            **body,
            "sha256": sha256,
            "size": len(content),
            "start": body["start"] + shift,
            "end": body["end"] + shift,
            "sequence": body["sequence"] + number * self._windows,
        }
        self._state(LeafKind.SEGMENT, later)

    def _step(self, state: str, sample: int) -> dict[str, Any]:
        (first, *_) = self._sample.bodies(LeafKind.STATE)
        return {**first, "state": state, "at_sample": sample}

    def _state(self, kind: LeafKind, body: dict[str, Any]) -> None:
        self._at = min(self._at + timedelta(seconds=1), datetime.now(UTC))
        entry, self._chain = self._chain.append(kind, self._at, body, KEY)
        self._waiting.append(entry)
        if len(self._waiting) >= _BATCH:
            self._send()

    def _send(self) -> None:
        entries = [base64.b64encode(one).decode() for one in self._waiting]
        key = base64.b64encode(KEY.public).decode()
        answer = self._client.post("/api/ingest/leaves", json={"entries": entries, "public_key": key})
        assert answer.status_code == 200, answer.text
        self._waiting.clear()


class Remembered:
    """In place of what the worker reads and recognises windows with: each of the sample's `windows` once while `on`."""

    def __init__(self, windows: int) -> None:
        self.on = True
        self._windows = windows
        self._known: dict[int, tuple[float, Any]] = {}

    def sound(self, store: Any, segments: Sequence[Segment]) -> tuple[float, Any]:
        """In place of transcribe.audio.window_sound: of what is known no sound."""
        window = segments[0].sequence % self._windows
        if self.on and window in self._known:
            return min(one.start / one.rate for one in segments), _Sound(window)
        start, pcm = window_sound(store, segments)
        return start, _Sound(window, pcm)

    def recognise(self, stretches: Any, *rest: Any, **more: Any) -> Any:
        """In place of transcribe.pipeline.transcribe_stretches."""
        return [self._said(one, *rest, **more) for one in stretches]

    def _said(self, stretch: Any, *rest: Any, **more: Any) -> Any:
        window = stretch.pcm.window
        if stretch.pcm:
            self._known[window] = stretch.start, transcribe_stretches([stretch], *rest, **more)[0]
        began, found = self._known[window]
        shift = stretch.start - began
        return [
            replace(
                one, start=one.start + shift, end=one.end + shift,
                words=tuple(replace(word, start=word.start + shift, end=word.end + shift) for word in one.words),
            )
            for one in found
        ]  # fmt: skip


class _Sound(dict[str, Any]):
    """Sound by track, of the sample's `window`; none where that is remembered."""

    def __init__(self, window: int, pcm: Any = ()) -> None:
        super().__init__(pcm)
        self.window = window


def fed(hours: list[float], rounds: int, console: Console) -> None:
    table = Table("hearing", "windows", "utterances", "fed in s", "stop → draft s", "stop → PDF s", "load")
    os.environ["COURTREC_TRANSCRIBE_ENGINES"] = ENGINES
    os.environ["COURTREC_TRANSCRIBE_MODELS_DIR"] = str(models_dir())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-draft-")))
        files = [
            ROOT / "samples" / "hearing-ru" / f"{role}.flac"
            for role in ("judge", "secretary", "claimant", "respondent")
        ]
        room = replace(simulated_room(files, camera=False), profile=Profile.SLOW_LINE)
        agent = node(folder / "node", room)
        sample = recorded(agent, agent.run_to_end(CARD))
        agent.close()
        heard = [one["sequence"] for one in sample.bodies(LeafKind.SEGMENT) if one["track"].startswith("mic-")]
        remembered = Remembered(max(heard) + 1)
        vars(transcribe.tasks).update(window_sound=remembered.sound, transcribe_stretches=remembered.recognise)
        context = make_context(load_settings(home=folder / "court", port=0))
        enrol_own(context, KEY.public)
        address = stack.enter_context(serving(context))
        headers = {"Authorization": f"Bearer {context.secrets.node_token}"}
        client = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=120))
        number = 0
        for length in hours:
            for _ in range(rounds):
                number += 1
                remembered.on, began = True, time.monotonic()
                hearing = Fed(sample, length * 3600, client, number)
                hearing.feed()
                while True:
                    with context.database.read() as uow:
                        if not uow.windows.unfinished(hearing.hearing):
                            break
                    time.sleep(0.2)
                filled, remembered.on = time.monotonic() - began, False
                began = time.monotonic()
                hearing.stop()
                wait_until_drafted(context.database, hearing.hearing)
                took = time.monotonic() - began
                wait_until_drafted(context.database, hearing.hearing, pdf=True)
                printed = time.monotonic() - began
                with context.database.read() as uow:
                    windows, spoken = len(uow.windows.of(hearing.hearing)), len(uow.utterances.of(hearing.hearing))
                load = f"{os.getloadavg()[0]:.1f}"
                cells = (f"{windows}", f"{spoken}", f"{filled:.0f}", f"{took:.2f}", f"{printed:.2f}", load)
                table.add_row(f"{length * 60:.0f} min", *cells)
                console.print(f"{length * 60:.0f} min: {cells}")
    console.print(table)


def recorded_here(seconds: list[float], console: Console) -> None:
    table = Table("stopped after s", "stop answered s", "stop → draft s", "load")
    for wanted in seconds:
        with court(ROOT / ROOMS["ru"][0], COURTREC_TRANSCRIBE_ENGINES=ENGINES) as running:
            database = Database(f"sqlite:///{running.home / 'courtrec.db'}")
            hearing = running.node.start({"case_number": "ГД 1/26-Б1", "language": "ru"}, "", "S")
            while running.node.status()["seconds"] < wanted:
                time.sleep(0.1)
            began = time.monotonic()
            running.node.stop(Asked("S", hearing))
            answered = time.monotonic() - began
            wait_until_drafted(database, hearing)
            took = time.monotonic() - began
            database.dispose()
            table.add_row(f"{wanted:.0f}", f"{answered:.2f}", f"{took:.2f}", f"{os.getloadavg()[0]:.1f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["fed", "node"])
    parser.add_argument("--hours", type=float, nargs="+", default=[5 / 60, 1, 4])
    parser.add_argument("--seconds", type=float, nargs="+", default=[40, 65, 90])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ahead", action="store_true", help="before the other work of a shared machine")
    chosen = parser.parse_args()
    if chosen.ahead:
        put_ahead()
    console = Console(width=130)
    if chosen.part == "fed":
        fed(chosen.hours, chosen.rounds, console)
    else:
        recorded_here(chosen.seconds, console)


if __name__ == "__main__":
    main()
