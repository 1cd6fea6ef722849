"""What must be true of a hearing whatever befell the node's process meanwhile."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE
from hardware.segment_reader import pictures_end
from recorder.settings import NodeSettings
from recorder.spool import Origin, Spool
from storage.ledger.leaf import LeafKind, parse
from tests.factories.recordings import Pcm, Recorded, check_chain, check_tiles
from tests.factories.time_code import PERIOD, WINDOW, moment, time_code

SEATS = (Microphone(CourtRole.JUDGE, "desk", 0), Microphone(CourtRole.WITNESS, "desk", 1))
ROOM = Room(
    "room",
    (Input("desk", SourceKind.PULSE, "two.monitor"), Input("clock", SourceKind.SIMULATED, picture="clock")),
    SEATS,
    (Camera("overview", "clock"),),
)
"""Two microphones on a sound server, and a drawn camera."""

STEP = 0.3
"""Seconds: how well a device that was opened anew finds its place on the hearing's timeline."""


def room_sound(seconds: float) -> Pcm:
    return np.column_stack([time_code(seconds)] * 2)


@dataclass(frozen=True)
class Kept:
    """What a node had written of its hearings when it was looked at."""

    files: Mapping[Path, bytes]

    @classmethod
    def of(cls, home: Path) -> "Kept":
        return cls({path: path.read_bytes() for path in home.glob("spool/*/*.mp4")})


@dataclass(frozen=True)
class Survived:
    """A hearing after its end, in the spool of a node that has ended."""

    hearing: Recorded
    origin: Origin

    @classmethod
    def read(cls, home: Path, hearing: str, kept: Kept) -> "Survived":
        """Checks what must always hold: signed, complete, playable, and everything that was written is still there."""
        with closing(Spool(NodeSettings(home=home).spool_folder)) as spool:
            assert spool.unfinished() is None
            leaves = [parse(one.entry) for one in spool.entries(hearing)]
            origin = spool.origin(hearing)
            found = Recorded(spool.folder / hearing, leaves)
        assert origin is not None
        check_chain(found)
        check_tiles(found)
        assert kept.files
        for path, content in kept.files.items():
            assert path.read_bytes().startswith(content), f"{path} was altered"
        for track in found.tracks:
            if track.startswith("cam-"):
                for segment in found.bodies(LeafKind.SEGMENT, track):
                    assert pictures_end(found.file(segment)) > segment["start"]
            else:
                found.sound(track)
        return cls(found, origin)

    def gaps(self, track: str) -> list[Mapping[str, Any]]:
        """But for what lies before the first a device gave."""
        return [gap for gap in self.hearing.bodies(LeafKind.GAP, track) if gap["start"] > 0]

    def partial(self, track: str) -> list[Mapping[str, Any]]:
        return [one for one in self.hearing.bodies(LeafKind.SEGMENT, track) if one["partial"]]

    def back_after(self, track: str, moment_on_the_clock: float) -> float:
        """Seconds until the track was recorded again."""
        since = moment_on_the_clock - self.origin.zero
        segments = self.hearing.bodies(LeafKind.SEGMENT, track)
        back = min(one["start"] / one["rate"] for one in segments if one["end"] / one["rate"] > since)
        return max(0.0, back - since)

    def check_step(self, track: str, late: float = 0.0) -> None:
        """Every segment stands where it was played: none was moved by what befell the node. Those after the first are
        `late` by so many seconds where their sound was held up on its way."""
        sound, shifts = self.hearing.sound(track), []
        for segment in self.hearing.bodies(LeafKind.SEGMENT, track):
            if segment["end"] - segment["start"] > 2 * WINDOW:
                shifts.append(moment(sound[: segment["end"]]) - segment["end"] / AUDIO_RATE)
        assert len(shifts) > 1
        for one in shifts[1:]:
            assert abs((one + late - shifts[0] + PERIOD / 2) % PERIOD - PERIOD / 2) < STEP, shifts


Record = Callable[[str, object], None]
"""pytest's `record_property`."""


def note_return(survived: Survived, track: str, ended: float, record_property: Record) -> None:
    """For the table in bench/README.md; how long it took is measured, not tested."""
    record_property("seconds until it is recorded again", round(survived.back_after(track, ended), 2))
