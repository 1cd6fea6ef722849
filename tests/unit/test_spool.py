import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.errors import SpoolError, SpoolInUse, disk_full
from recorder.spool import Attachment, Backlog, HearingRow, OpenSegment, Spool
from recorder.spool_file import spooled_file

ROW = HearingRow("hearing-1", "room text", "fast", scripted=True)
OPENED = OpenSegment("mic-judge", 3, 480, 48_000, "flac", "hearing-1/mic-judge-00003.mp4")
FILE = Attachment("hearing-1/mic-judge-00003.mp4", "ab" * 32, 1000)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path)
    made.begin(ROW)
    return made


def again(spool: Spool) -> Spool:
    """As the next process finds it."""
    spool.close()
    return Spool(spool.folder)


def test_a_hearing_is_unfinished_until_its_end(spool: Spool) -> None:
    spool = again(spool)
    assert spool.unfinished() == ROW
    spool.end(ROW.id)
    assert again(spool).unfinished() is None


def test_two_recorders_never_share_a_spool(spool: Spool) -> None:
    other = f"from pathlib import Path; from recorder.spool import Spool; Spool(Path({str(spool.folder)!r}))"
    refused = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
    assert "Another recorder uses the spool" in refused.stderr
    spool.close()
    assert subprocess.run([sys.executable, "-c", other], check=False).returncode == 0


def test_nor_do_two_in_one_process(spool: Spool) -> None:
    with pytest.raises(SpoolInUse):
        Spool(spool.folder)
    with pytest.raises(SpoolInUse):
        Spool(spool.folder)  # the first refusal has not released the lock
    again(spool).close()


def test_an_unusable_database_leaves_nothing_open(spool: Spool) -> None:
    spool.close()
    database = spool.folder / "spool.db"
    content = database.read_bytes()
    for rest in spool.folder.glob("spool.db*"):
        rest.unlink()
    database.write_bytes(b"no database at all" * 1000)
    with pytest.raises(SpoolError, match="cannot be used"):
        Spool(spool.folder)
    opened = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert not [one for one in opened if one.startswith(str(spool.folder))]
    database.write_bytes(content)
    assert Spool(spool.folder).unfinished() == ROW


def test_a_full_disk_loses_nothing_and_blocks_nothing(spool: Spool) -> None:
    def limit(pages: int) -> None:
        spool._db.execute(f"PRAGMA max_page_count = {pages}")

    ((pages,),) = spool.rows("PRAGMA page_count")
    limit(pages)
    with pytest.raises(sqlite3.OperationalError) as full:
        spool.append(ROW.id, 0, b"leaf" * 10_000, 5.0)
    assert disk_full(full.value)
    assert spool.entries(ROW.id) == []
    limit(10_000)
    spool.append(ROW.id, 0, b"leaf" * 10_000, 5.0)
    assert len(spool.entries(ROW.id)) == 1


def test_an_entry_replaces_the_open_segment_it_states(spool: Spool) -> None:
    spool.open_segment(ROW.id, OPENED)
    spool = again(spool)
    assert spool.open_segments(ROW.id) == [OPENED]
    spool.append(ROW.id, 0, b"leaf", 5.0, ("mic-judge", FILE))
    spool = again(spool)
    assert spool.open_segments(ROW.id) == []
    (entry,) = spool.entries(ROW.id)
    assert (entry.seq, entry.entry, entry.attachment) == (0, b"leaf", FILE)


def test_a_refused_entry_leaves_everything_as_it_was(spool: Spool) -> None:
    spool.append(ROW.id, 0, b"leaf", 5.0)
    spool.open_segment(ROW.id, OPENED)
    with pytest.raises(sqlite3.IntegrityError):
        spool.append(ROW.id, 0, b"another", 6.0, ("mic-judge", FILE))
    assert spool.open_segments(ROW.id) == [OPENED]
    assert [one.entry for one in spool.entries(ROW.id)] == [b"leaf"]


def test_entries_wait_in_order_until_sent(spool: Spool) -> None:
    for seq in range(3):
        spool.append(ROW.id, seq, b"leaf %d" % seq, 5.0 + seq, ("", FILE))
    assert spool.backlog() == spool.backlog(ROW.id) == Backlog(3, 3000, 5.0)
    assert spool.backlog("another") == Backlog(0, 0, None)
    first, second, third = spool.waiting()
    spool.mark_sent([first.position, second.position])
    assert spool.backlog() == Backlog(3, 3000, 5.0)
    spool.mark_stored(first.position)
    spool.mark_stored(third.position)
    spool = again(spool)
    assert [(one.seq, one.leaf_waits, one.bytes_wait) for one in spool.waiting()] == [
        (1, False, True),
        (2, True, False),
    ]
    assert spool.backlog() == Backlog(2, 1000, 6.0)
    assert [one.seq for one in spool.entries_at([third.position, first.position])] == [2, 0]


def test_the_server_s_word_decides_what_is_sent(spool: Spool) -> None:
    for seq in range(4):
        spool.append(ROW.id, seq, b"leaf", 5.0, ("mic-judge", FILE) if seq % 2 else None)
    deliver(spool)
    assert spool.waiting() == []
    spool.expect(ROW.id, 2)
    assert [(one.seq, one.track, one.bytes_wait) for one in spool.waiting()] == [(2, "", False), (3, "mic-judge", True)]


def test_every_commit_reaches_the_disk(spool: Spool) -> None:
    with sqlite3.connect(spool.folder / "spool.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool.rows("PRAGMA synchronous") == [(2,)]  # FULL


def test_unusable_folder_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(SpoolError, match=r"The spool in .* cannot be used"):
        Spool(tmp_path / "spool")


def test_a_segment_is_found_by_its_hash_while_a_recorder_holds_the_spool(spool: Spool, tmp_path: Path) -> None:
    spool.append(ROW.id, 0, b"entry", 0.0, (OPENED.track, FILE))
    spool.append(ROW.id, 1, b"note", 1.0)
    assert spooled_file(spool.folder, FILE.sha256) == spool.folder / FILE.file
    assert spooled_file(spool.folder, "cd" * 32) is None
    assert spooled_file(spool.folder, "") is None
    assert spooled_file(tmp_path / "nowhere", FILE.sha256) is None


def test_a_spool_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_text("a shopping list" * 100)
    with pytest.raises(SpoolError, match="file is not a database") as caught:
        spooled_file(tmp_path, FILE.sha256)
    assert "\n" not in str(caught.value)


def test_what_was_sent_is_sent_again_from_a_day_on(spool: Spool) -> None:
    for seq, written in enumerate((100.0, 200.0, 300.0)):
        spool.append(ROW.id, seq, b"entry", written)
    deliver(spool)
    assert spool.send_again(200.0) == (2, Backlog(0, 0, None))
    assert [one.seq for one in spool.waiting()] == [1, 2]


def test_a_spool_of_an_earlier_version_is_taken_over(spool: Spool) -> None:
    for seq in range(3):
        spool.append(ROW.id, seq, b"leaf", 5.0, ("mic-judge", FILE) if seq else None)
    spool.close()
    with contextlib.closing(sqlite3.connect(spool.folder / "spool.db")) as database:
        database.execute("UPDATE entry SET sent = 1 WHERE seq < 2")
        database.execute("DROP INDEX backlog")
        database.execute("ALTER TABLE entry DROP COLUMN stored")
        database.execute("ALTER TABLE entry DROP COLUMN local")
        database.commit()
    for _ in range(2):
        spool = Spool(spool.folder)
        assert [(one.seq, one.leaf_waits, one.bytes_wait) for one in spool.waiting()] == [(2, True, True)]
        spool.close()


def deliver(spool: Spool) -> None:
    """As the server confirms everything."""
    for one in spool.waiting():
        spool.mark_stored(one.position)
    spool.mark_sent([one.position for one in spool.waiting()])
