"""A segment's recording, from the spool's first folder to its sealed leaf, stopped before every step and taken up."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from court.hearing import HearingState
from hardware.devices import AUDIO_RATE
from hardware.segment_reader import read_pcm
from recorder.history import History, read_history
from recorder.journal import Journal
from recorder.recover import seal_open_segments
from recorder.sink import Sink
from recorder.spool import HearingRow, Spool
from recorder.track import SoundTrack
from storage.ledger.leaf import LeafKind, parse
from tests.factories.protocol import StoppedClock
from tests.factories.recordings import KEY, Pcm
from tests.simulators.power import every_death

HEARING = "019ab000-0000-7000-8000-000000000001"
TRACK = "mic-judge"
END = 2 * AUDIO_RATE
PIECE = AUDIO_RATE // 2
SOUND = np.random.default_rng(3).normal(0, 200, END).astype(np.int16)
FACTS = {
    "card": {"case_number": "Э-1/26", "participants": []}, "room": "1", "node": "node", "profile": "evidence",
    "tracks": [
        {
            "track": TRACK, "role": "judge", "kind": "audio", "rate": AUDIO_RATE, "derived": False,
            "device": "simulated",
        }
    ],
}  # fmt: skip


def record(home: Path, done: list[Any]) -> None:
    """From wherever the spool says it stands; `done` gets entries, and files with what was synced of them."""
    with closing(Spool(home / "spool")) as spool, synced_is_told(home, done):
        if spool.unfinished() is None and not spool.entries(HEARING):
            spool.begin(HearingRow(HEARING, "room", "fast", scripted=False))
        history = history_in(spool)
        journal = Journal(spool, history.chain, KEY, StoppedClock())
        if history.chain.next_seq == 0:
            journal.begin(FACTS)
        if not history.deeds:
            journal.state(HearingState.RECORDING, 0)
        seal_open_segments(journal, history)
        track = SoundTrack(TRACK, "desk", journal, history.covered.get(TRACK, 0))
        for start in range(track.covered, END, PIECE):
            track.write(start, SOUND[start : start + PIECE], history.windows)
        track.seal(END)
        done.extend(one.entry for one in spool.entries(HEARING))


@contextmanager
def synced_is_told(home: Path, done: list[Any]) -> Iterator[None]:
    """Every sync of a segment's file appends its path and what it held."""
    sync = Sink.sync

    def told(sink: Sink) -> None:
        sync(sink)
        done.append((sink.path.relative_to(home), sink.path.read_bytes()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sink, "sync", told)
        yield


def history_in(spool: Spool) -> History:
    return read_history(HEARING, KEY.key_id, [one.entry for one in spool.entries(HEARING)])


def sound_in(home: Path) -> Pcm:
    """What the sealed segments hold, each file being what its leaf says."""
    heard = np.zeros(END, np.int16)
    with closing(Spool(home / "spool")) as spool:
        for one in spool.entries(HEARING):
            leaf = parse(one.entry)
            if leaf.kind is LeafKind.SEGMENT:
                assert one.attachment is not None
                content = (spool.folder / one.attachment.file).read_bytes()
                assert hashlib.sha256(content).hexdigest() == leaf.body["sha256"] == one.attachment.sha256
                start, pcm = read_pcm(spool.folder / one.attachment.file)
                assert (start, start + len(pcm)) == (leaf.body["start"], leaf.body["end"])
                heard[start : start + len(pcm)] = pcm
    return heard


def test_what_was_synced_is_there_and_the_recording_goes_on(tmp_path: Path) -> None:
    for left in every_death(tmp_path, record):
        try:
            sound_in(left.home)
            with closing(Spool(left.home / "spool")) as spool:
                entries = [one.entry for one in spool.entries(HEARING)]
            for one in left.acknowledged:
                if isinstance(one, bytes):
                    assert one in entries
                else:
                    path, content = one
                    assert (left.home / path).read_bytes().startswith(content), path
            record(left.home, [])
            assert np.array_equal(sound_in(left.home), SOUND)
        except Exception as error:  # whatever it is, the step at which the power failed belongs to it
            raise AssertionError(left.how) from error
