"""Keys, the log's kept checkpoint and bundles, stopped before every step: never half, never another, never gone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.secrets import load_secrets
from storage.bundle_file import open_bundle
from storage.bundle_writer import write_bundle
from storage.db.sealer import LogSealer, read_kept
from storage.keyring import KeyRing, load_ring, rotate
from storage.keys import load_or_create, load_public, public_path
from storage.ledger.checkpoint import sign_checkpoint, verifier_key
from storage.ledger.rotation import LOG
from storage.offline import check_file
from tests.factories.bundles import exported
from tests.factories.evidence import copy_of
from tests.factories.protocol import StoppedClock
from tests.factories.server import LOG_KEY, LOG_RING
from tests.simulators.power import every_death

ORIGIN = "court.test/log"
MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def key_in(home: Path) -> Path:
    return home / "keys" / "log.ed25519"


def ring_in(home: Path) -> KeyRing:
    return load_ring(key_in(home), LOG, ORIGIN, timedelta(days=30))


def with_key(home: Path) -> None:
    home.mkdir()
    ring_in(home)


def test_a_key_that_was_used_once_is_the_key_for_ever(tmp_path: Path) -> None:
    def make(home: Path, done: list[Any]) -> None:
        done.append(load_or_create(key_in(home)).public)

    for left in every_death(tmp_path, make):
        key = load_or_create(key_in(left.home))
        assert left.acknowledged in ([], [key.public]), left.how
        assert load_public(public_path(key_in(left.home))).raw == key.public, left.how


def test_a_secret_that_was_used_once_is_the_secret_for_ever(tmp_path: Path) -> None:
    def make(home: Path, done: list[Any]) -> None:
        found = load_secrets(home / "keys")
        done.append((found.session, found.node_token))

    for left in every_death(tmp_path, make):
        found = load_secrets(left.home / "keys")
        assert left.acknowledged in ([], [(found.session, found.node_token)]), left.how


def test_whichever_key_signs_after_a_rotation_was_interrupted_the_first_one_leads_to_it(tmp_path: Path) -> None:
    first: dict[Path, bytes] = {}

    def made(home: Path) -> None:
        with_key(home)
        first[home.parent] = ring_in(home).key.public

    def replace(home: Path, done: list[Any]) -> None:
        """A person rotates; where that was interrupted, the server is just started, and signs."""
        if not list(key_in(home).parent.glob("*.rotation")):
            rotate(key_in(home), LOG, ORIGIN, MOMENT)
        done.append(ring_in(home).key.public)

    for left in every_death(tmp_path, replace, made):
        ring = ring_in(left.home)
        assert first[left.home.parent] in ring.public, left.how
        assert left.acknowledged in ([], [ring.key.public]), left.how
        assert load_public(public_path(key_in(left.home))).raw == ring.key.public, left.how
        old = ring.key.public
        rotate(key_in(left.home), LOG, ORIGIN, MOMENT)
        again = ring_in(left.home)
        assert again.key.public != old, left.how
        assert {first[left.home.parent], old} <= {*again.public}, left.how
        assert [one.public for one in again.signers(MOMENT)][:2] == [again.key.public, old], left.how


@pytest.mark.parametrize("before", [0, 3])
def test_the_kept_checkpoint_is_the_old_one_or_the_new_one(tmp_path: Path, before: int) -> None:
    def kept_in(home: Path) -> LogSealer:
        return LogSealer(LOG_RING, ORIGIN, StoppedClock(), home / "keys" / "log.checkpoint")

    def note(size: int) -> str:
        return sign_checkpoint(ORIGIN, size, bytes([size]) * 32, LOG_KEY)

    def with_kept(home: Path) -> None:
        home.mkdir()
        if before:
            kept_in(home).keep(note(before))

    def keep(home: Path, done: list[Any]) -> None:
        kept_in(home).keep(note(5))
        done.append(5)

    for left in every_death(tmp_path, keep, with_kept):
        path = left.home / "keys" / "log.checkpoint"
        found = read_kept(path, ORIGIN, LOG_RING.public)
        size = found.size if found else 0
        assert size in (left.acknowledged or [before, 5]), left.how
        for later in (7, 6):  # a smaller one never replaces it
            kept_in(left.home).keep(note(later))
        again = read_kept(path, ORIGIN, LOG_RING.public)
        assert again is not None
        assert again.size == 7, left.how


def test_a_bundle_is_whole_or_is_not_there(tmp_path: Path, kept: Path) -> None:
    with copy_of(kept, tmp_path / "court") as server:
        original = exported(server, tmp_path / "bundle.zip")
    with open_bundle(original) as opened:
        bundle = opened.bundle
        files = [(name, b"".join(opened.parts.pieces(name))) for names in opened.names.values() for name in names]
    key = verifier_key("courtrec", LOG_KEY.public)

    def write(home: Path, done: list[Any]) -> None:
        path = home / f"{len(list(home.glob('*.zip')))}.zip"  # one that is there is not written over
        write_bundle(path, bundle, "read me", files)
        done.append(path.name)

    for left in every_death(tmp_path / "deaths", write):
        found = sorted(path.name for path in left.home.glob("[0-9]*.zip"))
        assert {*left.acknowledged} <= {*found}, left.how
        assert all(check_file(left.home / name, key).whole for name in found), left.how
        write_bundle(left.home / "again.zip", bundle, "read me", files)
        assert check_file(left.home / "again.zip", key).whole, left.how
