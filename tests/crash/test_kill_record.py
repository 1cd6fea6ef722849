"""kill -9 in the middle of the sample hearing: it resumes, what was written plays, the gap is stated, all verifies."""

import io
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from pypdf import PdfReader

from hardware.segment_reader import read_pcm
from storage.worm.local import LocalStore
from tests.factories.command_line import COMMAND, ROOT, courtrec, environment
from tests.factories.databases import reading

DEADLINE = 60.0


def kill_when_segments_are_written(process: "subprocess.Popen[bytes]", spool: Path, segments: int) -> None:
    """Ends the process, with no chance to tidy up, once so many segments are sealed and others are being written."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the recording ended before it could be interrupted"
        if spool.exists():
            with sqlite3.connect(f"file:{spool}?mode=ro", uri=True) as database:
                tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
                if {"entry", "open_segment"} <= tables:
                    [(sealed,)] = database.execute("SELECT count(*) FROM entry WHERE file != ''")
                    [(being_written,)] = database.execute("SELECT count(*) FROM open_segment")
                    if sealed >= segments and being_written:
                        process.send_signal(signal.SIGKILL)
                        process.wait()
                        return
        time.sleep(0.02)
    raise AssertionError("no segment was written in time")


def test_a_killed_recording_goes_on_where_the_room_has_got_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*COMMAND, "record", "--room", "rooms/demo.toml"],
        cwd=ROOT, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    kill_when_segments_are_written(process, home / "spool/spool.db", segments=12)

    refused = courtrec(home, "record", "--room", "rooms/demo.toml")
    assert refused.returncode != 0
    assert "--resume" in refused.stderr

    resumed = courtrec(home, "record", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    verified = courtrec(home, "verify")
    assert verified.returncode == 0, verified.stdout

    store = LocalStore(home / "objects")
    with reading(f"sqlite:///{home}/courtrec.db") as work:
        [hearing] = work.hearings.find()
        microphones = [one["track"] for one in hearing.tracks if one["kind"] == "audio"]
        partial = [one for one in work.hearings.segments(hearing.id) if one.partial and one.track in microphones]
        gaps = [one for one in work.hearings.gaps(hearing.id) if one.cause == "restart"]
        protocol = work.protocols.latest(hearing.id)
        assert protocol is not None
        pdf = store.read(protocol.sha256)
    assert {one.track for one in gaps} == {one["track"] for one in hearing.tracks}
    assert all(one.end > one.start for one in gaps)
    for segment in partial:
        start, pcm = read_pcm(store.read(segment.sha256), rate=48_000)
        assert (start, start + len(pcm)) == (segment.start, segment.end)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    assert "перезапуск" in text.lower()
    assert "последняя запись" in text.lower() or "last durable write" in text.lower()
