"""From the order of a copy with a mark in its sound to the recording that got out: whose copy it was."""

import io
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.copy_orders import Wish, put_order
from api.copy_tracing import Traced, traced
from api.errors import ApiError
from api.gate import shown_hearing
from court.errors import CourtError
from hardware.devices import AUDIO_RATE, Pcm
from protocol.copies.notice import LEAD_SECONDS
from protocol.copies.trace import MOST_CHANCE
from protocol.errors import LeakError
from storage.db.copies import READY
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.backups import keys_in_files
from tests.factories.copies import BY, babble, decoded, delivered, ordered, recording
from tests.factories.recordings import write_wav
from tests.factories.server import Server, make_server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LEAD = LEAD_SECONDS * AUDIO_RATE


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


def number_of(server: Server, hearing: str, recipient: str, *, marked: bool = True) -> int:
    row = ordered(server, hearing, Wish(recipient, "ходатайство", frozenset({"mix"}), sound_marked=marked))
    assert row.state == READY, row.reason
    return row.id


def film(server: Server, number: int) -> bytes:
    with zipfile.ZipFile(server.context.settings.home / "out" / "copies" / f"{number}.zip") as archive:
        return archive.read("recording.mp4")


def mp3(path: Path, pcm: Pcm) -> Path:
    with av.open(path, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=AUDIO_RATE, layout="mono", format="s16p")
        stream.bit_rate = 64_000
        for at in range(0, len(pcm), 1152):
            part = np.ascontiguousarray(pcm[at : at + 1152]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s16p", layout="mono")
            frame.sample_rate, frame.pts = AUDIO_RATE, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def named(found: list[Traced]) -> list[int]:
    return [one.copy.id for one in found if one.chance <= MOST_CHANCE]


def test_a_piece_that_got_out_names_whose_copy_it_was(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hearing = delivered(server, heard=babble)
    first, second, plain = (
        number_of(server, hearing, "Ким А. Б."),
        number_of(server, hearing, "Осмонов Б. К."),
        number_of(server, hearing, "Ли В. Г.", marked=False),
    )
    sound = decoded(film(server, second))
    leak = mp3(tmp_path / "leak.mp3", sound[LEAD + 48_111 : LEAD + 11 * AUDIO_RATE])
    found = traced(server.context, leak, hearing, "anna")
    assert {one.copy.id for one in found} == {first, second}
    assert named(found) == [second]
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(film(server, first))
    assert named(traced(server.context, whole, "гд 4405/24-б2", "anna")) == [first]
    whole.write_bytes(film(server, plain))
    assert named(traced(server.context, whole, hearing, "anna")) == []
    with server.context.database.read() as work:
        leaves = [parse(row.entry) for row in work.log.entries(hearing)]
        keys = {one.id: one.sound_key for one in work.copies.of(hearing)}
    assert [one.body["actor"] for one in leaves if one.body.get("action") == "trace"] == ["anna"] * 3
    assert len({keys[first], keys[second]}) == 2
    assert keys[plain] == ""
    given = {one.body["copy"]: one.body.get("mark_sha256") for one in leaves if one.kind is LeafKind.COPY}
    assert given[plain] is None
    assert given[first] != given[second]
    for number in (first, second):
        path = server.context.settings.home / "out" / "copies" / f"{number}.zip"
        with zipfile.ZipFile(path) as archive:
            assert "неслышимая метка" in archive.read("README.txt").decode()
            assert not any(keys[number].encode() in archive.read(name) for name in archive.namelist())
            with zipfile.ZipFile(io.BytesIO(archive.read("proof.zip"))) as proof:
                assert not any(keys[number].encode() in proof.read(name) for name in proof.namelist())
    _told(server, leak, hearing, monkeypatch, second)


def _told(server: Server, leak: Path, hearing: str, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    home = server.context.settings.home
    keys_in_files(home)
    monkeypatch.setenv("COURTREC_HOME", str(home))
    told = CliRunner().invoke(app, ["trace", str(leak), hearing])
    assert told.exit_code == 0, told.exception
    assert told.stdout.startswith(f"This is copy No. {number}, which Осмонов Б. К. got (ходатайство), ordered on ")
    assert len(told.stdout.splitlines()) == 1
    plain = write_wav(leak.with_suffix(".wav"), recording(babble).sound("mix")[: 10 * AUDIO_RATE])
    told = CliRunner().invoke(app, ["trace", str(plain), hearing])
    assert told.exit_code == 1
    assert told.stdout.startswith("This recording names no copy: the best of 2 tried would fit as well by chance in up")


def test_what_cannot_be_traced_is_said_in_one_sentence(server: Server, tmp_path: Path) -> None:
    hearing = delivered(server, heard=babble)
    short = write_wav(tmp_path / "short.wav", np.zeros(AUDIO_RATE, np.int16))
    text = tmp_path / "text.mp3"
    text.write_text("no sound at all")
    listed = tmp_path / "list.mp3"  # of other files, which are not opened for it
    listed.write_text("ffconcat version 1.0\nfile long.wav\n")
    write_wav(tmp_path / "long.wav", babble(5))
    silent = tmp_path / "silent.mp4"
    silent.write_bytes(
        recording(babble).file(recording(babble).bodies(LeafKind.SEGMENT, "cam-overview")[0]).read_bytes()
    )

    def refused(path: Path, what: str, sentence: str, kind: type[CourtError] = LeakError) -> None:
        with pytest.raises(kind, match=sentence) as caught:
            traced(server.context, path, what, "anna")
        assert str(caught.value).endswith(".")

    refused(short, hearing, "No copy of it bears a mark", ApiError)
    number = number_of(server, hearing, "Ким А. Б.")
    refused(short, "1/26", "There is no hearing 1/26", ApiError)
    refused(short, hearing, "less than 3 seconds")
    refused(text, hearing, "cannot be read as a recording")
    refused(listed, hearing, "cannot be read as a recording")
    refused(silent, hearing, "has no sound")
    refused(tmp_path / "none.wav", hearing, "No such file")
    with server.context.database.begin() as work:
        row = work.copies.get(number)
        assert row is not None
        row.sound_key = "ab" * 32
    refused(short, hearing, "is not the one that the log states", ApiError)


def test_unmarked_segments_do_not_go_with_a_mark(server: Server) -> None:
    hearing = delivered(server, heard=babble)
    with server.context.database.begin() as work, pytest.raises(ApiError, match="bear no mark"):
        put_order(
            server.context, work, shown_hearing(work, hearing),
            Wish("Ким", "x", originals=True, sound_marked=True), BY,
        )  # fmt: skip
