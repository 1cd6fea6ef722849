"""The node deletes its own copies: only what the server has just read back, and killed at any step it loses nothing."""

import hashlib
import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from recorder.clearing import Cleared, asking, clear, cleared
from recorder.errors import Undelivered
from recorder.spool import Attachment, HearingRow, Spool
from tests.simulators.power import every_death

KEEP = timedelta(days=30)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OLD, YOUNG = (NOW - timedelta(days=31)).timestamp(), (NOW - timedelta(days=29)).timestamp()
ENDED, RUNNING = "ended", "running"


def add(spool: Spool, hearing: str, written: float = OLD, *, sent: bool = True, stored: bool = True) -> str:
    """A segment; its SHA-256."""
    seq = len(spool.entries(hearing))
    content = f"{hearing} {seq}".encode() * 100
    file, digest = f"{hearing}/cam-hall-{seq:05d}.mp4", hashlib.sha256(content).hexdigest()
    (spool.folder / file).write_bytes(content)
    spool.append(hearing, seq, b"entry %d" % seq, written, ("cam-hall", Attachment(file, digest, len(content))))
    (position,) = [one.position for one in spool.waiting() if (one.hearing, one.seq) == (hearing, seq)]
    if sent:
        spool.mark_sent([position])
    if stored:
        spool.mark_stored(position)
    return digest


def begun(home: Path) -> Spool:
    spool = Spool(home)
    for hearing in (ENDED, RUNNING):
        spool.begin(HearingRow(hearing, "", "fast", scripted=False))
    spool.end(ENDED)
    return spool


def everything(objects: Sequence[str]) -> set[str]:
    return {*objects}


def kept(spool: Spool) -> set[str]:
    """SHA-256 of the copies that are here, each with the right bytes."""
    found = set()
    for hearing in (ENDED, RUNNING):
        for entry in spool.entries(hearing):
            assert entry.attachment is not None
            path = spool.folder / entry.attachment.file
            if path.exists():
                assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.attachment.sha256
                found.add(entry.attachment.sha256)
    return found


def test_only_what_is_old_acknowledged_and_whole_on_the_server_goes(tmp_path: Path) -> None:
    with closing(begun(tmp_path)) as spool:
        goes = {add(spool, ENDED) for _ in range(40)}
        stays = {
            add(spool, ENDED, YOUNG),
            add(spool, ENDED, sent=False),
            add(spool, ENDED, stored=False),
            add(spool, RUNNING),
            (damaged := add(spool, ENDED)),
        }
        entries = [one.entry for one in spool.entries(ENDED)]
        asked: list[str] = []

        def whole(objects: Sequence[str]) -> set[str]:
            asked.extend(objects)
            return {*objects} - {damaged}

        assert clear(spool, whole, NOW, KEEP) == 40
        assert kept(spool) == stays
        assert {*asked} == goes | {damaged}
        assert len(asked) == len({*asked})
        assert [one.entry for one in spool.entries(ENDED)] == entries
        assert cleared(spool).count == 40
        assert clear(spool, everything, NOW, KEEP) == 1
        spool.end(RUNNING)
        assert clear(spool, everything, NOW, KEEP) == 1
        sizes = [one.attachment.size for one in (*spool.entries(ENDED), *spool.entries(RUNNING)) if one.attachment]
        assert cleared(spool) == Cleared(42, sum(sizes) - 3 * 800)


def test_a_server_that_does_not_answer_costs_nothing(tmp_path: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    def failing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json={"detail": "busy"})

    def strange(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=["all of them"])

    with closing(begun(tmp_path)) as spool:
        digest = add(spool, ENDED)
        for server in (away, failing, strange):
            client = httpx.Client(base_url="http://server", transport=httpx.MockTransport(server))
            with pytest.raises(Undelivered, match="does not say what it has"):
                clear(spool, asking(client), NOW, KEEP)
        assert kept(spool) == {digest}


def test_what_is_asked_for_again_meanwhile_stays(tmp_path: Path) -> None:
    with closing(begun(tmp_path)) as spool:
        digest = add(spool, ENDED)

        def whole(objects: Sequence[str]) -> set[str]:
            spool.send_again(0.0)
            return {*objects}

        assert clear(spool, whole, NOW, KEEP) == 0
        assert kept(spool) == {digest}
        assert spool.backlog().count == 1


def test_sending_again_names_what_was_deleted_here(tmp_path: Path) -> None:
    with closing(begun(tmp_path)) as spool:
        add(spool, ENDED)
        add(spool, ENDED, YOUNG)
        clear(spool, everything, NOW, KEEP)
        count, gone = spool.send_again(0.0)
        assert (count, gone.count, gone.size) == (2, 1, 700)
        assert [(one.seq, one.leaf_waits, one.bytes_wait) for one in spool.waiting()] == [
            (0, True, False),
            (1, True, True),
        ]


def clear_in(home: Path, done: list[Any]) -> None:
    with closing(Spool(home)) as spool:
        clear(spool, everything, NOW, KEEP)
        done.append("cleared")


def test_killed_at_any_step_it_loses_nothing_and_finishes_later(tmp_path: Path) -> None:
    template = tmp_path / "template"
    with closing(begun(template)) as spool:
        goes = {add(spool, ENDED) for _ in range(3)}
        stays = {add(spool, ENDED, YOUNG), add(spool, RUNNING)}
    for left in every_death(tmp_path / "deaths", clear_in, partial(shutil.copytree, template)):
        with closing(Spool(left.home)) as spool:
            here = kept(spool)
            assert stays <= here, left.how
            told = {sha256 for (sha256,) in spool.rows("SELECT sha256 FROM entry WHERE local = 'here'")}
            assert told <= here, left.how
            assert len(spool.entries(ENDED)) == 4, left.how
            if left.acknowledged:
                assert cleared(spool).count == 3, left.how
            clear(spool, everything, NOW, KEEP)
            assert kept(spool) == stays, left.how
            assert cleared(spool).count == len(goes), left.how
