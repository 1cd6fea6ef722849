"""What the API gives out of a recorded hearing, on both databases: lists, timeline, playlists, byte ranges."""

import json
from pathlib import Path

import pytest

from court.openness import Openness
from court.people import UserRole
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, Server, make_server

OTHER = HEARING[:-1] + "2"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    made.transcribe([_utterance(0, 2_000, "Суд идёт"), _utterance(1, 75_000, "Прошу приобщить")])
    return made


def test_the_list_finds_any_spelling_and_a_party_sees_only_its_own(server: Server) -> None:
    server.receive(made_hearing(OTHER))
    judge = server.user(UserRole.JUDGE)
    assert {one["id"] for one in judge.get("/api/hearings").json()} == {HEARING, OTHER}
    assert len(judge.get("/api/hearings", params={"search": "э 1"}).json()) == 2
    assert judge.get("/api/hearings", params={"search": "999"}).json() == []
    party = server.user(UserRole.PARTY, granted=[OTHER])
    assert [one["id"] for one in party.get("/api/hearings").json()] == [OTHER]
    assert party.get(f"/api/hearings/{HEARING}").status_code == 403


def test_the_card_tells_state_and_length(server: Server) -> None:
    card = server.user(UserRole.SECRETARY).get(f"/api/hearings/{HEARING}").json()
    assert (card["case_number"], card["state"], card["duration"], card["openness"]) == ("Э-1/26", "ended", 90.0, "open")


def test_the_timeline_puts_everything_on_one_clock(server: Server) -> None:
    timeline = server.user(UserRole.JUDGE).get(f"/api/hearings/{HEARING}/timeline").json()
    judge = next(one for one in timeline["tracks"] if one["track"] == "mic-judge")
    assert [(one["start"], one["end"]) for one in judge["segments"]] == [(0, 10), (70, 80), (80, 90)]
    assert [(one["start"], one["end"], one["cause"], one["declared"]) for one in timeline["gaps"]] == [
        (10, 70, "break", True), (10, 70, "break", True),
    ]  # fmt: skip
    assert [one["text"] for one in timeline["utterances"]] == ["Суд идёт", "Прошу приобщить"]
    assert timeline["utterances"][0]["words"][0] == {"text": "Суд", "start": 2.0, "end": 2.5, "probability": 0.5}


def test_the_transcript_is_complete_when_every_window_is_done(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    assert judge.get(f"/api/hearings/{HEARING}/transcript").json()["complete"] is False
    with server.context.database.begin() as work:
        for sequence in range(3):
            work.windows.done(HEARING, sequence)
    assert judge.get(f"/api/hearings/{HEARING}/transcript").json()["complete"] is True


def test_closed_spans_are_left_out_elsewhere_and_given_at_the_court(server: Server) -> None:
    server.order(HEARING, Openness.CLOSED, 60_000, 79_000)
    for address, heard, sifted in ((ELSEWHERE, ["Суд идёт"], 1), ("10.1.2.3", ["Суд идёт", "Прошу приобщить"], 0)):
        judge = server.user(UserRole.JUDGE, address)
        transcript = judge.get(f"/api/hearings/{HEARING}/transcript").json()
        assert ([one["text"] for one in transcript["utterances"]], transcript["withheld"]) == (heard, sifted)
        playable = [
            one["playable"] for one in judge.get(f"/api/hearings/{HEARING}/timeline").json()["tracks"][0]["segments"]
        ]
        assert playable == [True, not sifted, True]
        assert judge.get(f"/media/{HEARING}/mic-judge/1.mp4").status_code == (403 if sifted else 200)
        assert ("mic-judge/1.mp4" in judge.get(f"/media/{HEARING}/mic-judge.m3u8").text) is not bool(sifted)


def test_the_playlist_covers_the_hearing_from_the_stored_files(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    master = judge.get(f"/media/{HEARING}/master.m3u8").text
    assert 'URI="mic-judge.m3u8"' in master
    assert master.rstrip().endswith("cam-hall.m3u8")
    playlist = judge.get(f"/media/{HEARING}/cam-hall.m3u8").text
    lengths = [float(line[8:-1]) for line in playlist.splitlines() if line.startswith("#EXTINF:")]
    assert lengths == [10, 30, 30, 10, 10]
    assert playlist.rstrip().endswith("#EXT-X-ENDLIST")
    segment = judge.get(f"/media/{HEARING}/cam-hall/0.mp4", headers={"Range": "bytes=20-"})
    assert "#EXT-X-PROGRAM-DATE-TIME:2026-11-02T04:01:20.000Z" in playlist
    assert f"#EXT-X-BYTERANGE:{len(segment.content)}@20\ncam-hall/0.mp4" in playlist


def test_byte_ranges_come_from_the_stored_object(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    address = f"/media/{HEARING}/mic-judge/0.mp4"
    whole = judge.get(address)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    assert server.store.read(whole.headers["etag"].strip('"')) == whole.content
    size = len(whole.content)
    part = judge.get(address, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    assert part.headers["content-range"] == f"bytes 2-5/{size}"
    assert judge.get(address, headers={"Range": "bytes=-3"}).content == whole.content[-3:]
    beyond = judge.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    head = judge.head(address, headers={"Range": "bytes=2-5"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (206, b"", "4")
    assert judge.get(address, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    stale = judge.get(address, headers={"Range": "bytes=2-5", "If-Range": '"older"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    assert "private" in whole.headers["cache-control"]


def test_what_does_not_exist_is_not_found(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    for path in (
        f"/api/hearings/{OTHER}", "/api/hearings/not-an-id", f"/media/{HEARING}/mic-judge/99.mp4",
        f"/media/{HEARING}/mic-nobody.m3u8", f"/media/{OTHER}/master.m3u8",
    ):  # fmt: skip
        assert judge.get(path).status_code == 404, path


def test_views_are_journalled_once_in_a_while_and_with_the_deed(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    for _ in range(3):
        judge.get(f"/media/{HEARING}/mic-judge/0.mp4")
        judge.get(f"/api/hearings/{HEARING}/transcript")
    assert _journal(server) == [("judge", "play", "mic-judge"), ("judge", "read", "transcript")]
    server.clock.forward(16 * 60)
    judge.get(f"/media/{HEARING}/mic-judge/1.mp4")
    assert _journal(server)[2:] == [("judge", "play", "mic-judge")]


def test_a_refused_view_leaves_no_entry_and_a_missing_object_says_so(server: Server) -> None:
    server.user(UserRole.ADMIN).get(f"/api/hearings/{HEARING}/transcript")
    assert _journal(server) == []
    with server.context.database.read() as work:
        segment = work.hearings.segment(HEARING, "mic-judge", 0)
        stored = work.log.object(segment.sha256) if segment else None
    assert stored is not None
    path = server.store.folder / stored.key
    path.chmod(0o600)
    path.unlink()
    answer = server.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/0.mp4")
    assert (answer.status_code, stored.sha256 in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("sequence", ["99999999999999999999", "2147483648", "-1"])
def test_a_number_no_segment_can_have_is_refused(server: Server, sequence: str) -> None:
    assert server.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/{sequence}.mp4").status_code == 422


def test_only_the_newest_transcription_of_a_window_is_shown(server: Server) -> None:
    again = _utterance(1, 75_500, "Прошу приобщить расписку")
    again.engine = "better"
    server.transcribe([again])
    judge = server.user(UserRole.JUDGE)
    for part in ("transcript", "timeline"):
        texts = [one["text"] for one in judge.get(f"/api/hearings/{HEARING}/{part}").json()["utterances"]]
        assert texts == ["Суд идёт", "Прошу приобщить расписку"]


def _journal(server: Server) -> list[tuple[str, str, str]]:
    with server.context.database.read() as work:
        entries = [json.loads(row.entry) for row in work.log.entries(HEARING) if row.kind == LeafKind.ACCESS]
    return [(one["body"]["actor"], one["body"]["action"], one["body"]["object"]) for one in entries]


def _utterance(sequence: int, start_ms: int, text: str) -> Utterance:
    words = [
        {"text": word, "start_ms": start_ms + 500 * place, "end_ms": start_ms + 500 * place + 500, "probability": 0.5}
        for place, word in enumerate(text.split())
    ]
    return Utterance(
        hearing_id=HEARING, sequence=sequence, track="mic-judge", role="judge", start_ms=start_ms,
        end_ms=start_ms + 1_000, text=text, words=words, language="ru", flags=[], engine="scripted", model="none",
        parameters_key="ab" * 32, segment_sha256=f"{sequence:064x}", position=0,
    )  # fmt: skip
