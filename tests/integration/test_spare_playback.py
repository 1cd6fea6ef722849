"""The hearing is played, read and told as one, although two nodes recorded it; and closed where either says so."""

import io
import re
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from api import spare_media
from api.verification import verify
from court.clock import parse_utc
from court.openness import Openness, openness_of
from court.people import UserRole
from hardware.devices import AUDIO_RATE
from hardware.segment_reader import read_pcm
from protocol.filling import filled
from storage.db.models import NoteRow, OpennessRow, Utterance
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.server import ELSEWHERE, Server, make_server
from tests.factories.spare_hearing import BEGAN, END, LATER, LOST, WRONG, SpareHearing, room_sound, two_recordings

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def both(server: Server, tmp_path: Path) -> SpareHearing:
    return two_recordings(server, tmp_path)


def entries(text: str) -> list[tuple[float, str, str]]:
    """(start, init, URI) of every entry."""
    found, at, init, seconds = [], 0.0, "", 0.0
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            init = line.split('URI="')[1].split('"')[0]
        elif line.startswith("#EXTINF"):
            seconds = float(line[8:-1])
        elif not line.startswith("#"):
            found.append((at, init, line))
            at += seconds
    return found


def test_the_playlist_goes_over_to_the_spare_at_a_seam(server: Server, both: SpareHearing) -> None:
    judge = server.user(UserRole.JUDGE)
    text = judge.get(f"/media/{both.first}/mic-judge.m3u8").text
    (mark,) = re.findall(r'DATERANGE:.*START-DATE="([^"]+)",DURATION=([0-9.]+),X-RECORDING="([^"]+)"', text)
    assert (parse_utc(mark[0]) - BEGAN).total_seconds() == LOST
    assert float(mark[1]) == pytest.approx(END - LOST, abs=0.01)
    assert mark[2] == both.spare
    parts = entries(text)
    seconds = [float(one) for one in re.findall(r"#EXTINF:([0-9.]+),", text)]
    assert sum(seconds) == pytest.approx(END + WRONG, abs=0.05)  # the court told the end by the clocks
    assert [one[2] for one in parts].count("gap") == 1
    assert seconds[-1] == pytest.approx(WRONG, abs=0.05)
    sound = room_sound()
    beside = [one for one in parts if one[2].startswith("spare/")]
    assert 0 < len(beside) < len(parts)
    assert LOST - 0.7 <= beside[0][0] <= LOST  # from a fragment on
    heard = np.zeros(END * AUDIO_RATE, np.int16)
    for at, init, uri in beside:
        base = f"/media/{both.first}/"
        start, pcm = read_pcm(judge.get(base + init).content + judge.get(base + uri).content)
        assert start / AUDIO_RATE == pytest.approx(at, abs=0.001)
        stop = min(len(heard), start + len(pcm))
        heard[start:stop] = pcm[: stop - start]
    # What is heard there is what was said there, to a few samples.
    away = slice(LOST * AUDIO_RATE, (END - 1) * AUDIO_RATE)
    best = max(np.corrcoef(heard[away], np.roll(sound, shift)[away])[0, 1] for shift in range(-96, 97, 8))
    assert best > 0.9


def test_all_tracks_go_over_and_the_master_has_them_all(server: Server, tmp_path: Path) -> None:
    both = two_recordings(server, tmp_path, camera=True)
    judge = server.user(UserRole.JUDGE)
    master = judge.get(f"/media/{both.first}/master.m3u8").text
    assert "cam-overview.m3u8" in master
    for track in ("mic-judge", "mix", "cam-overview"):
        text = judge.get(f"/media/{both.first}/{track}.m3u8").text
        assert text.count("#EXT-X-DATERANGE") == 1, track
        (first, *_) = [one for one in entries(text) if one[2].startswith("spare/")]
        content = b"".join(judge.get(f"/media/{both.first}/{one}").content for one in first[1:])
        with av.open(io.BytesIO(content)) as container:
            packet = next(container.demux())
            assert packet.pts is not None
            assert float(packet.pts * packet.time_base) == pytest.approx(first[0], abs=0.1)


def test_nothing_else_of_the_spare_can_be_had_and_it_is_no_hearing(server: Server, both: SpareHearing) -> None:
    judge = server.user(UserRole.JUDGE)
    assert [one["id"] for one in judge.get("/api/hearings").json()] == [both.first]
    for path in ("", "/transcript", "/timeline"):
        assert judge.get(f"/api/hearings/{both.spare}{path}").status_code == 404
    for path in ("master.m3u8", "mic-judge.m3u8", "mic-judge/0.mp4"):
        assert judge.get(f"/media/{both.spare}/{path}").status_code == 404
    beside = f"/media/{both.first}/spare/{both.spare}/mic-judge"
    assert judge.get(f"{beside}/1-0.mp4").status_code == 404
    assert judge.get(f"{beside}/1-{LOST * AUDIO_RATE + 1}.mp4").status_code == 404
    assert judge.get(f"{beside}/1-{LOST * AUDIO_RATE}.mp4").status_code == 200
    with server.context.database.read() as work:
        told = [row.entry for row in work.log.entries(both.first) if row.kind == LeafKind.ACCESS]
        assert any(f"mic-judge, spare recording {both.spare}".encode() in entry for entry in told)
        assert not any(row.kind == LeafKind.ACCESS for row in work.log.entries(both.spare))


@pytest.mark.parametrize("which", ["first", "spare"])
def test_what_either_says_is_closed_is_closed(server: Server, both: SpareHearing, which: str) -> None:
    """An order on either timeline over what the spare recorded at 25 to 27 s of the hearing."""
    judge = server.user(UserRole.JUDGE, ELSEWHERE)
    base = f"/media/{both.first}/"
    open_before = [one[2] for one in entries(judge.get(f"{base}mic-judge.m3u8").text) if one[2] != "gap"]
    ordered, later = (both.first, 0.0) if which == "first" else (both.spare, LATER)
    server.order(ordered, Openness.CLOSED, round((25 - later) * 1000), round((27 - later) * 1000))
    text = judge.get(f"{base}mic-judge.m3u8").text
    shown = [one[2] for one in entries(text) if one[2] != "gap"]
    hidden = set(open_before) - set(shown)
    assert hidden
    assert all(uri.startswith("spare/") for uri in hidden)
    for uri in hidden:
        assert judge.get(base + uri).status_code == 403
        assert judge.get(base + uri.replace(".mp4", ".init.mp4")).status_code == 403
    assert server.user(UserRole.JUDGE).get(base + next(iter(hidden))).status_code == 200


def test_what_a_fragment_holds_behind_the_hole_must_be_open_too(server: Server, tmp_path: Path) -> None:
    """The first node's recording comes back in the middle of a fragment of the spare's."""
    both = two_recordings(server, tmp_path, camera=True)
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        for one in filled(work, server.context.store, hearing):
            [fill] = one.fills
            end = fill.span.end - 2 * fill.span.rate - fill.span.rate // 100
            short = replace(one, fills=(replace(fill, span=replace(fill.span, end=end)),))
            [part] = spare_media.parts(work, server.context.store, [short])
            assert part.span.end == end
            content = part.init(server.context.store) + part.media(server.context.store)
            with av.open(io.BytesIO(content)) as container:
                packets = [one for one in container.demux() if one.pts is not None]
            rate = packets[0].stream.time_base.denominator
            last = max((one.pts + one.duration) * part.span.rate // rate for one in packets)
            assert last == part.held.end > end


def test_an_order_on_the_dead_node_does_not_close_what_was_opened_after(server: Server, both: SpareHearing) -> None:
    told = ((both.first, 8_000, "closed"), (both.spare, 5_500, "closed"), (both.spare, 23_000, "open"))
    with server.context.database.begin() as work:
        for index, (hearing, start, what) in enumerate(told):
            row = {"hearing_id": hearing, "start_ms": start, "end_ms": None, "openness": what, "leaf_index": index}
            work.hearings.add(OpennessRow(ordered_by="node", **row))
        work.session.flush()
        orders = work.hearings.openness(both.first)
    found = {at: openness_of(orders, at, at).value for at in (7, 9, 20.5, 25, 27, 31)}
    assert found == {7: "open", 9: "closed", 20.5: "closed", 25: "closed", 27: "open", 31: "open"}


def test_the_page_says_who_recorded_what_and_counts_it_as_recorded(server: Server, both: SpareHearing) -> None:
    judge = server.user(UserRole.JUDGE)
    timeline = judge.get(f"/api/hearings/{both.first}/timeline").json()
    assert {one["track"] for one in timeline["fills"]} == {"mic-judge", "mix"}
    assert all(one["heard"] and one["uncertainty"] < 0.1 for one in timeline["fills"])
    assert any(one["spare"] and one["playable"] for one in timeline["tracks"][0]["segments"])
    judge.headers["Accept"] = "text/html"
    page = judge.get(f"/hearings/{both.first}").text
    assert "Записано запасным узлом" in page
    assert "есть сбои" not in page
    assert "Причина не зафиксирована" not in page
    assert list(verify(server.context, both.first)) == []


def test_words_and_notes_of_the_spare_stand_where_the_first_was_away(server: Server, both: SpareHearing) -> None:
    def said(sequence: int, start: float, text: str) -> Utterance:
        return Utterance(
            hearing_id=both.spare, sequence=sequence, track="mic-judge", role="judge",
            start_ms=round(start * 1000), end_ms=round(start * 1000) + 500, words=[], text=text, language="ru",
            flags=[], engine="e", model="m", parameters_key="ab" * 32, segment_sha256=f"{sequence:064}", position=0,
        )  # fmt: skip

    server.transcribe([said(0, 1.0, "это есть у основного"), said(1, 25.0, "слово свидетелю")])
    with server.context.database.begin() as work:
        for hearing, at, text in (
            (both.first, 5.0, "обоим"), (both.spare, 5.0 - LATER, "обоим"), (both.spare, 24.0, "запасному"),
        ):  # fmt: skip
            work.hearings.add(
                NoteRow(hearing_id=hearing, at_sample=round(at * AUDIO_RATE), template="free", text=text, leaf_index=0)
            )
    timeline = server.user(UserRole.JUDGE).get(f"/api/hearings/{both.first}/timeline").json()
    assert [(one["text"], round(one["start"], 1)) for one in timeline["utterances"]] == [("слово свидетелю", 27.5)]
    assert [one["text"] for one in timeline["notes"]] == ["обоим", "запасному"]
    assert timeline["notes"][1]["at"] == pytest.approx(24 + LATER, abs=0.5)


def test_of_the_spare_only_what_fills_is_transcribed(server: Server, both: SpareHearing) -> None:
    with server.context.database.read() as work:
        offered = {one.sequence for one in work.windows.of(both.spare)}
        segments = list(work.hearings.segments(both.spare, "mic-judge"))
        own = {one.sequence for one in work.windows.of(both.first)}
    needed = {one.sequence for one in segments if one.end / one.rate + LATER > LOST}
    assert offered == needed
    assert offered < {one.sequence for one in segments}
    assert own == {0, 1}
