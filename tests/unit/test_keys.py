import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from storage.errors import KeyFileError
from storage.keys import VerifyKey, load, load_or_create, load_public, public_path
from tests.factories.objects import put_other


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "node.ed25519"
    made = load_or_create(path)
    content = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create(path).key_id == load(path).key_id == made.key_id
    assert path.read_bytes() == content
    assert sorted(one.name for one in path.parent.iterdir()) == ["node.ed25519", "node.ed25519.pub"]


def test_the_public_half_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "node.ed25519"
    made = load_or_create(path)
    published = load_public(public_path(path))
    assert published == VerifyKey(made.public)
    assert published.key_id == made.key_id
    assert published.verify(made.sign(b"hearing"), b"hearing")
    assert not published.verify(made.sign(b"hearing"), b"other hearing")
    public_path(path).unlink()
    load_or_create(path)
    assert load_public(public_path(path)) == published


def test_two_keys_differ(tmp_path: Path) -> None:
    assert load_or_create(tmp_path / "one").key_id != load_or_create(tmp_path / "two").key_id


def test_all_who_come_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_create(tmp_path / "node.ed25519").key_id, range(32)))
    assert len(set(keys)) == 1


def test_a_key_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.ed25519"
    load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match=r"node\.ed25519 is open to others \(mode 0640\)"):
        load_or_create(path)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "node.ed25519"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"node\.ed25519 holds no Ed25519"):
        load_or_create(path)
    assert path.read_bytes() == content


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.ed25519"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="no Ed25519"):
        load(path)


def test_a_missing_key_is_not_made_by_loading(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        load(tmp_path / "node.ed25519")
    with pytest.raises(KeyFileError, match="No such file"):
        load_public(tmp_path / "node.ed25519.pub")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "AAAA", "жй"])
def test_a_damaged_public_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "node.ed25519.pub"
    path.write_text(content)
    with pytest.raises(KeyFileError, match="no Ed25519 public key"):
        load_public(path)


@pytest.mark.parametrize("what", ["a named pipe", "a socket", "a folder"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, what: str) -> None:
    path = tmp_path / "node.ed25519"
    load_or_create(path)
    put_other(public_path(path), what)
    with pytest.raises(KeyFileError, match=f"{what}, not a file"):
        load_public(public_path(path))
    with pytest.raises(KeyFileError, match=f"{what}, not a file"):
        load_or_create(path)
    put_other(path, what)
    for use in (load, load_or_create):
        with pytest.raises(KeyFileError, match=rf"node\.ed25519 cannot be read \(it is {what}, not a file\)"):
            use(path)
