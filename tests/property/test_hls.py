"""Playback time is the hearing's time: a playlist tiles the timeline whatever is missing."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from api.hls import TARGET_SECONDS, Piece, media_playlist
from court.timeline import SampleRange

RATES = st.sampled_from([48_000, 90_000])
MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[list[Piece], int, int]:
    """Pieces without overlap, some stretches missing, in any order; the end and the rate."""
    rate = draw(RATES)
    lengths = draw(st.lists(st.tuples(st.integers(1, 40 * rate), st.booleans()), max_size=12))
    pieces, at = [], 0
    for number, (length, there) in enumerate(lengths):
        if there:
            span = SampleRange(at, at + length, rate)
            pieces.append(Piece(span, f"t/{number}.mp4", size=2000, init_size=700, utc=MOMENT))
        at += length
    return draw(st.permutations(pieces)), at, rate


def read(text: str) -> list[tuple[str, float]]:
    """(URI, seconds) of every entry, "gap" for gaps."""
    entries, seconds, gap = [], 0.0, False
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            seconds = float(line[8:-1])
        gap = gap or line == "#EXT-X-GAP"
        if not line.startswith("#"):
            entries.append(("gap" if gap else line, seconds))
            gap = False
    return entries


@given(tracks(), st.booleans())
def test_entries_tile_the_timeline(track: tuple[list[Piece], int, int], ended: bool) -> None:
    pieces, end, rate = track
    text = media_playlist(pieces, end, rate, ended)
    entries = read(text)
    assert abs(sum(seconds for _, seconds in entries) - end / rate) < 1e-5 * (len(entries) + 1)
    starts, at = {}, 0.0
    for uri, seconds in entries:
        starts[uri] = at
        at += seconds
    assert {uri for uri, _ in entries if uri != "gap"} == {piece.uri for piece in pieces}
    for piece in pieces:
        assert abs(starts[piece.uri] - piece.span.start_seconds) < 1e-5 * len(entries)
    target = int(next(line for line in text.splitlines() if "TARGETDURATION" in line).partition(":")[2])
    assert all(round(seconds) <= target for _, seconds in entries)
    assert all(seconds <= TARGET_SECONDS for uri, seconds in entries if uri == "gap")
    assert text.endswith("#EXT-X-ENDLIST\n") is ended
