"""Who signs with which key: the signers' file, the choice, and whether a certificate names the person."""

from pathlib import Path
from typing import Any

import pytest

from protocol.context import make_context
from protocol.errors import ProtocolSettingsError, SealError
from protocol.settings import ProtocolSettings
from protocol.signers import CloudSigner, FileSigner, SignerRole, TokenSigner, choose_signer, load_signers
from protocol.signers.names import same_person
from protocol.signers.port import Level

WHOLE = """
[[signer]]
role = "secretary"
kind = "pkcs12"
file = "secretary.p12"
passphrase_file = "secretary.passphrase"
[[signer]]
role = "judge"
person = "Асанов Бакыт Токтогулович"
kind = "pkcs11"
module = "/usr/lib/softhsm/libsofthsm2.so"
token = "court"
key = "asanov"
[[signer]]
role = "judge"
kind = "csc"
url = "https://sign.example/csc/v2"
credential = "court-1"
access_token_file = "token"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "signers.toml"
    path.write_text(text)
    return path


def test_everybody_signs_with_their_own_key_or_the_one_of_their_role(tmp_path: Path) -> None:
    signers = load_signers(written(tmp_path, WHOLE))
    assert [type(one) for one in signers] == [FileSigner, TokenSigner, CloudSigner]
    assert choose_signer(signers, SignerRole.SECRETARY, "Иманова А. К.") is signers[0]
    assert choose_signer(signers, SignerRole.JUDGE, "Асанов Б. Т.") is signers[1]
    assert choose_signer(signers, SignerRole.JUDGE, "Осмонова Г. К.") is signers[2]
    with pytest.raises(SealError, match=r"No key is set here by which Осмонова Г\. К\. could sign as judge"):
        choose_signer(signers[:2], SignerRole.JUDGE, "Осмонова Г. К.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[signer]\n", "cannot be read"),
        ("[signers]\n", "has 'signers': use"),
        (WHOLE.replace('"csc"', '"usb"'), "signer 3"),
        (WHOLE.replace('role = "judge"\nkind', 'role = "party"\nkind'), r"signer 3, csc, role"),
        (WHOLE.replace('token = "court"\n', ""), "signer 2, pkcs11, token: Field required"),
        (WHOLE.replace("https://", "ftp://"), "signer 3, csc, url"),
        (WHOLE + 'pin = "1234"\n', "signer 3, csc, pin: Extra inputs"),
    ],
)
def test_a_signers_file_that_cannot_be_used(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProtocolSettingsError, match=rf"signers\.toml .*{sentence}"):
        load_signers(written(tmp_path, text))
    with pytest.raises(ProtocolSettingsError, match=r"nowhere\.toml cannot be read"):
        load_signers(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Асанов Б. Т.", "Асанов Бакыт Токтогулович", True),
        ("АСАНОВ БАКЫТ", "Асанов Бакыт Токтогулович", True),
        ("Асанов Б.Т.", "Асанов Б. Т. (DEMO)", True),
        ("Ковалёв Пётр", "КОВАЛЕВ ПЕТР ИВАНОВИЧ", True),
        ("Бекова-Асанова А.", "бекова-асанова Айжан", True),
        ("Асанов Б. Т.", "Асанов Б. К.", False),
        ("Асанов Бакыт", "Асанов Болот", False),
        ("Асанов", "Асанов Бакыт", False),
        ("Бакыт Асанов", "Асанов Бакыт", False),
        ("Асанова А. Б.", "Асанов А. Б.", False),
        ("", "", False),
    ],
)
def test_whether_two_names_can_be_one_person(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same_person(other, one) is same


def test_a_level_needs_its_authority(tmp_path: Path) -> None:
    with pytest.raises(ProtocolSettingsError, match="level B-LT needs a time-stamp authority: set COURTREC_TIMESTAMP"):
        make_context(ProtocolSettings(level=Level.LONG_TERM), **_parts(tmp_path))


def test_the_demos_keys_sign_only_where_nothing_is_set(tmp_path: Path) -> None:
    demo = make_context(ProtocolSettings(), **_parts(tmp_path))
    assert (len(demo.signers), demo.check_names) == (2, False)
    trusting = make_context(ProtocolSettings(trust_roots=tmp_path / "roots.pem"), **_parts(tmp_path))
    assert (trusting.signers, trusting.check_names) == ((), True)
    own = make_context(ProtocolSettings(signers=written(tmp_path, WHOLE), check_names=False), **_parts(tmp_path))
    assert (len(own.signers), own.check_names) == (3, False)


def _parts(home: Path) -> dict[str, Any]:
    """What a context is made of and none of these tests looks at."""
    unused: Any = None
    others = dict.fromkeys(("database", "store", "key", "clock", "keep"), unused)
    return {**others, "home": home, "site": "http://court.test"}
