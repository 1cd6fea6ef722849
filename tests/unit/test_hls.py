"""Playlists: what they say word for word, and the corners."""

from datetime import UTC, datetime, timedelta

import pytest

from api.hls import Inset, Piece, Rendition, codec_name, master_playlist, media_playlist
from court.timeline import SampleRange

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def piece(sequence: int, start: int, end: int, init_size: int = 700) -> Piece:
    span = SampleRange(start * 48_000, end * 48_000, 48_000)
    uri = f"mic-judge/{sequence}.mp4"
    return Piece(span, uri, size=10_700, init_size=init_size, utc=START + timedelta(seconds=start))


def test_an_ended_track_word_for_word() -> None:
    text = media_playlist([piece(1, 52, 60), piece(0, 0, 15)], 60 * 48_000, 48_000, ended=True)
    assert text.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:8",
        "#EXT-X-TARGETDURATION:30",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="mic-judge/0.mp4",BYTERANGE="700@0"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T09:00:00.000Z",
        "#EXTINF:15.000000,",
        "#EXT-X-BYTERANGE:10000@700",
        "mic-judge/0.mp4",
        "#EXT-X-GAP",
        "#EXTINF:30.000000,",
        "gap",
        "#EXT-X-GAP",
        "#EXTINF:7.000000,",
        "gap",
        '#EXT-X-MAP:URI="mic-judge/1.mp4",BYTERANGE="700@0"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T09:00:52.000Z",
        "#EXTINF:8.000000,",
        "#EXT-X-BYTERANGE:10000@700",
        "mic-judge/1.mp4",
        "#EXT-X-ENDLIST",
    ]


def test_a_live_track_only_grows() -> None:
    shorter = media_playlist([piece(0, 0, 15)], 15 * 48_000, 48_000, ended=False)
    longer = media_playlist([piece(0, 0, 15), piece(1, 15, 30)], 30 * 48_000, 48_000, ended=False)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in shorter
    assert "ENDLIST" not in shorter
    assert longer.startswith(shorter)


def test_a_segment_longer_than_the_target_raises_it() -> None:
    assert "#EXT-X-TARGETDURATION:42\n" in media_playlist([piece(0, 0, 42)], 42 * 48_000, 48_000, ended=True)


def test_another_init_part_is_named_again() -> None:
    text = media_playlist([piece(0, 0, 5), piece(1, 5, 9, init_size=710)], 9 * 48_000, 48_000, ended=True)
    assert text.count("#EXT-X-MAP") == 2
    assert "#EXT-X-BYTERANGE:9990@710" in text


def test_a_track_of_which_nothing_may_be_heard_is_all_gap() -> None:
    text = media_playlist([], 45 * 48_000, 48_000, ended=True)
    assert text.count("#EXT-X-GAP") == 2
    assert ".mp4" not in text


def test_the_master_offers_every_microphone_and_one_picture() -> None:
    sound = [Rendition("mix", "mix", "fLaC", 400_000), Rendition("mic-judge", 'Ju"dge\n', "fLaC", 390_000)]
    text = master_playlist(sound, Rendition("cam-hall", "cam-hall", "avc1.64001f", 2_000_000))
    assert text.splitlines()[3:] == [
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="mix",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="mix.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Judge",DEFAULT=NO,AUTOSELECT=NO,CHANNELS="1",'
        'URI="mic-judge.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=2400000,CODECS="avc1.64001f,fLaC",AUDIO="sound"',
        "cam-hall.m3u8",
    ]


def test_without_a_picture_the_default_sound_is_the_variant() -> None:
    text = master_playlist([Rendition("mix", "mix", "fLaC", 400_000)], None)
    assert text.splitlines()[-2:] == ['#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS="fLaC",AUDIO="sound"', "mix.m3u8"]
    assert master_playlist([], None).splitlines()[-1] == "#EXT-X-INDEPENDENT-SEGMENTS"


def test_a_browser_without_h265_is_offered_the_sound_alone() -> None:
    camera = Rendition("cam-hall", "cam-hall", "hvc1.1.6.L93.b0", 900_000)
    text = master_playlist([Rendition("mix", "mix", "fLaC", 400_000)], camera)
    assert text.splitlines()[-4:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=1300000,CODECS="hvc1.1.6.L93.b0,fLaC",AUDIO="sound"',
        "cam-hall.m3u8",
        '#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS="fLaC",AUDIO="sound"',
        "mix.m3u8",
    ]


HVCC = b"..moov..hvcC\x01\x01\x60\x00\x00\x00\xb0\x00\x00\x00\x00\x00\x5d\xf0\x00"
AVCC = b"....moov....avcC\x01\x64\x00\x1f\xff...."


@pytest.mark.parametrize(
    ("stored", "init", "named"),
    [
        ("flac", b"", "fLaC"),
        ("opus", b"", "Opus"),
        ("h264", AVCC, "avc1.64001f"),
        ("h264", b"no such box", ""),
        ("h264", b"cut short avcC\x01\x64", ""),
        ("hevc", HVCC, "hvc1.1.6.L93.b0"),
        ("hevc", HVCC[:20], ""),
        ("vp9", AVCC, ""),
    ],
)
def test_codecs_are_named_as_browsers_know_them(stored: str, init: bytes, named: str) -> None:
    assert codec_name(stored, init) == named


def test_an_unknown_codec_is_left_for_the_player_to_find_out() -> None:
    assert "CODECS" not in master_playlist([Rendition("mix", "mix", "", 1)], None)


def test_what_another_recording_fills_has_its_own_init_part_and_its_seams_are_marked() -> None:
    inset = Piece(
        SampleRange(5 * 48_000, 9 * 48_000, 48_000), "spare/x/1-240000.mp4", 0, 0, START, init_uri="spare/x/1.init.mp4"
    )
    seams = [Inset("x", START, 4.0, 0.02)]
    text = media_playlist([piece(0, 0, 5), inset, piece(1, 9, 12)], 12 * 48_000, 48_000, ended=True, insets=seams)
    lines = text.splitlines()
    assert [one for one in lines if one.startswith("#EXT-X-MAP")] == [
        '#EXT-X-MAP:URI="mic-judge/0.mp4",BYTERANGE="700@0"',
        '#EXT-X-MAP:URI="spare/x/1.init.mp4"',
        '#EXT-X-MAP:URI="mic-judge/1.mp4",BYTERANGE="700@0"',
    ]
    at = lines.index("spare/x/1-240000.mp4")
    assert lines[at - 1] == "#EXTINF:4.000000,"
    assert text.count("#EXT-X-BYTERANGE") == 2
    (mark,) = [one for one in lines if one.startswith("#EXT-X-DATERANGE")]
    assert mark.endswith('DURATION=4.000,X-RECORDING="x",X-UNCERTAINTY=0.020')
