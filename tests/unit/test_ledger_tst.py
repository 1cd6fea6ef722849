"""Tokens that no honest authority makes: each is refused by name, and never taken where OpenSSL refuses it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import cryptography
import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from storage import verify_main
from storage.errors import LedgerError
from storage.ledger.timestamp import openssl_time
from storage.ledger.tst import MAX_TOKEN, check_token, load_roots
from tests.factories.tokens import AT, AUTHORITY, STAMPING, VALID, Holder, Recipe, issue, make_token, root

TEXT = b"court.example/log\n42\nroot\n"
ROOT = root()
OLD_ROOT, ALONE = root("Old root", {}), root("TSA", {STAMPING: True})
SIGNER = ROOT.issue("TSA", {STAMPING: True})
RSA = ROOT.issue("TSA", {STAMPING: True}, rsa.generate_private_key(65537, 2048))
PLAIN = Recipe()
LATER = AT + timedelta(days=1), VALID[1]
TWO_USES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH])


def usage(**said: bool) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{one: said.get(one, False) for one in every})


@dataclass(frozen=True)
class Case:
    """`complaint` is what ours says, '' if it believes; `theirs` is whether OpenSSL believes."""

    complaint: str
    theirs: bool
    signer: Holder = SIGNER
    others: tuple[Holder, ...] = ()
    how: Recipe = PLAIN
    roots: tuple[Holder, ...] = (ROOT,)
    text: bytes = field(default=TEXT)


def below(extensions: dict[x509.ExtensionType, bool], valid: Any = VALID, above: Holder = ROOT) -> dict[str, Any]:
    """A signer under an authority with these extensions, which stands in the token."""
    between = above.issue("Between", extensions, valid=valid)
    return {"signer": between.issue("TSA", {STAMPING: True}), "others": (between,)}


def signed(**values: list[Any] | None) -> Recipe:
    def change(attributes: dict[str, Any]) -> None:
        for name, value in values.items():
            attributes.pop(name, None)
            if value is not None:
                attributes[name] = value

    return PLAIN.but(signed=change)


def told(**values: Any) -> Recipe:
    return PLAIN.but(told=lambda fields: fields.update(values))


def done(change: Callable[[cms.SignedData], object]) -> Recipe:
    return PLAIN.but(done=change)


def two_signers(data: cms.SignedData) -> None:
    other = data["signer_infos"][0].copy()
    other["signature"] = b"x"
    data["signer_infos"] = [data["signer_infos"][0], other]


def by_key(data: cms.SignedData) -> None:
    data["signer_infos"][0]["version"] = "v3"
    data["signer_infos"][0]["sid"] = cms.SignerIdentifier("subject_key_identifier", bytes(20))


def extension(critical: bool) -> list[dict[str, Any]]:
    return [{"extn_id": "1.2.3.4", "critical": critical, "extn_value": b"\x05\x00"}]


UNREADABLE, ALTERED, UNTRUSTED = "can be read", "token is altered", "does not lead to a certificate that is trusted"

CASES: dict[str, Case] = {
    "as it should be": Case("", True),
    "RSA": Case("", True, RSA),
    "RSA, with the hash named once": Case("", True, RSA, how=Recipe(signature="rsassa_pkcs1v15")),
    "SHA-384": Case("", True, how=Recipe(digest="sha384")),
    "SHA-512 and RSA": Case("", True, RSA, how=Recipe(digest="sha512")),
    "P-521": Case("", True, ROOT.issue("TSA", {STAMPING: True}, ec.generate_private_key(ec.SECP521R1()))),
    "an authority in between": Case("", True, **below({AUTHORITY: True})),
    "an authority in between, with its usage": Case(
        "", True, **below({AUTHORITY: True, usage(key_cert_sign=True): True})
    ),
    "a note beside what is told": Case("", True, how=told(extensions=extension(critical=False))),
    "accuracy, order and name": Case(
        "",
        True,
        how=told(accuracy={"seconds": 1, "millis": 5}, ordering=True, nonce=5, tsa={"dns_name": "tsa.example"}),
    ),
    "a second's fraction": Case("", True, how=Recipe(at=AT + timedelta(milliseconds=500))),
    "over another text": Case("over something else", False, text=TEXT + b"x"),
    "another authority": Case(UNTRUSTED, False, roots=(root("Other"),)),
    "an authority of the same name": Case(UNTRUSTED, False, roots=(root("Root"),)),
    "an authority in between that is missing": Case(UNTRUSTED, False, **below({AUTHORITY: True}) | {"others": ()}),
    "a certificate not valid yet": Case(
        "not valid at the token's time", False, ROOT.issue("TSA", {STAMPING: True}, valid=LATER)
    ),
    "a time after the certificate's end": Case(
        "not valid at the token's time", False, how=Recipe(at=VALID[1] + timedelta(days=1))
    ),
    "an authority in between not valid yet": Case(UNTRUSTED, False, **below({AUTHORITY: True}, LATER)),
    "one in between that is no authority": Case(UNTRUSTED, False, **below({})),
    "one in between that says it is no authority": Case(
        UNTRUSTED, False, **below({x509.BasicConstraints(ca=False, path_length=None): True})
    ),
    "one in between that may not certify": Case(
        UNTRUSTED, False, **below({AUTHORITY: True, usage(digital_signature=True): True})
    ),
    "RSASSA-PSS": Case(UNREADABLE, False, RSA, how=Recipe(pss=True)),
    "Ed25519": Case(
        "signed in a way", False, ROOT.issue("TSA", {STAMPING: True}, ed25519.Ed25519PrivateKey.generate())
    ),
    "a curve too small": Case(
        "at least 256", True, ROOT.issue("TSA", {STAMPING: True}, ec.generate_private_key(ec.SECP224R1()))
    ),
    "a signer that is trusted itself": Case("", True, ALONE, roots=(ALONE,)),
    "a root that is no authority": Case(UNTRUSTED, False, OLD_ROOT.issue("TSA", {STAMPING: True}), roots=(OLD_ROOT,)),
    "a signer named by his key": Case(UNREADABLE, False, how=done(by_key)),
    "no purpose": Case("is not for time-stamping", False, ROOT.issue("TSA", {})),
    "another purpose": Case(
        "not for time-stamping alone",
        False,
        ROOT.issue("TSA", {x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]): True}),
    ),
    "two purposes": Case("not for time-stamping alone", False, ROOT.issue("TSA", {TWO_USES: True})),
    "a purpose that may be passed over": Case(
        "not for time-stamping alone", False, ROOT.issue("TSA", {STAMPING: False})
    ),
    "a key for other things too": Case(
        "not for time-stamping alone",
        False,
        ROOT.issue("TSA", {STAMPING: True, usage(digital_signature=True, key_encipherment=True): True}),
    ),
    "a key for signatures": Case(
        "", True, ROOT.issue("TSA", {STAMPING: True, usage(digital_signature=True, content_commitment=True): True})
    ),
    "a key too short": Case(
        "at least 2048 bits",
        True,
        ROOT.issue("TSA", {STAMPING: True}, rsa.generate_private_key(65537, 1024)),  # noqa: S505
    ),
    "SHA-1": Case(UNREADABLE, True, how=Recipe(digest="sha1")),
    "a certificate signed by nobody": Case(
        UNTRUSTED, False, issue("TSA", {STAMPING: True}, SIGNER.key, "Root", root("Root").key, VALID)
    ),
    "no name of its certificate": Case(UNREADABLE, True, how=signed(signing_certificate_v2=None)),
    "the name of another certificate": Case(
        "certificate of its signer is not in it",
        True,
        how=signed(signing_certificate_v2=[{"certs": [{"cert_hash": bytes(32)}]}]),
    ),
    "the old name of its certificate": Case(
        "",
        True,
        how=signed(
            signing_certificate_v2=None, signing_certificate=[{"certs": [{"cert_hash": SIGNER.fingerprint("sha1")}]}]
        ),
    ),
    "old and new name disagree": Case(
        "certificate of its signer is not in it",
        True,
        how=signed(signing_certificate=[{"certs": [{"cert_hash": bytes(20)}]}]),
    ),
    "no digest": Case(UNREADABLE, False, how=signed(message_digest=None)),
    "another digest": Case(ALTERED, False, how=signed(message_digest=[bytes(32)])),
    "two digests": Case(UNREADABLE, False, how=signed(message_digest=[bytes(32), bytes(32)])),
    "no content type": Case(UNREADABLE, True, how=signed(content_type=None)),
    "another content type": Case(UNREADABLE, True, how=signed(content_type=["data"])),
    "another signature": Case(
        ALTERED, False, how=done(lambda data: data["signer_infos"][0].__setitem__("signature", b"x"))
    ),
    "another signature, by RSA": Case(
        ALTERED, False, RSA, how=done(lambda data: data["signer_infos"][0].__setitem__("signature", bytes(256)))
    ),
    "two signers": Case(UNREADABLE, False, how=done(two_signers)),
    "no signer": Case(UNREADABLE, False, how=done(lambda data: data.__setitem__("signer_infos", []))),
    "no certificate": Case(
        "certificate of its signer is not in it", False, how=done(lambda data: data.__setitem__("certificates", []))
    ),
    "another version": Case(UNREADABLE, True, how=done(lambda data: data.__setitem__("version", "v5"))),
    "a digest that is not announced": Case(
        UNREADABLE, False, how=done(lambda data: data.__setitem__("digest_algorithms", [{"algorithm": "sha512"}]))
    ),
    "a demand that is not understood": Case(UNREADABLE, True, how=told(extensions=extension(critical=True))),
    "a moment finer than a clock": Case(
        UNREADABLE, True, how=told(gen_time=core.GeneralizedTime(contents=b"20261102120000.123456789Z"))
    ),
}


def said(case: Case, roots: list[x509.Certificate] | None) -> str:
    token = make_token(TEXT, case.signer, case.others, case.how)
    try:
        stamp = check_token(token, case.text, roots)
    except LedgerError as error:
        assert "\n" not in str(error)
        assert str(error).endswith(".")
        return str(error)
    assert stamp.at == case.how.at
    assert stamp.authority == "CN=TSA"
    return ""


def openssl_believes(case: Case) -> bool:
    token = make_token(TEXT, case.signer, case.others, case.how)
    try:
        openssl_time(token, case.text, [one.certificate for one in case.roots])
    except LedgerError:
        return False
    return True


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_named_and_openssl_is_never_the_stricter(name: str) -> None:
    case = CASES[name]
    answer = said(case, [one.certificate for one in case.roots])
    assert case.complaint in answer
    assert bool(case.complaint) == bool(answer)
    assert openssl_believes(case) is case.theirs
    assert case.theirs or answer


@pytest.mark.parametrize("name", CASES)
def test_without_roots_all_but_the_way_to_them_is_checked(name: str) -> None:
    case = CASES[name]
    answer = said(case, None)
    if case.complaint == UNTRUSTED:
        assert answer == ""
    else:
        assert case.complaint in answer
        assert bool(case.complaint) == bool(answer)


@pytest.mark.parametrize("pem", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_holds_no_certificate_is_no_root(pem: bytes) -> None:
    with pytest.raises(LedgerError, match="no certificate in PEM"):
        load_roots(pem)


def test_what_is_too_long_is_not_even_read() -> None:
    with pytest.raises(LedgerError, match=r"more than 32768 bytes: it is none\.$"):
        check_token(bytes(MAX_TOKEN + 1), TEXT, None)


def test_a_name_that_would_break_the_line_is_shown_in_one() -> None:
    signer = ROOT.issue("TSA\nWhole: everything\x1b[2J", {STAMPING: True})
    authority = check_token(make_token(TEXT, signer), TEXT, [ROOT.certificate]).authority
    assert authority == "CN=TSA Whole: everything [2J"


def test_a_library_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cryptography, "__version__", "46.0.7")
    monkeypatch.setattr(sys, "argv", ["courtrec-verify", "bundle.zip"])
    assert verify_main.main() == 2
    assert "cryptography 47 or newer, and 46.0.7 is installed" in capsys.readouterr().err
