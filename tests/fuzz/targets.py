"""The targets: each gives bytes to a parser, lets its package's own errors pass and nothing else, and asserts what must
be true of whatever is read.
"""

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import rfc8785

from court.card import HearingCard
from court.errors import CourtError, InputError
from court.room import parse_room
from hardware.boxes import fragments
from hardware.devices import AUDIO_RATE
from hardware.errors import MediaUnreadable
from hardware.offsets import held
from hardware.segment_reader import pictures_end, read_pcm
from protocol.cues import parse_cues
from protocol.errors import CuesError
from recorder.boxes import init_size
from recorder.rooms import room_text
from recorder.script import parse_script
from storage.bundle_file import CONTENTS, open_bundle
from storage.bundle_writer import write_bundle
from storage.errors import LedgerError, RetentionError
from storage.ledger.bundle import verify_bundle
from storage.ledger.checkpoint import (
    Checkpoint,
    parse_note,
    parse_verifier_key,
    sign_note,
    signed_text,
    verifier_key,
    verify_checkpoint,
)
from storage.ledger.contents import Contents
from storage.ledger.ed25519 import SigningKey, VerifyKey
from storage.ledger.key_list import verify_key_list
from storage.ledger.leaf import parse
from storage.ledger.merkle import leaf_hash
from storage.ledger.proof import InclusionProof, verify_proof
from storage.ledger.restoration import parse_restoration, read_restoration
from storage.ledger.rotation import parse_rotation
from storage.ledger.timestamp import ask, granted_token, token_time
from storage.ledger.tst import check_token, load_roots
from storage.ledger.verify import verify_hearing
from storage.ledger.witness import Witness, cosign, cosignatures, parse_witness
from storage.offline import Told, check_file
from storage.retention import parse_classes
from tests.factories.hearing_log import KEYS, SERVER
from tests.fuzz.signing import LOG, LOG_KEY, ORIGIN, bundle_of, entry_of, honest

Target = Callable[[bytes], None]
Errors = type[Exception] | tuple[type[Exception], ...]
Result = TypeVar("Result")

WITNESS_KEY = SigningKey.from_seed(b"witness".ljust(32, b"."))
WITNESS = Witness("witness.example", WITNESS_KEY.public)
SIGNED = (Checkpoint(ORIGIN, 42, bytes(range(32))), Checkpoint(ORIGIN, 43, bytes(32)))
COSIGNED = 1_700_000_000
"""All that the log's key signed in the corpus, and the Unix time at which the witness signed the first."""

AUTHORITY = Path(__file__).with_name("authority")
"""A time-stamp authority's root certificate, and the checkpoint of which `corpus/token` holds its word."""

_FOLDER = TemporaryDirectory(prefix="courtrec-fuzz-")


def leaf(data: bytes) -> None:
    """An entry as it comes, and as its author signs it."""
    for entry in (data, entry_of(data)):
        read = allowing(LedgerError, partial(parse, entry))
        if read is None:
            continue
        assert read.entry == entry == rfc8785.dumps(json.loads(entry))
        key = VerifyKey(KEYS[read.author]) if read.author in KEYS else None
        if key is not None and read.verify(key):
            at = len(data) * 31 % len(entry)
            assert not verifies(entry[:at] + bytes([entry[at] ^ 1 << at % 8]) + entry[at + 1 :], key)


def verifies(entry: bytes, key: VerifyKey) -> bool:
    try:
        return parse(entry).verify(key)
    except LedgerError:
        return False


def note(data: bytes) -> None:
    """Signed notes, checkpoints, verifier keys, cosignatures, rotations, restorations: texts that anyone may send."""
    text = data.decode(errors="replace")
    restored = allowing(LedgerError, lambda: read_restoration(text, ORIGIN))
    assert restored is None or restored.sentence
    allowing(LedgerError, lambda: parse_rotation(text))
    believed = allowing(LedgerError, lambda: verify_checkpoint(text, ORIGIN, [LOG.public]))
    said = allowing(LedgerError, lambda: cosignatures(text, [WITNESS]))
    assert believed in (None, *SIGNED)
    assert all(one.at.timestamp() == COSIGNED for one in said or ())


def key(data: bytes) -> None:
    """Verifier keys of logs and witnesses."""
    text = data.decode(errors="surrogateescape")  # as the command line and JSON may hold it
    named = allowing(LedgerError, lambda: parse_verifier_key(text))
    assert named is None or verifier_key(*named) == text.strip()
    witness = allowing(LedgerError, lambda: parse_witness(text))
    assert witness is None or witness.verifier_key == text


def signed_note(data: bytes) -> None:
    """Whatever text the log's own key may once have signed: a checkpoint, a list of keys, a rotation, a restoration."""
    text = data.decode(errors="replace") + "\n"
    signed = sign_note(text, ORIGIN, LOG)
    if allowing(LedgerError, lambda: parse_note(signed)) is None:
        return
    found = allowing(LedgerError, lambda: verify_checkpoint(signed, ORIGIN, [LOG.public]))
    keys = allowing(LedgerError, lambda: verify_key_list(signed, ORIGIN, [LOG.public]))
    assert keys is None or text.startswith("courtrec keys\n")
    restored = allowing(LedgerError, lambda: parse_restoration(signed, ORIGIN, [LOG.public]))
    assert restored is None or found is None
    twice = signed + sign_note(text, ORIGIN, SERVER).removeprefix(f"{text}\n")
    rotation = allowing(LedgerError, lambda: parse_rotation(twice))
    assert rotation is None or {rotation.old, rotation.new} == {LOG.public, SERVER.public}
    if found is not None:
        [said] = cosignatures(cosign(signed, WITNESS.name, len(data), WITNESS_KEY), [WITNESS])
        assert int(said.at.timestamp()) == len(data)


def proof(data: bytes) -> None:
    """An inclusion proof as JSON."""
    fields = allowing((ValueError, RecursionError), lambda: json.loads(data))
    if not isinstance(fields, dict):
        return
    read = allowing(LedgerError, lambda: InclusionProof.parse(fields))
    if read is not None:
        assert InclusionProof.parse(read.as_fields()) == read
        proven = allowing(LedgerError, lambda: verify_proof(read, ORIGIN, [LOG.public]))
        assert proven is None or read.leaf_hash == leaf_hash(honest()[1].entries[read.index])


def contents(data: bytes) -> None:
    """A bundle's list of contents."""
    read = allowing(LedgerError, lambda: Contents.parse(data))
    if read is not None:
        assert Contents.parse(json.dumps(read.as_fields()).encode()) == read


def record(data: bytes) -> None:
    """A bundle whose contents are hostile, but rightly signed: the first line changes its list of contents, the others
    are its leaves, signed by their authors."""
    first, *lines = data.split(b"\n")
    entries = list(map(entry_of, filter(None, lines)))
    changed = allowing((ValueError, RecursionError), lambda: json.loads(first))
    fields = changed if isinstance(changed, dict) else {}
    made = allowing(LedgerError, lambda: bundle_of(entries, **{"files": honest()[0].contents.files, **fields}))
    if made is not None:
        report = verify_bundle(made, honest()[1].state, [LOG.public])
        assert report.faults or {one.entry for one in report.leaves} == set(entries)
    for fault in verify_hearing(entries, KEYS, honest()[1].state, court={SERVER.key_id}):
        assert "\n" not in fault.where


def archive(data: bytes) -> None:
    """A bundle as a file. Whatever is done to it: it is called whole only if it holds what the court handed out."""
    path = Path(_FOLDER.name) / "bundle.zip"
    path.write_bytes(data)
    shown(check_file(path))
    if shown(check_file(path, LOG_KEY)).whole:
        with open_bundle(path) as opened:
            assert opened.bundle.entries == honest()[0].entries
            assert set(opened.bundle.contents.files.values()) <= honest()[1].objects.keys()


def folder(data: bytes) -> None:
    """A bundle that was unpacked, with another list of contents."""
    path = Path(_FOLDER.name) / "bundle"
    if not path.exists():
        unpacked(path)
    (path / CONTENTS).write_bytes(data)
    shown(check_file(path))
    shown(check_file(path, LOG_KEY))


def token(data: bytes) -> None:
    """A time-stamp token. Altered, it is refused or says what it said."""
    signed = (AUTHORITY / "checkpoint.txt").read_text(encoding="utf-8")
    genuine = (AUTHORITY / "token.der").read_bytes()
    roots = load_roots((AUTHORITY / "root.pem").read_bytes())
    at = allowing(LedgerError, lambda: token_time(data, signed, roots))
    said = token_time(genuine, signed, roots)
    assert at in (None, said)
    for trusted in (roots, None):
        stamp = allowing(LedgerError, lambda trusted=trusted: check_token(data, signed_text(signed), trusted))
        assert trusted is None or stamp is None or stamp.at == said
    assert allowing(LedgerError, lambda: granted_token(data, ask(signed))) is None
    allowing(LedgerError, lambda: load_roots(data))


def sound(data: bytes) -> None:
    """A segment of a microphone."""
    init_size(data)
    read = allowing(MediaUnreadable, lambda: read_pcm(data))
    assert read is None or len(read[1]) <= 121 * AUDIO_RATE


def pictures(data: bytes) -> None:
    """A segment of a camera."""
    allowing(MediaUnreadable, lambda: pictures_end(data))
    for one in fragments(data):
        allowing(MediaUnreadable, lambda part=one: held(data, part))


def card(data: bytes) -> None:
    """A hearing's card as JSON. What is taken can be written into a leaf."""
    fields = allowing((ValueError, RecursionError), lambda: json.loads(data))
    read = allowing(InputError, lambda: HearingCard.parse(fields)) if isinstance(fields, dict) else None
    if read is not None:
        assert HearingCard.parse(read.as_fields()) == read
        json.dumps(read.as_fields(), ensure_ascii=False).encode()


def toml(data: bytes) -> None:
    """Room files, hearing scripts and retention classes."""
    text = data.decode(errors="replace")
    room = allowing(InputError, lambda: parse_room(text, "room.toml"))
    assert room is None or parse_room(room_text(room), "again") == room
    script = allowing(InputError, lambda: parse_script(text, "script.toml"))
    assert script is None or script.actions[0].at == 0
    allowing(RetentionError, lambda: parse_classes(text, "classes.toml"))
    allowing(CuesError, lambda: parse_cues(text, "ru.toml"))


def allowing(errors: Errors, read: Callable[[], Result]) -> Result | None:
    """What `read` gives; None where it raises one of `errors`, which must be one sentence for a person."""
    try:
        return read()
    except errors as error:
        if isinstance(error, CourtError):
            one_sentence(str(error))
        return None


def shown(told: Told) -> Told:
    """Asserts that every line can be printed as one line, so that a hostile bundle cannot write over the verdict."""
    for line in told.lines:
        one_sentence(line)
    return told


def one_sentence(text: str) -> None:
    assert text.isprintable(), f"not for a terminal: {text!a}"


def unpacked(path: Path) -> None:
    bundle, log = honest()
    packed = path.with_suffix(".packed")
    write_bundle(packed, bundle, "", [(name, log.objects[sha256]) for name, sha256 in bundle.contents.files.items()])
    with zipfile.ZipFile(packed) as parts:
        parts.extractall(path)


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (
        leaf,
        note,
        key,
        signed_note,
        proof,
        contents,
        record,
        archive,
        folder,
        token,
        sound,
        pictures,
        card,
        toml,
    )
}
