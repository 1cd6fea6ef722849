"""The court's own keys over the years: the one that signs now, and those before it that signed rotations lead from.

Beside the log's key also lie its statements of restorations, which every checkpoint that it signs names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from storage import durable
from storage.errors import KeyFileError, LedgerError
from storage.keys import load, load_or_create, new_key, private_bytes, public_path, writing
from storage.ledger.ed25519 import SigningKey, key_id
from storage.ledger.restoration import Restoration, parse_restoration
from storage.ledger.rotation import Rotation, leading_to, parse_rotation, sign_rotation
from storage.regular import read_regular

_RESTORED = ".restored"


@dataclass(frozen=True, slots=True)
class Former:
    """A key that was replaced. With its private half still kept it signs beside its successor before `until`."""

    rotation: Rotation
    key: SigningKey | None
    until: datetime

    @property
    def public(self) -> bytes:
        return self.rotation.old


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`key` signs; `former` are those before it, newest first; `restorations` are those of the log that they stated."""

    key: SigningKey
    former: tuple[Former, ...] = ()
    restorations: tuple[Restoration, ...] = ()

    @property
    def public(self) -> tuple[bytes, ...]:
        """Raw public keys whose signatures count, the present one first."""
        return (self.key.public, *(one.public for one in self.former))

    @property
    def key_ids(self) -> frozenset[str]:
        """By which leaves name these keys."""
        return frozenset(map(key_id, self.public))

    def signers(self, now: datetime) -> tuple[SigningKey, ...]:
        """Who signs at `now`: the present key, and those replaced so recently that verifiers may know no other."""
        return (self.key, *(one.key for one in self.former if one.key is not None and now < one.until))


def load_ring(path: Path, purpose: str, origin: str, overlap: timedelta, *, make: bool = True) -> KeyRing:
    """The key in `path` (made on first use, unless not to `make` one) with all that signed rotations lead from to it.

    Raises KeyFileError if a key or a statement of its rotation cannot be used. A statement of a restoration that
    cannot be believed is left out, so that the court goes on: `courtrec verify` names it.
    """
    key = load_or_create(path) if make else load(path)
    former = leading_to(key.public, stated_rotations(path, purpose, origin))
    ring = KeyRing(key, tuple(Former(one, _kept(path, one), one.at + overlap) for one in former))
    stated = stated_restorations(path, origin, ring.public)
    return replace(ring, restorations=tuple(one for one in stated if isinstance(one, Restoration)))


def stated_rotations(path: Path, purpose: str, origin: str) -> list[Rotation]:
    """All statements beside the key `path`, wherever they lead; raises KeyFileError if one cannot be believed."""
    return [_read_rotation(one, purpose, origin) for one in sorted(path.parent.glob(f"{path.stem}.*.rotation"))]


def stated_restorations(path: Path, origin: str, keys: Iterable[bytes]) -> Iterator[Restoration | str]:
    """Each statement beside the log's key `path`, or what is wrong with it; `keys` are the log's, raw."""
    for one in sorted(path.parent.glob(f"{path.stem}.*{_RESTORED}")):
        try:
            yield parse_restoration(read_regular(one).decode(errors="replace"), origin, keys)
        except (LedgerError, OSError) as error:
            reason = f"{error.strerror}." if isinstance(error, OSError) else error
            yield f"The statement {one} of a restoration cannot be believed: {reason}"


def restoration_path(path: Path, stated: Restoration) -> Path:
    """Where the statement lies, beside the log's key `path`."""
    return path.with_name(f"{path.stem}.{stated.sha256[:16]}{_RESTORED}")


def rotate(path: Path, purpose: str, origin: str, at: datetime) -> Rotation:
    """Puts a new key into `path`; the old one stays beside it, named by its key id, with the statement of both.

    A power cut leaves the old key in its place or the new one with all that belongs to it. Raises KeyFileError.
    """
    with writing(path), durable.sole_holder(path.with_name(f".{path.name}.lock")) as alone:
        if not alone:
            raise KeyFileError(f"The key {path} is being replaced by another program: wait for it.")
        old, new = load(path), new_key()
        stated = sign_rotation(origin, purpose, old, new, at)
        durable.replace(retired_path(path, old.key_id), private_bytes(old), mode=0o600)
        durable.replace(rotation_path(path, old.key_id), stated.note.encode())
        public_path(path).unlink(missing_ok=True)
        durable.replace(path, private_bytes(new), mode=0o600)
        load_or_create(path)  # puts its public half beside it
    return stated


def retired_path(path: Path, named: str) -> Path:
    """Where the replaced private key `named` lies."""
    return path.with_name(f"{path.stem}.{named}{path.suffix}")


def rotation_path(path: Path, named: str) -> Path:
    """Where the statement lies by which the key `named` was replaced."""
    return path.with_name(f"{path.stem}.{named}.rotation")


def _read_rotation(path: Path, purpose: str, origin: str) -> Rotation:
    try:
        found = parse_rotation(read_regular(path).decode(errors="replace"))
    except OSError as error:
        raise KeyFileError(f"The statement {path} cannot be read ({error.strerror}): check its owner.") from None
    except LedgerError as error:
        raise KeyFileError(f"The statement {path} cannot be believed: {error} Restore it from the backup.") from None
    if (found.purpose, found.origin) != (purpose, origin):
        raise KeyFileError(
            f"The statement {path} is of a {found.purpose} key of the log {found.origin!r}: it does not belong here."
        )
    return found


def _kept(path: Path, rotation: Rotation) -> SigningKey | None:
    """The private half of the replaced key, None where a person took it away."""
    retired = retired_path(path, key_id(rotation.old))
    return load(retired) if retired.exists() else None
