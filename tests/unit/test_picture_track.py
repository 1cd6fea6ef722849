"""A camera's track: what it shows stands in rising order, whatever the camera's clock does."""

from dataclasses import replace
from pathlib import Path

import av

from court.room import Input, SourceKind
from court.timeline import GapCause
from hardware.clock import SystemClock
from hardware.devices import VIDEO_RATE, Picture
from hardware.inputs import open_input
from recorder.journal import Journal
from recorder.spool import HearingRow, Spool
from recorder.track import PictureTrack
from storage.ledger.chain import Chain
from tests.factories.recordings import KEY

HEARING = "019ab000-0000-7000-8000-000000000001"
STEP = VIDEO_RATE // 10  # the drawn camera shows ten pictures a second


def test_a_camera_whose_clock_jumped_back_loses_no_picture(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.begin(HearingRow(HEARING, "", "fast", scripted=True))
    track = PictureTrack("cam-overview", "camera", Journal(spool, Chain(HEARING, KEY.key_id), KEY, SystemClock()), 0)
    given = next(open_input(Input("camera", SourceKind.SIMULATED, picture="clock"), 0).items())
    assert isinstance(given, Picture)
    for number in (0, 1, 2, 1, 2, 3):
        track.show(replace(given, start=number * STEP, decode_start=number * STEP), 0, GapCause.DEVICE_LOST, "")
    track.seal(track.shown_until)
    [entry] = spool.entries(HEARING)
    assert entry.attachment is not None
    with av.open(tmp_path / entry.attachment.file) as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.size]
    spool.close()
    assert shown == [0, STEP, 2 * STEP, 2 * STEP + 90, 2 * STEP + 180, 3 * STEP]
