"""`courtrec record` with whatever people give it."""

import wave
from pathlib import Path

import numpy as np
import pytest

from api.cli.record import stop_after
from court.card import HearingCard
from court.case_number import CaseNumber
from tests.factories.command_line import ROOT, courtrec
from tests.factories.databases import reading

CASE = "ГД 4405/24-Б2"
ENGLISH = [str(ROOT / f"samples/hearing-en/{role}.flac") for role in ("judge", "secretary", "claimant", "respondent")]
ALSA_ROOM = """
name = "x"
[[input]]
id = "a"
source = "alsa"
address = "hw:7,0"
[[microphone]]
role = "judge"
input = "a"
"""


def wav(path: Path, channels: int, seconds: float = 7.0) -> str:
    """A file of noise, too quiet for anybody to speak in it."""
    noise = np.random.default_rng(1).integers(-30, 30, (int(48_000 * seconds), channels), dtype=np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(noise.tobytes())
    return str(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COURTREC_TRANSCRIBE_DEVICE", "foo"),
        ("COURTREC_PROTOCOL_ZONE", "Asia/Nowhere"),
        ("COURTREC_NODE_PACE", "foo"),
        ("COURTREC_DATABASE_URL", "nonsense"),
    ],
)
def test_an_unusable_setting_gets_one_sentence_and_leaves_nothing(tmp_path: Path, name: str, value: str) -> None:
    home = tmp_path / "home"
    run = courtrec(home, "record", "--case", CASE, "--from", *ENGLISH, **{name: value})
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    assert name.removeprefix("COURTREC_NODE_").lower() in run.stderr.lower()
    kept = [path for folder in ("objects", "spool") for path in (home / folder).glob("*/**/*") if path.is_file()]
    assert kept == []


def test_an_unknown_model_is_unusable_input(tmp_path: Path) -> None:
    run = courtrec(tmp_path, "models", "fetch", "nope")
    assert (run.returncode, "'nope' is unknown" in run.stderr) == (2, True), run.stderr


def test_models_are_listed_pinned_and_verified(tmp_path: Path) -> None:
    own = {"COURTREC_TRANSCRIBE_MODELS_DIR": str(tmp_path / "models")}
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "model.bin").write_bytes(b"weights")
    vague = courtrec(tmp_path, "models", "pin", "court-ky", str(tmp_path / "given"), **own)
    assert (vague.returncode, "say what it is with --engine" in vague.stderr) == (2, True), vague.stderr
    what = ("--engine", "faster-whisper", "--language", "ky", "--licence", "MIT")
    pinned = courtrec(tmp_path, "models", "pin", "court-ky", str(tmp_path / "given"), *what, **own)
    assert pinned.returncode == 0, pinned.stderr
    lines = courtrec(tmp_path, "models", "list", **own).stdout.splitlines()
    states = {line.split()[0]: line.split()[-1] for line in lines}
    assert states["court-ky"] == "here"
    assert any(line.startswith("gigaam-multilingual ") and line.endswith("not pinned") for line in lines)
    assert courtrec(tmp_path, "models", "verify", **own).returncode == 0
    (tmp_path / "models" / "court-ky" / "model.bin").write_bytes(b"Weights")
    damaged = courtrec(tmp_path, "models", "verify", **own)
    assert (damaged.returncode, damaged.stderr.count("\n")) == (1, 1), damaged.stderr
    assert "is not the one the manifest describes" in damaged.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--case", CASE, "--from", "nowhere.wav"], "nowhere.wav does not exist"),
        (["--case", CASE, "--from", "README.md"], "README.md cannot be opened"),
        (["--case", CASE, "--from", "lavfi:testsrc2"], "no sound"),
        (["--case", CASE, "--from", "rtsp://127.0.0.1:1/x"], "connection refused"),
        (["--case", "", "--from", *ENGLISH], "case number is empty"),
        (["--case", "   ", "--from", *ENGLISH], "case number is empty"),
        (["--case", CASE], "either --room FILE or --from FILE"),
        (["--case", CASE, "--room", "rooms/demo.toml", "--from", *ENGLISH], "either --room FILE or --from FILE"),
        (["--case", CASE, "--room", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["--case", CASE, "--room", "README.md"], "README.md is not valid TOML"),
        (["--case", CASE, "--room", "ALSA"], "sound card hw:7,0 cannot be opened"),
        (["--case", CASE, "--room", "NINE"], "channel 9"),
        (["--case", CASE, "--from", *ENGLISH, "--for", "-1"], "--for -1"),
        (["--case", CASE, "--from", *ENGLISH, "--for", "nan"], "--for nan"),
        (["--case", CASE, "--from", *ENGLISH, "--for", "inf"], "--for inf"),
        (["--case", CASE, "--from", "EMPTY"], "holds nothing to record"),
        (["--resume"], "nothing to resume"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    (tmp_path / "alsa.toml").write_text(ALSA_ROOM)
    nine = (ROOT / "rooms/demo.toml").read_text().replace("channel = 3", "channel = 9")
    (tmp_path / "nine.toml").write_text(nine.replace("../samples", str(ROOT / "samples")))
    wav(tmp_path / "empty.wav", channels=1, seconds=0)
    named = {"ALSA": "alsa.toml", "NINE": "nine.toml", "EMPTY": "empty.wav"}
    files = {name: str(tmp_path / file) for name, file in named.items()}
    home = tmp_path / "home"
    run = courtrec(home, "record", *(files.get(one, one) for one in arguments))
    assert run.returncode == 2
    assert complaint in run.stderr
    assert "Traceback" not in run.stderr
    kept = [path for folder in ("objects", "spool") for path in (home / folder).glob("*/**/*") if path.is_file()]
    assert kept == []


def test_the_channels_of_one_file_become_microphones(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run = courtrec(home, "record", "--case", CASE, "--from", wav(tmp_path / "three.wav", channels=3))
    assert run.returncode == 0, run.stderr
    with reading(f"sqlite:///{home}/courtrec.db") as work:
        [hearing] = work.hearings.find("гд4405/24б2")
        audio = [one["track"] for one in hearing.tracks if one["kind"] == "audio" and not one["derived"]]
        assert audio == ["mic-judge", "mic-secretary", "mic-claimant"]
        assert hearing.end_sample == 7 * 48_000
        assert work.utterances.of(hearing.id) == []  # no speech, no text
        assert work.protocols.latest(hearing.id) is not None
    assert courtrec(home, "verify").returncode == 0


def test_a_graph_is_recorded_for_as_long_as_asked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run = courtrec(home, "record", "--case", CASE, "--from", "lavfi:sine=frequency=300", "--for", "8")
    assert run.returncode == 0, run.stderr
    with reading(f"sqlite:///{home}/courtrec.db") as work:
        assert [one.end_sample for one in work.hearings.find()] == [8 * 48_000]


@pytest.mark.parametrize(
    ("seconds", "samples"), [(0.3, 14_400), (10.5, 504_000), (0.00001, 8), (1 / 3, 16_000), (1.00003, 48_000)]
)
def test_a_length_in_parts_of_a_second_is_kept_to_the_cameras_tick(seconds: float, samples: int) -> None:
    script = stop_after(HearingCard(CaseNumber.parse(CASE)), seconds)
    assert [action.at for action in script.actions] == [0, samples]


def test_files_one_per_microphone_are_transcribed_by_speaker(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run = courtrec(home, "record", "--case", CASE, "--from", *ENGLISH)
    assert run.returncode == 0, run.stderr
    with reading(f"sqlite:///{home}/courtrec.db") as work:
        [hearing] = work.hearings.find()
        roles = {one.role for one in work.utterances.of(hearing.id)}
    assert {"judge", "secretary", "claimant", "respondent"} <= roles
