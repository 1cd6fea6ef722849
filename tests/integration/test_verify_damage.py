"""Columns that no longer hold what their type allows: each is named by table and row, and nothing ends the search."""

import pytest
import sqlalchemy as sa

from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING
from tests.factories.objects import OTHERS, overwrite, path_of, put_other
from tests.factories.server import Server

DAMAGE = {
    "hearings": ["card='{'", "tracks='nonsense'", "started_at='yesterday'", "state='flying'", "end_sample='many'"],
    "segments": ["utc='?'", "rate='zero'", "start=-5", "sha256='no hash'", "sequence='first'"],
    "gaps": ["cause='magic'", "utc='?'"],
    "notes": ["at_sample='soon'", "template='x'", "text='подлог'", "at_sample=1"],
    "state_changes": ["state='flying'", "utc='?'"],
    "utterances": ["words='{'", "flags='['", "start_ms='early'"],
    "windows": ["claimed_at='?'", "state='lost'"],
    "protocols": ["document='['", "created_at='x'", "revision='two'", "sha256='no hash'"],
    "log_entries": ["entry=x'00ff'", "at='never'", "kind='gossip'", "author='nobody'"],
    "log_head": ["root=x'00'", "size='big'"],
    "merkle_nodes": ["hash=x'00'"],
    "checkpoints": ["note='abc'", "at='x'", "root=x'00'"],
    "public_keys": ["raw=x'00'"],
    "objects": ["stored_at='x'", "size='big'", "key='../../x'"],
}


@pytest.mark.parametrize(("table", "change"), [(table, change) for table in DAMAGE for change in DAMAGE[table]])
def test_damage_is_named_in_one_sentence_and_never_a_crash(copied: Server, table: str, change: str) -> None:
    with copied.context.database.engine.begin() as connection:
        done = connection.execute(
            sa.text(f"UPDATE {table} SET {change} WHERE rowid = (SELECT min(rowid) FROM {table})")  # noqa: S608 - ours
        )
        assert done.rowcount == 1, f"no row in {table}: this would prove nothing"
    found = faults(copied)
    assert found, f"{table} set {change} went unnoticed"
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in found), found


def test_an_object_that_cannot_be_read_hides_no_other_fault(copied: Server) -> None:
    with copied.context.database.read() as work:
        unreadable, altered = [one.sha256 for one in work.hearings.segments(HEARING)][:2]
    path = path_of(copied.store, unreadable)
    path.unlink()
    path.mkdir()
    overwrite(path_of(copied.store, altered), b"other bytes")
    found = faults(copied)
    assert any(unreadable in one and "was not checked" in one for one in found)
    assert any(altered in one for one in found)


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_file_hides_no_other_fault(copied: Server, what: str) -> None:
    with copied.context.database.read() as work:
        gone, altered = [one.sha256 for one in work.hearings.segments(HEARING)][:2]
    put_other(path_of(copied.store, gone), what)
    overwrite(path_of(copied.store, altered), b"other bytes")
    found = faults(copied)
    assert any(gone in one and f"it is {what}, not a file" in one for one in found)
    assert any(altered in one for one in found)
