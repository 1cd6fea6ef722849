"""What a copy of a hearing with a closed middle holds: everything that was open, and of the rest not one byte."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from hardware.devices import AUDIO_RATE, VIDEO_RATE
from protocol.copies import streams
from protocol.copies.captions import Cue
from protocol.copies.mark import marked
from protocol.copies.notice import LEAD_SECONDS, card, mark, tones
from protocol.copies.render import Film, Stream, render
from protocol.copies.spans import open_ticks
from protocol.errors import CopyError
from storage.ledger.leaf import LeafKind
from tests.factories.copies import (
    CLOSED,
    CLOSED_TONE,
    OPEN_TONE,
    ORDERS,
    copied_track,
    decoded,
    heard,
    packets,
    recording,
    shown,
)
from tests.factories.recordings import Recorded, loudness

LEAD = LEAD_SECONDS * AUDIO_RATE
FIRST, LAST = round(CLOSED[0] * AUDIO_RATE - 0.5), round(CLOSED[1] * AUDIO_RATE + 0.5)


@pytest.fixture(scope="module")
def hearing() -> Recorded:
    return recording()


def film(hearing: Recorded, *, over: bytes = b"") -> Film:
    end = hearing.end
    heard = open_ticks(ORDERS, end, AUDIO_RATE)
    ticks = end * VIDEO_RATE // AUDIO_RATE
    camera = copied_track(hearing, "cam-overview")
    pictures = [card(["Экз. № 7", text], 640, 360) for text in ("Копия выдана: Ким А. Б.", "Закрытая часть")]
    seen = streams.pictures(camera, open_ticks(ORDERS, ticks, VIDEO_RATE), ticks, *pictures)
    lead = tones("4405*24#7#")
    sounds = [Stream(streams.sound(copied_track(hearing, one), heard, end, lead), one) for one in ("mix", "mic-judge")]
    cues = [Cue(2.0, 4.0, "Слушается дело.", "Судья")]
    said = [Cue(1.0, 1.0, "Открытие; начало"), Cue(30.0, 30.0, "Прения")]
    made = [Stream(seen, "cam-overview", "h264"), *sounds]
    return Film(made, end / AUDIO_RATE, "ГД 4405/24-Б2", "Экз. № 7", "rus", cues, said, over)


@pytest.fixture(scope="module")
def copy(hearing: Recorded, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("copy") / "recording.mp4"
    render(film(hearing), path)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    return path.read_bytes()


def test_what_was_open_is_heard_to_the_sample_and_nothing_else(hearing: Recorded, copy: bytes) -> None:
    for number, track in enumerate(("mix", "mic-judge")):
        found, whole = decoded(copy, number)[LEAD:], hearing.sound(track)
        assert len(found) == hearing.end
        assert np.array_equal(found[:FIRST], whole[:FIRST])
        assert np.array_equal(found[LAST:], whole[LAST:])
        assert not found[FIRST:LAST].any()
    assert loudness(hearing.sound("mic-judge")[FIRST + 100 : LAST - 100], CLOSED_TONE) > 1000
    assert loudness(hearing.sound("mic-judge")[:FIRST], OPEN_TONE) > 1000
    assert len(heard()) == hearing.end


def test_no_packet_that_was_closed_is_in_the_file(hearing: Recorded, copy: bytes) -> None:
    """Neither whole nor with 64 bytes of it, unless open packets have the same (an encoder's name, a still corner)."""
    opened, closed = [], []
    for track, kind in (("mic-judge", "audio"), ("mix", "audio"), ("cam-overview", "video")):
        for segment in hearing.bodies(LeafKind.SEGMENT, track):
            for one in packets(hearing.file(segment).read_bytes(), kind):
                hidden = one.end > CLOSED[0] and one.start < CLOSED[1]
                (closed if hidden else opened).append(one.content)
    known = b"".join(opened)
    assert sum(one in copy for one in opened) > len(opened) * 0.9
    pieces = [one[at : at + 64] for one in closed for at in range(0, len(one) - 63, 64)]
    assert len(pieces) > 1000
    assert not any(one in copy and one not in known for one in pieces)
    assert not any(one in copy for one in closed if len(one) > 64 and one not in known)


def test_pictures_are_those_of_the_open_parts_and_cards(hearing: Recorded, copy: bytes) -> None:
    found = shown(copy)
    source = {}
    for segment in hearing.bodies(LeafKind.SEGMENT, "cam-overview"):
        source |= {round(at, 3): picture for at, picture in shown(hearing.file(segment).read_bytes())}
    own = [(round(at - LEAD_SECONDS, 3), picture) for at, picture in found]
    taken = [at for at, picture in own if at in source and np.array_equal(picture, source[at])]
    assert all(at + 0.039 <= CLOSED[0] or at >= CLOSED[1] for at in taken)
    assert CLOSED[0] - 0.2 < max(at for at in taken if at < CLOSED[0])
    assert min(at for at in taken if at > CLOSED[0]) < CLOSED[1] + 2.1  # the next keyframe
    others = [picture for at, picture in own if at not in taken]
    assert len({picture.tobytes() for picture in others}) == 2  # the two cards
    assert {at for at, _ in own if at < 0} == {float(at) for at in range(-LEAD_SECONDS, 0)}


def test_chapters_words_and_mark_go_with_it(copy: bytes) -> None:
    with av.open(io.BytesIO(copy)) as container:
        assert container.metadata["title"] == "ГД 4405/24-Б2"
        assert container.metadata["comment"] == "Экз. № 7"
        told = [(one["metadata"]["title"], float(one["start"] * one["time_base"])) for one in container.chapters()]
        assert told == [("Экз. № 7", 0.0), ("Открытие; начало", 11.0), ("Прения", 40.0)]
        [words] = [one for one in container.demux(container.streams.subtitles[0]) if "Слушается" in bytes(one).decode()]
        assert float(words.pts * words.time_base) == 12.0


def test_a_mark_in_every_picture_is_an_encoding_anew(hearing: Recorded, copy: bytes, tmp_path: Path) -> None:
    path = tmp_path / "marked.mp4"
    render(film(hearing, over=mark("Экз. № 7. Ким А. Б.", 640, 360)), path)
    found = shown(path.read_bytes())
    plain = [picture for _, picture in shown(copy)]
    apart = [np.abs(one.astype(int) - other)[330:].max() for (_, one), other in zip(found, plain, strict=True)]
    assert min(apart[LEAD_SECONDS:]) > 60, "the cards before it name the recipient themselves"
    assert not decoded(path.read_bytes())[LEAD + FIRST : LEAD + LAST].any()


def test_a_mark_in_the_sound_is_made_of_what_is_open_alone(hearing: Recorded, tmp_path: Path) -> None:
    track, opened = copied_track(hearing, "mic-judge"), open_ticks(ORDERS, hearing.end, AUDIO_RATE)
    kept, stored = np.concatenate([*streams.samples(track, opened, hearing.end)]), hearing.sound("mic-judge")
    assert not kept[FIRST:LAST].any()
    stored[FIRST:LAST] = 0
    assert np.array_equal(kept, stored)
    sound = streams.marked_sound(track, opened, hearing.end, tones("1#1#"), b"k" * 32)
    path = tmp_path / "copy.mp4"
    render(Film([Stream(sound, "mic-judge")], hearing.end / AUDIO_RATE, "", "", "rus"), path)
    found = decoded(path.read_bytes())
    assert np.array_equal(found[:LEAD], tones("1#1#"))
    assert np.array_equal(found[LEAD:], np.concatenate([*marked([kept], b"k" * 32)]))
    assert np.abs(found[LEAD:].astype(int) - kept).max() > 100
    assert not found[LEAD + FIRST : LEAD + LAST].any()


def test_without_an_open_part_of_a_track_nothing_is_made(hearing: Recorded, tmp_path: Path) -> None:
    made = streams.sound(copied_track(hearing, "mix"), [], hearing.end, tones("1#1#"))
    heard = streams.marked_sound(copied_track(hearing, "mix"), [], hearing.end, tones("1#1#"), b"k" * 32)
    for one in (made, heard):
        with pytest.raises(Exception, match="Nothing of the track mix"):
            render(Film([Stream(one, "mix")], 1, "", "", "rus"), tmp_path / "copy.mp4")


def test_without_ffmpeg_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "none"))
    with pytest.raises(CopyError, match="FFmpeg, which makes copies, is not there"):
        render(Film([Stream(iter([b"x"]), "mix")], 1, "", "", "rus"), tmp_path / "copy.mp4")


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\necho 'Error writing trailer: No space left on device' >&2; exit 228\n")
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    with pytest.raises(CopyError, match=r"No space left on device\): make room on the disk"):
        render(Film([Stream(iter([b"x"]), "mix")], 1, "", "", "rus"), tmp_path / "copy.mp4")


def test_what_ffmpeg_says_reaches_a_person(hearing: Recorded, tmp_path: Path) -> None:
    made = Stream(iter([b"no film at all" * 1000]), "mix")
    with pytest.raises(CopyError, match="FFmpeg could not make the copy"):
        render(Film([made], 1, "", "", "rus"), tmp_path / "copy.mp4")
