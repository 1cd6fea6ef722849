"""A hearing to take away: whoever gets it can tell without the court that nothing was altered or removed."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.export import ExportRefused, export
from court.errors import InputError
from court.openness import Openness
from storage.db.models import Hearing
from storage.db.unit_of_work import Database
from storage.errors import BundleError, ObjectAltered
from storage.ledger import merkle
from storage.ledger.checkpoint import signature_line, verifier_key
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import LeafKind, entry_hash, parse
from storage.ledger.multiproof import nodes_around
from storage.offline import check_file
from tests.factories.bundles import (
    ORDER,
    contents_of,
    exported,
    read_parts,
    with_contents,
    write_parts,
)
from tests.factories.evidence import OTHER, faults
from tests.factories.hearing_log import HEARING, NODE, SERVER, STRANGER, made_hearing
from tests.factories.server import LOG_KEY, Server, make_server

KEY = verifier_key("courtrec", LOG_KEY.public)


def copies(server: Server) -> list[dict[str, object]]:
    with server.context.database.read() as work:
        leaves = [parse(row.entry) for row in work.log.entries(HEARING)]
    return [dict(leaf.body) for leaf in leaves if leaf.kind is LeafKind.COPY]


def test_a_bundle_is_whole_and_its_making_stands_in_the_log(copied: Server, tmp_path: Path) -> None:
    path = exported(copied, tmp_path / "bundle.zip")
    told = check_file(path, KEY)
    assert told.whole, told.lines
    assert "Handed out on" in told.lines[5]
    assert "Адвокат Иванов (ходатайство)" in told.lines[5]
    [copy] = copies(copied)
    assert (copy["recipient"], copy["objects"]) == ("Адвокат Иванов", 7)
    assert faults(copied) == []


def test_what_stands_beside_the_parts_of_an_archive_is_noticed(copied: Server, tmp_path: Path) -> None:
    """What a reader from front to back sees must be what the directory tells of."""
    path = exported(copied, tmp_path / "bundle.zip")
    content, name = path.read_bytes(), b"files/mic-judge/00000.mp4"
    for number, changed in enumerate(
        (
            b"<html>" + content,
            content + b"</html>",
            content.replace(name, b"files/mic-judge/99999.mp4", 1),  # in the local header only
            content.replace(b'{"kind"', b'{"kinD"', 1),
        )
    ):
        other = tmp_path / f"{number}.zip"
        other.write_bytes(changed)
        if changed != content:
            assert not check_file(other, KEY).whole, number
    parts = read_parts(path)
    unended = {**parts, "entries.jsonl": parts["entries.jsonl"] + b'{"kind":"note"}'}
    assert "does not end" in check_file(write_parts(tmp_path / "unended.zip", unended), KEY).lines[0]
    folder = {**parts, "files/extra.mp4/": b"x"}
    assert "files/extra.mp4/" in check_file(write_parts(tmp_path / "folder.zip", folder), KEY).lines[0]


@pytest.mark.parametrize("part", ["entries.jsonl", "files", ""])
def test_a_pipe_in_a_bundle_is_named_and_never_waited_for(copied: Server, tmp_path: Path, part: str) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(exported(copied, tmp_path / "bundle.zip")) as archive:
        archive.extractall(folder)
    place = next((folder / "files").rglob("*.mp4")) if part == "files" else folder / part
    if not part:
        place = folder = tmp_path / "pipe"
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    told = check_file(folder, KEY)
    assert not told.whole
    assert not any("Errno" in line for line in told.lines)
    assert any(("a named pipe, not a file" in line) or ("missing" in line) for line in told.lines), told.lines


def test_a_link_to_a_folder_does_not_belong_to_a_bundle(copied: Server, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(copied, tmp_path / "bundle.zip")) as archive:
        archive.extractall(tmp_path / "unpacked")
    (tmp_path / "outside").mkdir()
    (tmp_path / "unpacked" / "files" / "mic-prosecutor").symlink_to(tmp_path / "outside")
    assert "mic-prosecutor" in check_file(tmp_path / "unpacked", KEY).lines[0]


def test_without_the_courts_key_nobody_is_told_that_it_is_whole(copied: Server, tmp_path: Path) -> None:
    path = exported(copied, tmp_path / "bundle.zip")
    assert check_file(path).lines[0].startswith("Whole by its own key: ")
    with pytest.raises(InputError, match="no verifier key"):
        check_file(path, "")


def test_it_is_read_on_systems_that_know_no_affinity(
    copied: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and macOS: neither has os.sched_getaffinity, Windows no os.pread."""
    path = exported(copied, tmp_path / "bundle.zip")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr(os, "pread")
    assert check_file(path, KEY).whole


def test_unpacked_it_is_whole_too(copied: Server, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(copied, tmp_path / "bundle.zip")) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert check_file(tmp_path / "unpacked", KEY).whole
    (tmp_path / "unpacked" / "files" / "mic-judge" / "00000.mp4").unlink()
    told = check_file(tmp_path / "unpacked", KEY)
    assert "Segment 0 of track mic-judge" in told.lines[0]
    assert "missing" in told.lines[0]


def test_without_the_courts_key_it_says_so(copied: Server, tmp_path: Path) -> None:
    told = check_file(exported(copied, tmp_path / "bundle.zip"))
    assert told.whole
    assert KEY in told.lines[-1]
    assert "whoever forges a bundle" in told.lines[-1]


def test_who_viewed_the_hearing_is_kept_back_unless_asked_for(copied: Server, tmp_path: Path) -> None:
    kept = read_parts(exported(copied, tmp_path / "1.zip"))
    assert b'"kind":"access"' not in kept["entries.jsonl"]
    assert len(contents_of(kept)["withheld"]) == 1
    assert any("entries 1" in line for line in check_file(tmp_path / "1.zip", KEY).lines)
    whole = exported(copied, tmp_path / "2.zip", order=replace(ORDER, journal=True))
    assert b'"kind":"access"' in read_parts(whole)["entries.jsonl"]
    assert contents_of(read_parts(whole))["withheld"] == []
    assert check_file(whole, KEY).whole


def test_a_copy_of_one_track_says_what_it_leaves_out(copied: Server, tmp_path: Path) -> None:
    path = exported(copied, tmp_path / "bundle.zip", order=replace(ORDER, tracks=frozenset({"mic-judge"})))
    told = check_file(path, KEY)
    assert told.whole, told.lines
    assert any("files 4 (" in line for line in told.lines)
    assert {name.split("/")[1] for name in contents_of(read_parts(path))["files"]} == {"mic-judge", "protocol"}


def test_nothing_closed_leaves_the_court(copied: Server, tmp_path: Path) -> None:
    copied.order(HEARING, Openness.CLOSED, 75_000, 80_000)
    path = exported(copied, tmp_path / "bundle.zip")
    parts = read_parts(path)
    assert set(contents_of(parts)["files"]) == {
        "files/mic-judge/00000.mp4", "files/mic-judge/00002.mp4",
        "files/cam-hall/00000.mp4", "files/cam-hall/00002.mp4",
    }  # fmt: skip
    assert check_file(path, KEY).whole
    copied.order(HEARING, Openness.CLOSED)
    closed = read_parts(exported(copied, tmp_path / "closed.zip"))
    assert contents_of(closed)["files"] == {}
    assert "о приобщении".encode() not in closed["entries.jsonl"]
    assert check_file(tmp_path / "closed.zip", KEY).whole


def test_what_cannot_be_exported_gets_one_sentence_and_no_entry(copied: Server, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    with pytest.raises(ExportRefused, match="There is no hearing"):
        export(copied.context, HEARING[:-1] + "9", path, ORDER)
    with pytest.raises(ExportRefused, match=r"no track mic-x: name some of cam-hall, mic-judge\."):
        export(copied.context, HEARING, path, replace(ORDER, tracks=frozenset({"mic-x"})))
    with copied.context.database.begin() as work:
        work.session.execute(sa.update(Hearing).where(Hearing.id == OTHER).values(state="recording"))
    with pytest.raises(ExportRefused, match="still being recorded"):
        export(copied.context, OTHER, path, ORDER)
    assert not path.exists()
    path.write_bytes(b"mine")
    with pytest.raises(ExportRefused, match="exists already"):
        export(copied.context, HEARING, path, ORDER)
    assert path.read_bytes() == b"mine"
    assert copies(copied) == []


def test_a_bundle_that_cannot_be_finished_leaves_no_file_but_its_entry(copied: Server, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be written"):
        export(copied.context, HEARING, tmp_path / "nowhere" / "bundle.zip", ORDER)
    with copied.context.database.read() as work:
        segment = work.hearings.segment(HEARING, "cam-hall", 2)
    assert segment is not None
    [victim] = (tmp_path / "objects").rglob(segment.sha256)
    victim.chmod(0o600)
    victim.write_bytes(b"x")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ObjectAltered, match="was changed after it was stored"):
        export(copied.context, HEARING, tmp_path / "bundle.zip", ORDER)
    assert sorted(tmp_path.iterdir()) == before
    assert len(copies(copied)) == 2


def test_a_key_that_is_not_the_courts_is_refused(copied: Server, tmp_path: Path) -> None:
    path = exported(copied, tmp_path / "bundle.zip")
    told = check_file(path, verifier_key("courtrec", STRANGER.public))
    assert not told.whole
    assert "no known key's signature" in told.lines[0]
    other = check_file(path, verifier_key("other", LOG_KEY.public))
    assert "is of the log 'courtrec', the key of 'other'" in other.lines[0]
    with pytest.raises(InputError, match="is no verifier key"):
        check_file(path, "courtrec+00+AA")
    with pytest.raises(InputError, match="There is no file"):
        check_file(tmp_path / "nothing", KEY)


def test_what_is_kept_back_without_the_courts_word_is_named(copied: Server, tmp_path: Path) -> None:
    """Whoever passes a bundle on can hide neither a file nor an entry by calling it not handed out."""
    parts = read_parts(exported(copied, tmp_path / "bundle.zip", order=replace(ORDER, journal=True)))
    files = contents_of(parts)["files"]
    gone = next(iter(files))
    rest = {name: content for name, content in parts.items() if name != gone}
    fewer = with_contents(rest, files={name: sha256 for name, sha256 in files.items() if name != gone})
    assert "here are others" in check_file(write_parts(tmp_path / "fewer.zip", fewer), KEY).lines[0]

    entries, indices = parts["entries.jsonl"].splitlines(), contents_of(parts)["indices"]
    at = next(place for place, entry in enumerate(entries) if b'"kind":"note"' in entry)
    hidden = parse(entries.pop(at))
    row = [indices.pop(at), hidden.author, hidden.seq, entry_hash(hidden.entry), merkle.leaf_hash(hidden.entry).hex()]
    less = with_contents(
        {**parts, "entries.jsonl": b"".join(one + b"\n" for one in entries)}, indices=indices, withheld=[row]
    )
    told = check_file(write_parts(tmp_path / "less.zip", less), KEY)
    assert len(told.lines) == 2
    assert "here are others" in told.lines[0]


def test_an_entry_that_never_stood_in_the_log_is_named(copied: Server, tmp_path: Path) -> None:
    """Whoever has the server's key can sign one more leaf, and link it rightly; the log does not hold it."""
    parts = read_parts(exported(copied, tmp_path / "bundle.zip"))
    with copied.context.database.read() as work:
        chain = work.log.chain(HEARING, copied.context.server_key.key_id)
    remark = {"deed": "file", "remark": "r", "number": 1, "by": "X", "entered_by": "подлог", "step_sha256": "0" * 64}
    forged, _ = chain.append(LeafKind.REMARK, copied.clock.utc, remark, copied.context.server_key)
    more = {**parts, "entries.jsonl": parts["entries.jsonl"] + forged + b"\n"}
    assert "removed, added or doubled" in check_file(write_parts(tmp_path / "more.zip", more), KEY).lines[0]
    indices = contents_of(parts)["indices"]
    beyond = with_contents(more, indices=[*indices, indices[-1] + 1])
    assert "within the signed log" in check_file(write_parts(tmp_path / "beyond.zip", beyond), KEY).lines[0]
    placed = with_contents(more, indices=[*indices[:-1], indices[-1] - 1, indices[-1]])
    assert not check_file(write_parts(tmp_path / "placed.zip", placed), KEY).whole


def test_time_that_nobody_accounts_for_is_named(database: Database, tmp_path: Path) -> None:
    court = make_server(database, tmp_path)
    court.receive(made_hearing(skip=("mic-judge", 1)))
    told = check_file(exported(court, tmp_path / "bundle.zip"), KEY)
    assert "Track mic-judge" in told.lines[0]
    assert "neither recorded nor declared as a gap" in told.lines[0]


def test_an_entry_beyond_the_signed_log_is_named(copied: Server, tmp_path: Path) -> None:
    """An older checkpoint of the same log, genuine, does not cover what came after it."""
    with copied.context.database.read() as work:
        older = work.log.checkpoints()[-1]
    parts = read_parts(exported(copied, tmp_path / "bundle.zip"))
    around = [[level, index, value] for level, index, value in contents_of(parts)["nodes"]]
    with copied.context.database.read() as work:
        own = contents_of(parts)["indices"] + [row[0] for row in contents_of(parts)["withheld"]]
        around += [[*at, work.log.node(*at).hex()] for at in nodes_around(own, older.size)]
    old = {**with_contents(parts, nodes=around), "checkpoint.txt": older.note.encode()}
    told = check_file(write_parts(tmp_path / "old.zip", old), KEY)
    assert told.lines[0].endswith("not in rising order within the signed log.")


def test_parts_that_do_not_belong_are_named(copied: Server, tmp_path: Path) -> None:
    parts = read_parts(exported(copied, tmp_path / "bundle.zip"))
    added = check_file(write_parts(tmp_path / "added.zip", {**parts, "files/extra.mp4": b"x"}), KEY)
    assert added.lines[0] == "FAULT  The part files/extra.mp4 is not in the list of contents: somebody added it."
    stranger = {**contents_of(parts)["files"], "files/extra.mp4": "ab" * 32}
    listed = check_file(write_parts(tmp_path / "listed.zip", with_contents(parts, files=stranger)), KEY)
    assert any("files/extra.mp4 is stated by no entry" in line for line in listed.lines)
    outside = with_contents(parts, files={"files/../../secret": "ab" * 32})
    assert "'files'" in check_file(write_parts(tmp_path / "outside.zip", outside), KEY).lines[0]
    packed = check_file(write_parts(tmp_path / "packed.zip", parts, zipfile.ZIP_DEFLATED), KEY)
    assert "unpack it and verify the folder" in packed.lines[0]
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(tmp_path / "bundle.zip", "a") as archive:
        archive.writestr("entries.jsonl", b"")
    assert "two parts of one name" in check_file(tmp_path / "bundle.zip", KEY).lines[0]


def test_what_no_proof_covers_is_told_in_one_line(copied: Server, tmp_path: Path) -> None:
    parts = read_parts(exported(copied, tmp_path / "bundle.zip"))

    def told(name: str, **changed: bytes | None) -> str:
        made = {**parts, **{part.replace("_", "."): content for part, content in changed.items()}}
        path = write_parts(tmp_path / name, {part: content for part, content in made.items() if content is not None})
        found = check_file(path, KEY)
        assert found.whole, found.lines
        [line] = [line for line in found.lines if line.startswith("Nothing rests on")]
        return line.removeprefix("Nothing rests on, and no proof covers: ")

    assert told("as-made.zip") == "README.txt."
    assert told("bare.zip", README_txt=None) == "nothing in it."
    line = signature_line("somebody", b"\0" * 68).encode()
    foreign = told("lines.zip", README_txt=b"Whole!", checkpoint_txt=parts["checkpoint.txt"] + line + line)
    assert foreign == "README.txt, signature lines of keys that were not named here (2)."
    keys = {key.key_id: key.public for key in (NODE, SERVER, STRANGER)}
    idle = told("keys.zip", keys_txt=sign_key_list("courtrec", keys, LOG_KEY).encode())
    assert idle == "README.txt, keys in keys.txt that signed no entry here (1)."


def test_a_file_that_bears_anothers_name_is_named(copied: Server, tmp_path: Path) -> None:
    """The list of contents is not signed, so the names in it are checked too: a name says whose sound it is."""
    parts = read_parts(exported(copied, tmp_path / "bundle.zip"))
    files = contents_of(parts)["files"]
    first, second = "files/mic-judge/00000.mp4", "files/mic-judge/00001.mp4"

    exchanged = with_contents(
        {**parts, first: parts[second], second: parts[first]},
        files={**files, first: files[second], second: files[first]},
    )
    told = check_file(write_parts(tmp_path / "exchanged.zip", exchanged), KEY)
    assert [name in line for line, name in zip(told.lines, (first, second), strict=False)] == [True, True]

    beside = {**parts, first: b"forged", "files/z.mp4": parts[first]}
    twice = with_contents(beside, files={**files, "files/z.mp4": files[first]})
    told = check_file(write_parts(tmp_path / "twice.zip", twice), KEY)
    assert any("Segment 0 of track mic-judge" in line for line in told.lines)
    assert any("files/z.mp4 is stated by no entry" in line for line in told.lines)


def test_a_recording_that_two_segments_share_is_read_under_both_names(database: Database, tmp_path: Path) -> None:
    court = make_server(database, tmp_path)
    same = made_hearing(same=(("mic-judge", 0), ("mic-judge", 2)))
    court.receive(same)
    parts = read_parts(exported(court, tmp_path / "bundle.zip"))
    for name in ("files/mic-judge/00000.mp4", "files/mic-judge/00002.mp4"):
        altered = {**parts, name: parts[name][:-1] + b"?"}
        told = check_file(write_parts(tmp_path / f"{name[-9:]}.zip", altered), KEY)
        assert any("Segment 0 of track mic-judge" in line and "altered" in line for line in told.lines)
    assert check_file(tmp_path / "bundle.zip", KEY).whole


def test_an_archive_cut_short_anywhere_gets_one_sentence(copied: Server, tmp_path: Path) -> None:
    content = exported(copied, tmp_path / "bundle.zip").read_bytes()
    cut = tmp_path / "cut.zip"
    for size in range(0, len(content), 397):
        cut.write_bytes(content[:size])
        told = check_file(cut, KEY)
        assert not told.whole
        assert "not all of it is here" in told.lines[0]
