import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import rfc8785

from storage.errors import ChainError, LedgerError
from storage.ledger.chain import Chain, check_next
from storage.ledger.ed25519 import SigningKey, VerifyKey, key_id
from storage.ledger.leaf import MAX_ENTRY, Leaf, LeafKind, body_of, entry_hash, parse, sign, verify_signature
from tests.factories.hearing_log import HEARING, NODE, SERVER, START, made_hearing

NOTE = {"at_sample": 480, "template": "free", "text": "Ходатайство о вызове свидетеля; кыргызча: ң ө ү"}


def note_leaf(**changes: Any) -> Leaf:
    fields = {
        "kind": LeafKind.NOTE,
        "hearing": HEARING,
        "author": NODE.key_id,
        "seq": 0,
        "prev": "",
        "at": "2026-11-02T04:00:00.000Z",
        "body": NOTE,
    }
    return Leaf(**{**fields, **changes})


def resigned(document: dict[str, Any], key: SigningKey = NODE) -> bytes:
    """An entry whose signature is right, whatever it says."""
    signature = key.sign(rfc8785.dumps(document))
    return rfc8785.dumps({**document, "sig": base64.b64encode(signature).decode()})


def document(**changes: Any) -> dict[str, Any]:
    fields = json.loads(sign(note_leaf(), NODE))
    del fields["sig"]
    return {**fields, **changes}


def test_entry_is_canonical_json_signed_over_everything_but_the_signature() -> None:
    entry = sign(note_leaf(), NODE)
    fields = json.loads(entry)
    signature = base64.b64decode(fields.pop("sig"))
    assert rfc8785.dumps({**fields, "sig": base64.b64encode(signature).decode()}) == entry
    assert VerifyKey(NODE.public).verify(signature, rfc8785.dumps(fields))
    assert list(fields) == ["at", "author", "body", "hearing", "kind", "prev", "seq", "v"]


def test_what_is_signed_is_what_is_parsed() -> None:
    leaf = parse(sign(note_leaf(), NODE))
    assert (leaf.kind, leaf.hearing, leaf.author, leaf.seq, leaf.prev) == (
        LeafKind.NOTE, HEARING, NODE.key_id, 0, "")  # fmt: skip
    assert leaf.at == "2026-11-02T04:00:00.000Z"
    assert leaf.body == NOTE


def test_signature_is_of_the_author_only() -> None:
    entry = sign(note_leaf(), NODE)
    assert verify_signature(entry, NODE.public)
    assert not verify_signature(entry, SERVER.public)
    assert not verify_signature(entry, b"not a key")
    # Signed with the right key under another author's name.
    assert not verify_signature(resigned(document(author=SERVER.key_id)), NODE.public)


def test_a_key_does_not_sign_in_anothers_name() -> None:
    with pytest.raises(LedgerError, match=SERVER.key_id):
        sign(note_leaf(author=SERVER.key_id), NODE)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"v": 2}, "version"),
        ({"v": True}, "canonical"),
        ({"kind": "verdict"}, "'kind'"),
        ({"kind": []}, "'kind'"),
        ({"hearing": "../../etc/passwd"}, "'hearing'"),
        ({"hearing": 7}, "'hearing'"),
        ({"author": "NOTAKEYID0000000"}, "'author'"),
        ({"author": None}, "'author'"),
        ({"seq": -1}, "'seq'"),
        ({"seq": True}, "'seq'"),
        ({"seq": "0"}, "'seq'"),
        ({"prev": "ab" * 32}, "'prev'"),
        ({"seq": 1, "prev": ""}, "'prev'"),
        ({"at": "2026-11-02T04:00:00Z"}, "'at'"),
        ({"at": "0001-01-01T00:00:00.000+14:00"}, "'at'"),
        ({"at": 0}, "'at'"),
        ({"body": []}, "'body'"),
        ({"body": {**NOTE, "at_sample": -1}}, "'at_sample'"),
        ({"body": {**NOTE, "template": "verdict"}}, "'template'"),
        ({"body": {"at_sample": 1, "template": "free"}}, "'text'"),
        ({"more": 1}, "fields"),
    ],
)
def test_signed_nonsense_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        parse(resigned(document(**changes)))


def test_a_fraction_is_refused() -> None:
    with pytest.raises(LedgerError, match="whole numbers"):
        parse(resigned(document(body={**NOTE, "extra": 1.5})))


@pytest.mark.parametrize("rate", [0, -1, "48000"])
def test_a_segment_needs_a_rate(rate: Any) -> None:
    entry = next(one for one in made_hearing().entries if parse(one).kind is LeafKind.SEGMENT)
    fields = json.loads(entry)
    del fields["sig"]
    fields["body"]["rate"] = rate
    with pytest.raises(LedgerError, match="'rate'"):
        parse(resigned(fields))


def test_a_segment_does_not_end_before_it_starts() -> None:
    entry = next(one for one in made_hearing().entries if parse(one).kind is LeafKind.SEGMENT)
    fields = json.loads(entry)
    del fields["sig"]
    fields["body"] |= {"start": 2, "end": 1}
    with pytest.raises(LedgerError, match="'end'"):
        parse(resigned(fields))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda entry: entry + b"\n",
        lambda entry: b" " + entry,
        lambda entry: entry.replace(b":", b": ", 1),
        lambda entry: entry.replace("Х".encode(), b"\\u0425", 1),
        lambda entry: entry[:-1],
        lambda entry: b'{"v":1,' + entry[1:],
        lambda entry: entry.replace(b'"seq":0', b'"seq":-0'),
        lambda entry: entry.replace(b'"seq":0', b'"seq":0.0'),
        lambda entry: entry.replace(b'"seq":0', b'"seq":' + b"9" * 5000),
        lambda entry: entry.replace(b'"seq":0', b'"seq":NaN'),
        lambda entry: entry.replace(b'"text":"', b'"text":"\\ud800'),
        lambda entry: entry.replace(b'"text":"', b'"text":"\xff'),
        lambda entry: entry.replace(b'==","v"', b'","v"'),
        lambda entry: b"[" * 100_000,
        lambda entry: b'{"a":' * 100_000,
        lambda entry: b"",
        lambda entry: b"null",
        lambda entry: entry + b" " * MAX_ENTRY,
    ],
)
def test_every_other_spelling_is_refused(spoil: Any) -> None:
    entry = sign(note_leaf(), NODE)
    assert spoil(entry) != entry
    with pytest.raises(LedgerError):
        parse(spoil(entry))


def test_a_body_that_is_not_of_its_kind_is_not_signed() -> None:
    with pytest.raises(LedgerError, match="'track'"):
        Chain(HEARING, NODE.key_id).append(LeafKind.SEGMENT, START, NOTE, NODE)


def test_unknown_body_fields_are_kept() -> None:
    entry, _ = Chain(HEARING, NODE.key_id).append(LeafKind.NOTE, START, {**NOTE, "colour": ["red"]}, NODE)
    assert parse(entry).body["colour"] == ["red"]


@pytest.mark.parametrize("stated", [None, [], {"room": "a", "at": "now", "findings": []}, {"room": "a"}])
def test_a_self_test_may_be_missing_but_not_be_nonsense(stated: Any) -> None:
    leaf = parse(made_hearing().entries[0])
    assert "selftest" not in leaf.body
    with pytest.raises(LedgerError, match="'selftest'"):
        sign(note_leaf(kind=leaf.kind, body={**leaf.body, "selftest": stated}), NODE)


@pytest.mark.parametrize("together", [None, 1, [-1], ["1"]])
def test_windows_that_went_together_may_be_missing_but_not_be_nonsense(together: Any) -> None:
    stated = {
        "sequence": 1,
        "engine": "e",
        "model_sha256": "m",
        **dict.fromkeys(("parameters_key", "utterances_sha256"), "ab" * 32),
    }
    for good in (stated, {**stated, "together": [1, 2]}):
        sign(note_leaf(kind=LeafKind.TRANSCRIPT, body=good), NODE)
    with pytest.raises(LedgerError, match="'together'"):
        sign(note_leaf(kind=LeafKind.TRANSCRIPT, body={**stated, "together": together}), NODE)


def test_chain_links_every_entry_to_the_one_before() -> None:
    chain = Chain(HEARING, NODE.key_id)
    first, after_first = chain.append(LeafKind.NOTE, START, NOTE, NODE)
    second, after_second = after_first.append(LeafKind.NOTE, START, NOTE, NODE)
    assert parse(second).prev == entry_hash(first) == after_first.head
    assert check_next(check_next(chain, parse(first)), parse(second)) == after_second


def test_chain_refuses_gap_fork_and_stranger_and_says_what_was_due() -> None:
    chain = Chain(HEARING, NODE.key_id)
    first, after = chain.append(LeafKind.NOTE, START, NOTE, NODE)
    second, _ = after.append(LeafKind.NOTE, START, NOTE, NODE)
    with pytest.raises(ChainError) as gap:
        check_next(chain, parse(second))
    assert gap.value.expected_seq == 0
    with pytest.raises(ChainError, match="was due") as again:
        check_next(after, parse(first))
    assert again.value.expected_seq == 1
    other, other_after = chain.append(LeafKind.NOTE, START, {**NOTE, "text": "иначе"}, NODE)
    assert other != first
    with pytest.raises(ChainError, match="two histories") as fork:
        check_next(other_after, parse(second))
    assert fork.value.expected_seq == 1
    with pytest.raises(LedgerError, match="does not belong"):
        check_next(Chain(HEARING, SERVER.key_id), parse(first))


def test_a_clock_set_back_dates_no_leaf_before_the_one_it_follows() -> None:
    first, chain = Chain(HEARING, NODE.key_id).append(LeafKind.NOTE, START, NOTE, NODE)
    second, after = chain.append(LeafKind.NOTE, START - timedelta(hours=1), NOTE, NODE)
    assert parse(second).at == parse(first).at
    third, _ = after.append(LeafKind.NOTE, START + timedelta(hours=1), NOTE, NODE)
    assert parse(third).at > parse(second).at


def test_a_leaf_dated_before_the_one_it_follows_is_refused() -> None:
    _, chain = Chain(HEARING, NODE.key_id).append(LeafKind.NOTE, START, NOTE, NODE)
    forgetful = replace(chain, at="")
    early, _ = forgetful.append(LeafKind.NOTE, START - timedelta(milliseconds=1), NOTE, NODE)
    with pytest.raises(LedgerError, match="set the clock of its author right"):
        check_next(chain, parse(early))
    assert check_next(forgetful, parse(early)).next_seq == 2


def test_key_id_is_the_beginning_of_the_hash() -> None:
    # RFC 8032 §7.1, test 1: the key pair; its public half hashed with sha256sum.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed(seed)
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a")
    assert key.key_id == key_id(key.public) == "21fe31dfa154a261"


@pytest.mark.parametrize("wrong", ["run", "revision", "deed", "by", "correction_sha256"])
def test_a_correction_says_what_it_is_of_by_whom_and_its_hash(wrong: str) -> None:
    body = {"run": 1, "revision": 2, "deed": "text", "by": "Айжамал", "correction_sha256": "ab" * 32}
    entry = sign(note_leaf(kind=LeafKind.CORRECTION, body=body), NODE)
    assert parse(entry).body == body
    with pytest.raises(LedgerError, match=f"'{wrong}'"):
        sign(note_leaf(kind=LeafKind.CORRECTION, body={**body, wrong: -1}), NODE)


def test_the_body_of_an_entry_is_read_alone() -> None:
    entry = sign(note_leaf(), NODE)
    assert body_of(entry) == parse(entry).body


@pytest.mark.parametrize(
    "change",
    [(b'"kind":"note"', b'"kind":"x"'), (b'"template"', b'"tumplate"'), (b'"body":{', b'"body":[{'), (b"{", b"")],
)
def test_what_has_no_body_of_its_kind_is_no_entry(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(LedgerError):
        body_of(sign(note_leaf(), NODE).replace(*change, 1))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (LeafKind.STAGE, {"stage": "motion", "at_ms": 1500, "accepted": False, "by": "Айжамал"}),
        (LeafKind.ATTENDANCE, {"participant": 1, "name": "А.", "attendance": "notified", "at_ms": None, "by": "Б."}),
    ],
)
def test_a_decision_says_what_it_is_on_and_by_whom(kind: LeafKind, body: dict[str, Any]) -> None:
    assert parse(sign(note_leaf(kind=kind, body=body), NODE)).body == body
    for wrong in body:
        with pytest.raises(LedgerError, match=f"'{wrong}'"):
            sign(note_leaf(kind=kind, body={**body, wrong: -1}), NODE)
