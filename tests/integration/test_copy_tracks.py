"""Copies of unusual tracks: Opus, H.265, a camera that changes, a spare recording, the S3 store."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from api.copy_orders import Wish
from api.home import Home
from court.openness import Openness, OpennessSpan
from court.room import Input, SourceKind
from court.timeline import SampleRange
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Picture, PictureFormat
from hardware.errors import MediaUnreadable
from hardware.inputs import open_input
from hardware.offsets import decoded_earlier
from protocol.copies import streams
from protocol.copies.notice import LEAD_SECONDS, card, tones
from protocol.copies.render import Film, Stream, render
from protocol.copies.spans import open_ticks
from protocol.copies.streams import CopiedTrack, Piece
from recorder.encode import EncodedPictureFile, KeptPictureFile, OpusFile, PictureFile, SoundFile
from storage.db.copies import READY
from storage.db.unit_of_work import Database
from storage.offline import check_file
from storage.worm.port import read_object
from storage.worm.s3 import connect
from tests.factories.copies import decoded, delivered, ordered, packets, shown
from tests.factories.recordings import Pcm, loudness, tone
from tests.factories.server import Server, make_server
from tests.factories.spare_hearing import END, LOST, room_sound, two_recordings
from tests.services.processes import MinioServer

LEAD = LEAD_SECONDS * AUDIO_RATE
SECONDS = 4
"""Of a segment; a film has two of them."""


def piece(path: Path, number: int, rate: int) -> Piece:
    span = SampleRange(number * SECONDS * rate, (number + 1) * SECONDS * rate, rate)
    return Piece(span, path.read_bytes, whole=True)


def sound(folder: Path, kind: type[SoundFile], pcm: Pcm) -> CopiedTrack:
    pieces = []
    for number in range(2):
        file = kind(folder / f"sound-{number}.mp4")
        for at in range(number * SECONDS * AUDIO_RATE, (number + 1) * SECONDS * AUDIO_RATE, AUDIO_RATE // 10):
            file.write(at, pcm[at : at + AUDIO_RATE // 10])
        file.seal()
        pieces.append(piece(file.path, number, AUDIO_RATE))
    return CopiedTrack("mic-judge", "Судья", kind.codec, pieces)


def film(path: Path, heard: CopiedTrack, seen: CopiedTrack | None, closed: tuple[float, float], *cards: Any) -> bytes:
    orders, end = [OpennessSpan(*closed, Openness.CLOSED)], 2 * SECONDS * AUDIO_RATE
    made = [Stream(streams.sound(heard, open_ticks(orders, end, AUDIO_RATE), end, tones("1#1#")), heard.title)]
    if seen is not None:
        ticks = 2 * SECONDS * VIDEO_RATE
        pictures = streams.pictures(seen, open_ticks(orders, ticks, VIDEO_RATE), ticks, *cards)
        made.append(Stream(pictures, seen.title, seen.codec))
    render(Film(made, 2 * SECONDS, "1", "№ 1", "rus"), path)
    return path.read_bytes()


def test_of_an_opus_room_nothing_closed_is_heard(tmp_path: Path) -> None:
    heard = sound(tmp_path, OpusFile, tone(2 * SECONDS, 440))
    made = film(tmp_path / "copy.mp4", heard, None, (1.5, 6.5))
    found = 32767 * decoded(made)[LEAD:]  # Opus is decoded to fractions
    assert abs(len(found) - 2 * SECONDS * AUDIO_RATE) < AUDIO_RATE // 10
    part = AUDIO_RATE // 20
    loud = [loudness(found[at : at + part], 440) > 1000 for at in range(0, 7 * AUDIO_RATE, part)]
    assert (all(loud[:30]), any(loud[32:129]), all(loud[132:])) == (True, False, True)
    assert np.abs(found[int(1.6 * AUDIO_RATE) : int(6.4 * AUDIO_RATE)]).max() < 1
    hidden = [one.content for one in packets(heard.pieces[0].read(), "audio") if one.start > 1.6]
    assert len(hidden) > 50
    assert not any(one in made for one in hidden)


def pictures(files: list[PictureFile], given: list[Picture]) -> list[Piece]:
    """Keyframes stand where a file begins."""
    number = 0
    for one in given:
        number = min(len(files) - 1, number + (one.keyframe and one.start >= (number + 1) * SECONDS * VIDEO_RATE))
        files[number].write(one)
    for file in files:
        file.seal()
    return [piece(file.path, number, VIDEO_RATE) for number, file in enumerate(files)]


@pytest.mark.parametrize(("encoder", "codec"), [("libx264", "h264"), ("libx265", "hevc")])
def test_pictures_of_a_camera_with_b_frames_come_when_they_were_shown(tmp_path: Path, encoder: str, codec: str) -> None:
    """The closed part ends just after a keyframe, which must not go."""
    film_of_camera = camera_file(tmp_path / "camera.mp4", encoder)
    source = open_input(Input("camera", SourceKind.FILE, files=(str(film_of_camera),)), 0)
    given = [one for one in source.items() if isinstance(one, Picture)]
    source.close()
    assert any(one.start != one.decode_start for one in given)
    files = [KeptPictureFile(tmp_path / f"p{number}.mp4", given[0].format) for number in range(2)]
    seen = CopiedTrack("cam-hall", "Зал", codec, pictures(list(files), given))
    heard = sound(tmp_path, SoundFile, tone(2 * SECONDS, 440))
    cards = [card(["№ 1"], 160, 96)] * 2 if codec == "h264" else [None, None]
    found = shown(film(tmp_path / "copy.mp4", heard, seen, (1.5, 5.04), *cards))
    light = {round(at - LEAD_SECONDS, 2): picture.mean() for at, picture in found}
    times = sorted(at for at in light if at >= 0 and (at < 1.5 or at >= 5.04))
    begun = [round(number * 0.04, 2) for number in range(2 * SECONDS * 25)]
    assert times[: times.index(6.0)] == [at for at in begun if at <= max(at for at in times if at < 1.5)]
    assert times[times.index(6.0) :] == [at for at in begun if at >= 6]
    assert max(at for at in times if at < 1.5) > 1.3
    assert all(abs(light[at] - 25 * at) < 4 for at in times)  # camera_file's pictures grow lighter by one each

    strange = seen.pieces[0].read().replace(b"\0\2\0\x3a", b"\0\2\0\x1a", 1)
    with pytest.raises(MediaUnreadable, match="built as the recorder builds none"):
        decoded_earlier(strange)


def camera_file(path: Path, encoder: str) -> Path:
    """Eight seconds with a keyframe each; a picture's number is its brightness."""
    own = {"x265-params": "keyint=25:min-keyint=25:scenecut=0:bframes=2:log-level=none:pools=1"}
    options = own if encoder == "libx265" else {"g": "25", "bf": "2", "sc_threshold": "0"}
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(encoder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(2 * SECONDS * 25):
            image = np.full((96, 160, 3), number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_a_camera_that_changes_is_shown_in_both_ways(tmp_path: Path) -> None:
    sizes, files, given = ((320, 192), (160, 96)), [], []
    for number, (width, height) in enumerate(sizes):
        form = PictureFormat(width, height, 25.0)
        files.append(EncodedPictureFile(tmp_path / f"p{number}.mp4", form, {"crf": "23"}))
        for at in range(SECONDS * 25):
            tick = number * SECONDS * VIDEO_RATE + at * VIDEO_RATE // 25
            frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 60 + 100 * number, np.uint8), format="rgb24")
            given.append(Picture(start=tick, decode_start=tick, keyframe=at == 0, format=form, content=frame))
    seen = CopiedTrack("cam-hall", "Зал", "h264", pictures(list(files), given))
    heard = sound(tmp_path, SoundFile, tone(2 * SECONDS, 440))
    cards = [card([text], *sizes[0]) for text in ("№ 1", "Здесь записи нет")]
    made = film(tmp_path / "copy.mp4", heard, seen, (2.0, 3.0), *cards)
    found = [(at - LEAD_SECONDS, picture.shape[1], int(picture.mean())) for at, picture in shown(made)]
    assert {(width, abs(light - 160) < 10) for at, width, light in found if at >= SECONDS} == {(160, True)}
    assert {(width, abs(light - 60) < 10) for at, width, light in found if 0 <= at < 1.9} == {(320, True)}
    assert sum(at >= SECONDS for at, _, _ in found) == SECONDS * 25


def made_of(server: Server, hearing: str, *tracks: str) -> Path:
    """The copy's archive."""
    row = ordered(server, hearing, Wish("Ким А. Б.", "ходатайство", frozenset(tracks)))
    assert (row.state, row.reason) == (READY, "")
    return Home(server.context.settings.home).copies / f"{row.id}.zip"


def film_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("recording.mp4")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_spare_node_recorded_is_in_the_copy(database: Database, tmp_path: Path) -> None:
    server = make_server(database, tmp_path / "home")
    both = two_recordings(server, tmp_path)
    found = decoded(film_of(made_of(server, both.first, "mic-judge")))[LEAD:]
    truth = room_sound()[: END * AUDIO_RATE]
    assert 0 <= len(found) - len(truth) < AUDIO_RATE // 2  # the hearing ended by the spare node's clock
    at, step = (LOST + 2) * AUDIO_RATE, AUDIO_RATE // 5
    ours, theirs = (np.abs(one[at : len(truth)].astype(float)).reshape(-1, step).mean(1) for one in (found, truth))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_copy_is_made_from_an_s3_store(database: Database, tmp_path: Path, minio: MinioServer) -> None:
    server = make_server(database, tmp_path / "home")
    hearing = delivered(server)
    here = film_of(made_of(server, hearing, "mic-judge"))
    store = connect(minio.endpoint, minio.access_key, minio.secret_key, "copies", secure=False)
    with server.context.database.read() as work:
        for one in work.hearings.segments(hearing, "mic-judge"):
            content = read_object(server.context.store, one.sha256)
            store.put(one.sha256, content, len(content), server.clock.utc.replace(year=2126))
    remote = replace(server, context=replace(server.context, store=store))
    path = made_of(remote, hearing, "mic-judge")
    assert np.array_equal(decoded(film_of(path))[LEAD:], decoded(here)[LEAD:])
    assert check_file(path).whole
