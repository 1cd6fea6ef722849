"""A microphone's segments that the node's disk lost: given up there, lacking here, and everything else goes on."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api import versions
from api.access import Place
from api.caller import Caller
from api.export import ExportRefused, export
from api.verification import verify
from api.verification_notes import delivery_notes, loss_notes
from api.write_off import write_off
from court.hearing import HearingState
from court.people import UserRole
from court.timeline import GapCause
from protocol.annexes import completeness_lines
from protocol.context import make_context
from protocol.forms import load_form
from protocol.gather import gather
from protocol.settings import ProtocolSettings
from protocol.tasks import draft_protocol
from protocol.wording import Wording
from recorder.encode import SoundFile
from recorder.errors import Refused
from recorder.giving_up import give_up, take_back
from recorder.spool import Attachment, HearingRow, Spool
from recorder.uplink import Uplink
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file, print_told
from storage.queue import DRAFT_PROTOCOL
from tests.factories.command_line import courtrec
from tests.factories.hearing_log import HEARING, NODE, HearingLog, add_state, anchor
from tests.factories.server import Server, batch, make_server
from tests.factories.transcription import OneWord, spoken
from tests.integration.test_api_late_objects import NOBODY, ORDER
from transcribe.tasks import TranscribeContext, transcribe_next

MICROPHONES = ("mic-judge", "mic-claimant")
SECONDS = 4
LOST = [f"{HEARING}/{one}.mp4" for one in ("mic-judge-00001", "mic-judge-00002", "mic-claimant-00002")]
OPERATOR = Caller(0, "op", "op", UserRole.ADMIN, session_id=0, csrf="", address="", place=Place.ON_SITE)
HTML = {"Accept": "text/html"}
NOT_HERE = "записано, но не поступило в суд"
CAME_LATER = "Часть звука поступила, когда расшифровка уже была составлена"


class Counting(OneWord):
    """Counts the windows it is given."""

    heard = 0

    def __init__(self) -> None:
        super().__init__()
        self.before = self.count

    def count(self) -> None:
        self.heard += 1


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A hearing of three windows, recorded from two microphones as a node does. Of the second window one segment is
    lost, of the third both: gone, cut short, altered."""
    made = Spool(tmp_path / "node" / "spool")
    made.begin(HearingRow(HEARING, "", "fast", scripted=False))
    log, sound = HearingLog(), spoken()
    described = {"role": "", "kind": "audio", "rate": 48_000, "derived": False, "device": "x"}
    tracks = [{**described, "track": one, "role": one.removeprefix("mic-")} for one in MICROPHONES]
    card = {"case_number": "Э-1/26", "participants": [], "language": "ru"}
    body: dict[str, Any] = {"card": card, "room": "Зал 1", "node": "node-1", "profile": "evidence", "tracks": tracks}
    log.add(NODE, LeafKind.HEARING, body | {"started": anchor(0)})
    add_state(log, "recording", 0)
    for seq, entry in enumerate(log.entries):
        made.append(HEARING, seq, entry, 0.0)
    for window in range(3):
        for track in MICROPHONES:
            record(made, log, track, window, np.repeat(sound[track], 3))
    add_state(log, "ended", 3 * SECONDS)
    made.append(HEARING, len(log.entries) - 1, log.entries[-1], 0.0)
    made.end(HEARING)
    contents.update({one: (made.folder / one).read_bytes() for one in LOST})
    (made.folder / LOST[0]).unlink()
    (made.folder / LOST[1]).write_bytes(contents[LOST[1]][:1000])
    (made.folder / LOST[2]).write_bytes(contents[LOST[2]][:-1] + b"?")
    yield made
    made.close()


contents: dict[str, bytes] = {}
"""What the lost files held, for whoever puts them back."""


def record(spool: Spool, log: HearingLog, track: str, window: int, pcm: Any) -> None:
    file, start = f"{HEARING}/{track}-{window:05d}.mp4", window * SECONDS * 48_000
    written = SoundFile(spool.folder / file)
    written.write(start, pcm)
    sealed = written.seal()
    span = {"start": start, "end": start + len(pcm), "rate": 48_000, "anchor": anchor(window * SECONDS)}
    kept = {"sha256": sealed.sha256, "size": sealed.size, "init_size": sealed.init_size}
    told = {"track": track, "sequence": window, "codec": "flac", "partial": False}
    entry = log.add(NODE, LeafKind.SEGMENT, {**told, **span, **kept})
    spool.append(HEARING, len(log.entries) - 1, entry, 0.0, (track, Attachment(file, sealed.sha256, sealed.size)))


def deliver(server: Server, spool: Spool) -> None:
    Uplink(spool, server.node(), NODE.public).deliver()


def give_all_up(server: Server, spool: Spool) -> list[str]:
    """As the node's own sentences say, one after the other; which files."""
    named: list[str] = []
    for _ in range(10):
        try:
            deliver(server, spool)
        except Refused as error:
            told = re.search(r"`courtrec node give-up (\S+)`", str(error))
            assert told is not None, error
            named.append(told[1])
            give_up(spool.folder, told[1])
        else:
            return named
    raise AssertionError("there is no end to it")


def transcribe_all(server: Server, engine: OneWord) -> list[dict[str, Any]]:
    """By whatever is offered; what the log then states of it."""
    context = TranscribeContext(
        server.context.database,
        server.context.store,
        server.context.server_key,
        server.clock,
        lambda language, model="": engine,
    )
    while transcribe_next(context):
        pass
    with server.context.database.read() as work:
        return [dict(one) for one in work.utterances.transcripts(HEARING)]


def drafted(server: Server, folder: Path) -> bool:
    made = make_context(
        ProtocolSettings(),
        database=server.context.database,
        store=server.context.store,
        key=server.context.server_key,
        clock=server.clock,
        home=folder,
        site="https://court.example",
        keep=timedelta(days=3650),
    )
    return draft_protocol(made, HEARING)


def drafts_promised(server: Server) -> int:
    with server.context.database.read() as work:
        return work.outbox.waiting(DRAFT_PROTOCOL)


def told_in_draft(server: Server) -> str:
    """The newest draft, as it is kept."""
    with server.context.database.read() as work:
        latest = work.protocols.latest(HEARING)
        assert latest is not None
        assert latest.state == "draft"
        return json.dumps(latest.document, ensure_ascii=False)


def gap_lines(server: Server) -> list[str]:
    """What the protocol says of completeness."""
    with server.context.database.read() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        facts = gather(work, hearing, ZoneInfo("Asia/Bishkek"))
    return [one.text for one in completeness_lines(facts, Wording(facts, load_form("civil_brief", "ru")))]


def page(server: Server, path: str = "") -> str:
    return server.user(UserRole.JUDGE).get(f"/hearings/{HEARING}{path}", headers=HTML).text


def state(server: Server) -> str:
    with server.context.database.read() as work:
        hearing = work.hearings.get(HEARING)
        return "" if hearing is None else hearing.state


def test_the_hearing_ends_is_drafted_written_off_and_whole(server: Server, spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"{LOST[0]} cannot be read"):
        deliver(server, spool)
    assert state(server) == HearingState.RECORDING
    assert sorted(give_all_up(server, spool)) == sorted(LOST)
    assert (state(server), spool.backlog().count) == (HearingState.ENDED, 0)
    assert list(verify(server.context)) == []
    (note,) = delivery_notes(server.context)
    names = "mic-claimant/2, mic-judge/1, mic-judge/2"
    assert note.endswith(
        f"gave up: {names}. As administrator write it off (`courtrec write-off`), or put the bytes back there."
    )

    made = transcribe_all(server, OneWord())
    assert [[each["track"] for each in one["segments"]] for one in made] == [
        [*sorted(MICROPHONES)],
        ["mic-claimant"],
        [],
    ]
    with server.context.database.read() as work:
        assert [(one.state, one.attempts) for one in work.windows.of(HEARING)] == [("done", 1)] * 3
    lines = gap_lines(server)
    assert len(lines) == 2
    assert all(NOT_HERE in one and one.endswith(".") and "Признано утраченным" not in one for one in lines)
    timeline = server.user(UserRole.JUDGE).get(f"/api/hearings/{HEARING}/timeline").json()
    gaps = sorted((one["track"], one["start"], one["cause"]) for one in timeline["gaps"])
    lost = [("mic-claimant", 8.0), ("mic-judge", 4.0), ("mic-judge", 8.0)]
    assert gaps == [(*one, GapCause.UNDELIVERED) for one in lost]
    shown = page(server)
    assert all(one in shown for one in ("Утеряно на узле записи", "Записано, но не доставлено", "3 фрагмента"))
    assert not any(one in shown for one in ("Ещё в пути", "Не поступило, признано утраченным", CAME_LATER))
    assert page(server, "/transcript").count("Записано, но не доставлено · ") == 1  # where there is no sound at all
    playlist = server.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge.m3u8").text
    assert [f"mic-judge/{one}.mp4" in playlist for one in range(3)] == [True, False, False]
    with pytest.raises(ExportRefused, match="Not all of mic-claimant, mic-judge has arrived"):
        export(server.context, HEARING, tmp_path / "early", ORDER)
    assert drafted(server, tmp_path)
    assert "admin.b" not in told_in_draft(server)
    waiting = drafts_promised(server)

    assert ", ".join(write_off(server.context, HEARING, "admin.b", "a bad disk")) == names
    assert list(verify(server.context)) == list(delivery_notes(server.context)) == []
    assert next(iter(loss_notes(server.context))).endswith(f"(a bad disk), so that the time is a gap: {names}.")
    assert drafts_promised(server) == waiting + 1  # nobody has signed: the next draft names who decided
    assert drafted(server, tmp_path)
    assert "Признано утраченным (admin.b: a bad disk)" in told_in_draft(server)
    assert all(one.endswith("Признано утраченным (admin.b: a bad disk)") for one in gap_lines(server))
    assert "Утеряно на узле записи" not in page(server)
    exported = export(server.context, HEARING, tmp_path / "all", ORDER)
    assert print_told(check_file(tmp_path / "all", exported.log_key, NOBODY)) == 0


def test_what_is_put_back_is_taken_counts_again_and_is_transcribed_in_another_version(
    server: Server, spool: Spool, tmp_path: Path
) -> None:
    give_all_up(server, spool)
    transcribe_all(server, OneWord())
    for file in LOST:
        (spool.folder / file).write_bytes(contents[file])
    assert take_back(spool) == 3
    deliver(server, spool)
    assert list(verify(server.context)) == list(delivery_notes(server.context)) == []
    assert NOT_HERE not in " ".join(gap_lines(server))
    assert CAME_LATER in page(server)
    assert versions.again(server.context, OPERATOR, HEARING, "", tmp_path) == 2
    engine = Counting()
    made = transcribe_all(server, engine)[3:]
    assert [[each["track"] for each in one["segments"]] for one in made] == [[*sorted(MICROPHONES)]] * 3
    assert engine.heard == 2, "the first window is taken over"
    assert CAME_LATER not in page(server)
    assert list(verify(server.context)) == []


@pytest.mark.parametrize("given_up", [["ab" * 32], ["AB" * 32], ["none"]])
def test_only_what_is_named_is_excused(server: Server, spool: Spool, given_up: list[str]) -> None:
    entries = [one.entry for one in spool.entries(HEARING)]
    answer = server.node().post("/api/ingest/leaves", json=batch(entries) | {"given_up": given_up})
    assert (answer.status_code, state(server)) == (422, "")


def test_the_word_of_the_node_excuses_no_loss(server: Server, spool: Spool) -> None:
    """It says nothing of what is here: no statement of the court follows, and what is removed later is missing."""
    for file in LOST:
        (spool.folder / file).write_bytes(contents[file])
    rows = [one for one in spool.entries(HEARING) if one.attachment is not None]
    for one in rows:
        assert one.attachment is not None
        path = f"/api/ingest/objects/{one.attachment.sha256}"
        server.node().put(path, content=(spool.folder / one.attachment.file).read_bytes())
    named = [one.attachment.sha256 for one in rows if one.attachment is not None]
    entries = [one.entry for one in spool.entries(HEARING)]
    answer = server.node().post("/api/ingest/leaves", json=batch(entries) | {"given_up": named})
    assert answer.status_code == 200, answer.text
    with server.context.database.read() as work:
        kinds = [parse(row.entry).kind for row in work.log.entries(HEARING)]
        assert LeafKind.DELIVERY not in kinds
        assert list(work.hearings.given_up(HEARING)) == []


def test_the_command_works_beside_a_running_node_and_refuses_in_a_sentence(spool: Spool) -> None:
    home = spool.folder.parent
    done = courtrec(home, "node", "give-up", LOST[0])
    assert done.returncode == 0, done.stderr
    assert f"The segment {LOST[0]} is given up" in done.stdout
    assert [one.attachment.file for one in spool.entries(HEARING) if one.given_up and one.attachment] == [LOST[0]]
    refused = courtrec(home, "node", "give-up", f"{HEARING}/mic-judge-00000.mp4")
    assert (refused.returncode, "is whole on this disk" in refused.stderr) == (2, True)
    assert "Traceback" not in refused.stderr
