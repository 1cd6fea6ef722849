"""Makes the corpus again from our own factories: `python -m tests.fuzz.seeds`.

Files named `bug-…` are inputs that once broke a parser; they are kept. Where another bundle or note is signed here than
before, remove what earlier runs of the fuzzer left in `var/fuzz`: genuine too, it is not what the targets compare with.
The time-stamp authority's files and its token are made only where they are missing (they need OpenSSL), since they come
out different every time.
"""

import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from court.clock import iso_utc
from court.room import Input, SourceKind
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Picture, PictureFormat
from hardware.inputs import open_input
from recorder.encode import EVIDENCE, OpusFile, SoundFile
from storage.ledger import merkle
from storage.ledger.checkpoint import sign_checkpoint, verifier_key
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import LeafKind
from storage.ledger.proof import InclusionProof
from storage.ledger.restoration import sign_restoration
from storage.ledger.rotation import sign_rotation
from storage.ledger.timestamp import ask, granted_token
from storage.ledger.witness import cosign
from tests.factories.hearing_log import KEYS, NODE, SERVER, START, HearingLog, add_state
from tests.factories.recordings import tone
from tests.factories.reordered import CAMERAS, film
from tests.fuzz.campaign import CORPUS, ROOT
from tests.fuzz.signing import LOG, LOG_KEY, ORIGIN, honest, unsigned
from tests.fuzz.targets import AUTHORITY, COSIGNED, SIGNED, TARGETS, WITNESS, WITNESS_KEY, unpacked
from tests.services.timestamps import timestamp_server

Seeds = dict[str, bytes]


def main() -> None:
    """Writes every seed; those that were in the corpus before and are no longer made are removed."""
    _authority()
    with TemporaryDirectory() as folder:
        made = {"leaf": _leaves(), "note": _notes(), "key": _keys(), "signed_note": _texts(), "proof": _proofs(),
                "contents": _contents(), "record": _records(), "archive": _archives(Path(folder)),
                "folder": _contents(), "token": _tokens(), "sound": _sound(Path(folder)),
                "pictures": _pictures(Path(folder)), "card": _cards(), "toml": _toml()}  # fmt: skip
    assert made.keys() == TARGETS.keys()
    for target, seeds in made.items():
        at = CORPUS / target
        at.mkdir(parents=True, exist_ok=True)
        for old in at.iterdir():
            if not old.name.startswith("bug-"):
                old.unlink()
        for name, content in seeds.items():
            (at / name).write_bytes(content)


def _leaves() -> Seeds:
    """One of each kind that the sample hearing has."""
    found: Seeds = {}
    for entry in honest()[1].entries:
        found.setdefault(json.loads(entry)["kind"], entry)
    found["retention"] = _ended_and_destroyed()[-1]
    return found | {f"{kind}-unsigned": unsigned(entry) for kind, entry in found.items()}


def _notes() -> Seeds:
    first, second = SIGNED
    note = sign_checkpoint(ORIGIN, first.size, first.root, LOG)
    rotation = sign_rotation(ORIGIN, "log", SERVER, LOG, START).note
    restored = sign_restoration(first, START, second, "fire", LOG)
    extended = sign_checkpoint(ORIGIN, first.size, first.root, LOG, extensions=[restored.extension])
    seeds = {"checkpoint": note, "cosigned": cosign(note, WITNESS.name, COSIGNED, WITNESS_KEY),
             "two-keys": sign_checkpoint(ORIGIN, second.size, second.root, LOG, SERVER), "rotation": rotation,
             "keys": sign_key_list(ORIGIN, KEYS, LOG), "restoration": restored.note, "extended": extended}  # fmt: skip
    return {name: text.encode() for name, text in seeds.items()}


def _keys() -> Seeds:
    return {"log": LOG_KEY.encode(), "node": verifier_key("node", NODE.public).encode(),
            "witness": WITNESS.verifier_key.encode()}  # fmt: skip


def _texts() -> Seeds:
    """The texts of notes; the target signs them."""
    return {name: note.rpartition(b"\n\n")[0] for name, note in _notes().items()}


def _proofs() -> Seeds:
    hashes = [merkle.leaf_hash(entry) for entry in honest()[1].entries]
    tree: dict[tuple[int, int], bytes] = {}
    for index, one in enumerate(hashes):
        for level, place, value in merkle.append(index, one, lambda *node: tree[node]):
            tree[level, place] = value
    note = sign_checkpoint(ORIGIN, len(hashes), merkle.root(hashes), LOG)

    def proof(index: int) -> bytes:
        path = tuple(merkle.inclusion_proof(index, len(hashes), lambda *node: tree[node]))
        return json.dumps(InclusionProof(hashes[index], index, path, note).as_fields()).encode()

    return {"first": proof(0), "last": proof(len(hashes) - 1)}


def _contents() -> Seeds:
    fields = honest()[0].contents.as_fields()
    withheld = [[5, NODE.key_id, 5, "ab" * 32, "cd" * 32]]
    seeds = {"honest": fields, "withheld": fields | {"withheld": withheld, "nodes": [[2, 1, "ef" * 32]]},
             "empty": fields | {"files": {}, "indices": []}}  # fmt: skip
    return {name: json.dumps(one, indent=1).encode() for name, one in seeds.items()}


def _records() -> Seeds:
    lines = list(map(unsigned, honest()[1].entries))
    withheld = json.dumps({"withheld": [[99, NODE.key_id, 1, "ab" * 32, "cd" * 32]]}).encode()
    return {"honest": b"\n".join([b"{}", *lines]), "gap": b"\n".join([withheld, lines[0], *lines[2:5]]),
            "destroyed": b"\n".join([b"{}", lines[0], *map(unsigned, _ended_and_destroyed())]),
            "short": b"\n".join([b"{}", lines[0], lines[1], lines[-1]])}  # fmt: skip


def _ended_and_destroyed() -> list[bytes]:
    """A hearing's end and every deed of its keeping, six years later."""
    log = HearingLog()
    add_state(log, "ended", 90)
    log.start += timedelta(days=6 * 366)
    kept = log.keep(b"a segment")
    told = {"reason": "term is over", "act": "act-1", "approved_by": "approver", "document_sha256": "", "years": 5}
    told |= {"until": iso_utc(START + timedelta(days=5 * 366)), "objects": [kept | {"what": "segment"}]}
    for deed in ("hold", "lift", "extend", "propose", "approve", "destroy", "destroyed"):
        by = "approver" if deed == "approve" else "proposer"
        log.add(SERVER, LeafKind.RETENTION, {**told, "deed": deed, "by": by})
    return log.entries


def _archives(folder: Path) -> Seeds:
    unpacked(folder / "bundle")
    packed = (folder / "bundle.packed").read_bytes()
    return {"honest": packed, "cut": packed[: len(packed) // 2], "end": packed[-200:]}


def _authority() -> None:
    if (AUTHORITY / "token.der").exists():
        return
    AUTHORITY.mkdir(exist_ok=True)
    note = sign_checkpoint(ORIGIN, 42, bytes(range(32)), LOG)
    with TemporaryDirectory() as folder, timestamp_server(Path(folder)) as server:
        request = ask(note)
        token = granted_token(server.answer(request.as_bytes()), request)
        (AUTHORITY / "root.pem").write_bytes(server.roots.read_bytes())
    (AUTHORITY / "checkpoint.txt").write_text(note, encoding="utf-8")
    (AUTHORITY / "token.der").write_bytes(token)


def _tokens() -> Seeds:
    token = (AUTHORITY / "token.der").read_bytes()
    return {"token": token, "answer": b"\x30\x82" + (len(token) + 5).to_bytes(2) + bytes.fromhex("3003020100") + token,
            "root": (AUTHORITY / "root.pem").read_bytes()}  # fmt: skip


def _sound(folder: Path) -> Seeds:
    noise = np.random.default_rng(1).integers(-100, 100, AUDIO_RATE // 10).astype(np.int16)
    made = {}
    for kind in (SoundFile, OpusFile):
        file = kind(folder / f"{kind.codec}.mp4")
        file.write(AUDIO_RATE, np.concatenate([tone(0.05, 440), noise]))
        file.seal()
        whole = made[kind.codec] = file.path.read_bytes()
        made[f"{kind.codec}-cut"] = whole[:-100]
    return made


def _pictures(folder: Path) -> Seeds:
    form = PictureFormat(32, 32, 10.0)
    file = EVIDENCE.picture_file(folder / "pictures.mp4", form)
    for number in range(3):
        image = np.full((32, 32, 3), number * 60, np.uint8)
        start = (10 + number) * VIDEO_RATE // 10
        file.write(Picture(start, start, number == 0, form, av.VideoFrame.from_ndarray(image, format="rgb24")))
    file.seal()
    whole = (folder / "pictures.mp4").read_bytes()
    return {"h264": whole, "h264-cut": whole[:-20], "b-frames": _reordered(folder)}


def _reordered(folder: Path) -> bytes:
    source = open_input(Input("camera", SourceKind.FILE, files=(str(film(folder / "camera.mp4", CAMERAS[0], 6)),)), 0)
    given = [one for one in source.items() if isinstance(one, Picture)]
    source.close()
    file = EVIDENCE.picture_file(folder / "reordered.mp4", given[0].format)
    for one in given:
        file.write(one)
    file.seal()
    return file.path.read_bytes()


def _cards() -> Seeds:
    fields = json.loads(next(iter(honest()[1].entries)))["body"]["card"]
    people = [{"role": "witness", "name": "Иванов", "present": False, "note": "болен"}, {"role": "judge", "name": "A"}]
    full = {"case_number": "ГД 4405/24-Б2", "case_title": "о взыскании", "language": "ky", "court": "Суд",
            "place": "Зал", "judge": "A", "secretary": "B", "participants": people}  # fmt: skip
    return {"short": json.dumps(fields).encode(), "full": json.dumps(full, ensure_ascii=False).encode()}


def _toml() -> Seeds:
    classes = (ROOT / "storage" / "retention_classes.toml").read_bytes()
    return {"room": (ROOT / "rooms" / "demo.toml").read_bytes(), "classes": classes,
            "cues": (ROOT / "protocol" / "cues" / "en.toml").read_bytes(),
            "script": (ROOT / "samples" / "hearing-en" / "hearing.toml").read_bytes()}  # fmt: skip


if __name__ == "__main__":
    main()
