"""The local store, stopped before its every step: what it acknowledged is there, nothing half lies under a name."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.composition import make_context
from api.settings import Settings
from storage.errors import ObjectMissing
from storage.worm.local import QUARANTINE, LocalStore
from storage.worm.port import stored_state
from tests.simulators.power import Survivor, every_death

CONTENT = b"evidence" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
UNTIL = datetime(2031, 11, 2, tzinfo=UTC)


def store_in(home: Path) -> LocalStore:
    return LocalStore(home / "objects")


def put(home: Path, done: list[Any]) -> None:
    store_in(home).put(SHA256, CONTENT, len(CONTENT), UNTIL)
    done.append(SHA256)


def with_object(home: Path) -> None:
    home.mkdir()
    put(home, [])


def with_damage(home: Path) -> None:
    """Other bytes lie under the name."""
    with_object(home)
    path = store_in(home).folder / store_in(home).head(SHA256).key
    path.chmod(0o644)
    path.write_bytes(b"damaged")


def with_hold(home: Path) -> None:
    with_object(home)
    store_in(home).hold(SHA256, on=True)


def whole(left: Survivor) -> LocalStore:
    """The store in what is left, nothing in it under a name that is not its own."""
    store = store_in(left.home)
    for item in store.items():
        if item.sha256:
            assert stored_state(store, item.sha256).sha256 == item.sha256, left.how
    return store


def left_of_put(tmp_path: Path) -> Iterator[Survivor]:
    yield from every_death(tmp_path, put)


def test_what_was_put_is_there_and_can_be_put_again(tmp_path: Path) -> None:
    for left in left_of_put(tmp_path):
        store = whole(left)
        if left.acknowledged:
            assert store.read(SHA256) == CONTENT, left.how
        store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
        assert store.read(SHA256) == CONTENT, left.how


def hold(home: Path, done: list[Any]) -> None:
    store_in(home).hold(SHA256, on=True)


@pytest.mark.parametrize(("deed", "prepare"), [(put, Path.mkdir), (hold, with_object)])
def test_no_temporary_file_outlives_the_next_start(
    tmp_path: Path, deed: Callable[[Path, list[Any]], None], prepare: Callable[[Path], None]
) -> None:
    swept = 0
    for left in every_death(tmp_path, deed, prepare):
        before = temporaries(left.home)
        store_in(left.home).sweep()
        swept += len(before)
        assert temporaries(left.home) == [], left.how
        whole(left)
    assert swept, "else this proves nothing"


def test_every_start_sweeps_keys_copies_and_store(tmp_path: Path) -> None:
    left = [tmp_path / folder / f".half.{'0' * 16}" for folder in ("keys", "out", "objects/incoming")]
    for path in left:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half a key")
    make_context(Settings(home=tmp_path)).database.dispose()
    assert not [path for path in left if path.exists()]


def temporaries(home: Path) -> list[Path]:
    return [path for path in home.rglob(".*") if path.is_file()]


def test_what_was_restored_is_there_and_what_lay_there_is_kept(tmp_path: Path) -> None:
    def restore(home: Path, done: list[Any]) -> None:
        store_in(home).restore(SHA256, CONTENT, len(CONTENT), UNTIL)
        done.append(SHA256)

    for left in every_death(tmp_path, restore, with_damage):
        store = store_in(left.home)
        content = store.read(SHA256)
        aside = [path.read_bytes() for path in (store.folder / QUARANTINE).glob("*")]
        assert content in (b"damaged", CONTENT), left.how
        assert content == b"damaged" or b"damaged" in aside, left.how
        if left.acknowledged:
            assert content == CONTENT, left.how
        store.restore(SHA256, CONTENT, len(CONTENT), UNTIL)
        assert whole(left).read(SHA256) == CONTENT, left.how


def test_what_was_destroyed_does_not_come_back(tmp_path: Path) -> None:
    def destroy(home: Path, done: list[Any]) -> None:
        with suppress(ObjectMissing):  # as who carries an act out again
            store_in(home).destroy(SHA256)
        done.append(SHA256)

    for left in every_death(tmp_path, destroy, with_object):
        there = bool(whole(left).versions(SHA256))
        assert not (there and left.acknowledged), left.how
        destroy(left.home, [])
        assert whole(left).versions(SHA256) == [], left.how


@pytest.mark.parametrize("on", [True, False])
def test_a_hold_that_was_set_or_lifted_stays_so(tmp_path: Path, on: bool) -> None:
    def hold(home: Path, done: list[Any]) -> None:
        store_in(home).hold(SHA256, on)
        done.append(on)

    for left in every_death(tmp_path, hold, with_object if on else with_hold):
        store = whole(left)
        if left.acknowledged:
            assert store.held(SHA256) is on, left.how
        store.hold(SHA256, on)
        assert store.held(SHA256) is on, left.how
