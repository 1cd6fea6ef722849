"""The sample hearings: how they are made, and that the committed ones are what their references say."""

import itertools
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.speech import Clip, Line, compose
from tests.speech.sources import asterisk_prompts, festvox_sentences, rttm_speech
from tools import make_sample_hearing
from tools.sample_hearing import mix, voices
from tools.sample_hearing.audio import read_pcm, write_flac
from tools.sample_hearing.script import Script, ScriptError, Voice, read_script
from tools.sample_hearing.timeline import Slot, lay_out, seconds

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ["ru", "en", "ky", "kk"]


def tone(duration: float, hertz: float = 440.0) -> mix.Signal:
    signal: mix.Signal = 0.25 * np.sin(2 * np.pi * hertz * np.arange(seconds(duration)) / mix.RATE)
    return signal


def level(signal: mix.Signal) -> float:
    return float(10 * np.log10(np.mean(signal**2)))


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


# --- mixing ---------------------------------------------------------------------------------------------------


def test_a_neighbour_hears_a_voice_14_db_lower_and_later() -> None:
    quiet = mix.Acoustics(noise_dbfs=-120.0)
    room = mix.to_signal(mix.microphones([mix.Placed(0, 1000, tone(0.5))], 3, 16_000, quiet, rng()))
    own, next_seat, far_seat = (channel[2000:8000] for channel in room)
    assert level(own) - level(next_seat) == pytest.approx(14.0, abs=0.1)
    assert level(own) - level(far_seat) == pytest.approx(14.0, abs=0.1)
    onsets = [int(np.argmax(np.abs(channel) > 1e-3)) for channel in room]
    assert 1000 <= onsets[0] < onsets[1] < onsets[2] < 1000 + seconds(0.010)


def test_each_microphone_has_its_own_noise_at_the_stated_level() -> None:
    room = mix.to_signal(mix.microphones([], 2, seconds(4), mix.Acoustics(), rng()))
    assert [level(channel) for channel in room] == pytest.approx([-55.0, -55.0], abs=0.2)
    assert abs(float(np.mean(room[0] * room[1]))) < 0.1 * mix.gain(-55.0) ** 2


def test_sound_beyond_the_end_is_cut_and_too_loud_sound_clips() -> None:
    room = mix.microphones([mix.Placed(0, 900, 10 * tone(1.0))], 2, 1000, mix.Acoustics(), rng())
    assert room.shape == (2, 1000)
    assert room.max() == 32_767


def test_speech_spans_close_short_pauses_and_keep_long_ones() -> None:
    def silence(duration: float) -> mix.Signal:
        return np.zeros(seconds(duration))

    signal = np.concatenate([silence(0.5), tone(1), silence(0.2), tone(1), silence(0.6), tone(0.5), silence(0.4)])
    spans = [(a / mix.RATE, b / mix.RATE) for a, b in mix.speech_spans(signal)]
    assert spans == [pytest.approx((0.5, 2.7)), pytest.approx((3.3, 3.8))]
    assert mix.trimmed(signal).size == seconds(3.3)
    assert mix.speech_spans(silence(1)) == []
    assert mix.trimmed(silence(1)).size == 0


def test_the_level_is_that_of_speech_without_its_pauses() -> None:
    signal = mix.at_level(np.concatenate([tone(1), np.zeros(seconds(3)), tone(1)]), -24.0)
    assert level(signal[: seconds(1)]) == pytest.approx(-24.0, abs=0.05)


def test_rttm_is_sorted_and_reads_back() -> None:
    text = mix.rttm("h", [("claimant", 3.0, 4.5), ("judge", 0.25, 2.0)])
    assert text.splitlines()[0] == "SPEAKER h 1 0.250 1.750 <NA> <NA> judge <NA> <NA>"
    assert rttm_speech(text) == (("judge", 0.25, 2.0), ("claimant", 3.0, 4.5))


# --- timeline -------------------------------------------------------------------------------------------------


def test_turns_follow_after_real_pauses_or_overlap_as_told() -> None:
    lengths = [seconds(3), seconds(2), seconds(4)]
    timeline = lay_out([Slot(), Slot(), Slot(overlap=1.0)], lengths, rng())
    pause = timeline.starts[1] - timeline.starts[0] - lengths[0]
    assert seconds(0.4) <= pause <= seconds(1.2)
    assert timeline.starts[2] == timeline.starts[1] + lengths[1] - seconds(1.0)
    assert timeline.length > timeline.starts[2] + lengths[2]
    assert timeline.pause is None


def test_the_break_has_quiet_around_what_is_said_in_it() -> None:
    second = seconds(1)
    timeline = lay_out([Slot(), Slot(in_break=True), Slot()], [second] * 3, rng())
    assert timeline.pause is not None
    start, end = timeline.pause
    before, remark, after = timeline.starts
    assert before + second < start < remark
    assert remark + second < end < after


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ([Slot(), Slot(in_break=True)], "must end"),
        ([Slot(), Slot(in_break=True), Slot(), Slot(in_break=True), Slot()], "only one break"),
        ([Slot(), Slot(overlap=1.5)], "longer than a turn"),
    ],
)
def test_a_timeline_that_cannot_be_is_refused(slots: list[Slot], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lay_out(slots, [seconds(1)] * len(slots), rng())


# --- script and voices ----------------------------------------------------------------------------------------


def test_a_script_without_a_field_or_with_an_unseated_role_is_refused(tmp_path: Path) -> None:
    good = (ROOT / "tools/sample_hearing/en.toml").read_text(encoding="utf-8")
    broken = tmp_path / "broken.toml"
    for text, message in [
        (good.replace("seats = ", "chairs = "), "'seats' is missing"),
        (good.replace('role = "judge"\nsay', 'role = "witness"\nsay', 1), "'witness', which has no microphone"),
        ("seed = ", "broken.toml: cannot be read"),
    ]:
        broken.write_text(text, encoding="utf-8")
        with pytest.raises(ScriptError, match=message):
            read_script(broken)


def test_a_missing_program_is_named_with_its_debian_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(voices.VoiceError, match="apt-get install festival festvox-ru"):
        voices.speak("Суд", Voice("festival", "voice_msu_ru_nsh_clunits", ()), tmp_path)


def test_making_is_deterministic_and_leaves_the_private_remark_out_of_the_rttm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        make_sample_hearing, "speak", lambda text, voice, folder: tone(1.5 + len(text) / 20, 200 + len(text))
    )
    script = read_script(ROOT / "tools/sample_hearing/en.toml")
    made = []
    for run in ("first", "second"):
        make_sample_hearing.make(script, tmp_path / run / "hearing-en")
        made.append({path.name: path.read_bytes() for path in sorted((tmp_path / run / "hearing-en").iterdir())})
    assert made[0] == made[1]
    assert set(made[0]) == {f"{s}.flac" for s in script.seats} | {"hearing.toml", "reference.json", "reference.rttm"}
    remark = next(row for row in json.loads(made[0]["reference.json"]) if row["in_break"])
    assert all(end <= remark["start"] or start >= remark["end"] for _, start, end in rttm_speech(_text(made[0])))


def _text(files: dict[str, bytes]) -> str:
    return files["reference.rttm"].decode()


def test_flac_gives_back_the_same_samples(tmp_path: Path) -> None:
    pcm = mix.to_pcm(tone(1.37))
    write_flac(tmp_path / "tone.flac", pcm)
    assert np.array_equal(read_pcm(tmp_path / "tone.flac"), pcm)


# --- the committed samples ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(language: str) -> Path:
    return ROOT / "samples" / f"hearing-{language}"


@pytest.fixture(scope="module")
def script(language: str) -> Script:
    return read_script(ROOT / "tools" / "sample_hearing" / f"{language}.toml")


@pytest.fixture(scope="module")
def room(folder: Path, script: Script) -> dict[str, mix.Pcm]:
    return {role: read_pcm(folder / f"{role}.flac") for role in script.seats}


@pytest.fixture(scope="module")
def reference(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    return rows


@pytest.fixture(scope="module")
def hearing(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "hearing.toml").read_text(encoding="utf-8"))


def action(hearing: dict[str, Any], do: str) -> float:
    (at,) = (entry["at"] for entry in hearing["action"] if entry["do"] == do)
    return float(at)


def test_the_references_are_of_the_script(
    script: Script, reference: list[dict[str, Any]], hearing: dict[str, Any]
) -> None:
    assert [(row["role"], row["text"]) for row in reference] == [(turn.role, turn.text) for turn in script.turns]
    notes = [(a["template"], a["text"]) for a in hearing["action"] if a["do"] == "note"]
    assert notes == [(turn.note.template, turn.note.text) for turn in script.turns if turn.note]
    assert {key: hearing[key] for key in script.card} == script.card


def test_the_length_is_as_promised_and_nothing_clips(language: str, room: dict[str, mix.Pcm]) -> None:
    low, high = {"ru": (100, 130), "en": (30, 45), "ky": (55, 70), "kk": (55, 70)}[language]
    (length,) = {pcm.size for pcm in room.values()}
    assert low <= length / mix.RATE <= high
    assert max(np.abs(pcm.astype(np.int32)).max() for pcm in room.values()) < 32_767


def test_every_utterance_dominates_its_own_microphone(
    room: dict[str, mix.Pcm], reference: list[dict[str, Any]]
) -> None:
    for row in reference:
        others = [r for r in reference if r is not row]
        start = max([row["start"], *(r["end"] for r in others if r["start"] < row["start"])])
        end = min([row["end"], *(r["start"] for r in others if r["start"] > row["start"])])
        heard = {role: level(mix.to_signal(pcm[seconds(start + 0.02) : seconds(end)])) for role, pcm in room.items()}
        own = heard.pop(row["role"])
        assert all(11 < own - other < 15 for other in heard.values()), row["text"]


def test_the_private_remark_and_nothing_else_is_in_the_break(
    folder: Path, reference: list[dict[str, Any]], hearing: dict[str, Any]
) -> None:
    pause, resume = action(hearing, "pause"), action(hearing, "resume")
    assert 4 <= resume - pause <= 8
    for row in reference:
        inside = pause < row["start"] and row["end"] < resume
        outside = row["end"] <= pause or resume <= row["start"]
        assert inside if row["in_break"] else outside
    assert sum(row["in_break"] for row in reference) == 1
    speech = rttm_speech((folder / "reference.rttm").read_text(encoding="utf-8"))
    assert all(end <= pause or resume <= start for _, start, end in speech)


def test_the_secretary_acts_in_order_and_within_the_sound(room: dict[str, mix.Pcm], hearing: dict[str, Any]) -> None:
    times = [entry["at"] for entry in hearing["action"]]
    assert times == sorted(times)
    assert (hearing["action"][0]["do"], hearing["action"][-1]["do"]) == ("start", "stop")
    assert times[0] == 0.0
    assert times[-1] < room["judge"].size / mix.RATE


def test_the_russian_hearing_has_all_its_stages_and_two_overlaps() -> None:
    folder = ROOT / "samples" / "hearing-ru"
    hearing = tomllib.loads((folder / "hearing.toml").read_text(encoding="utf-8"))
    stages = [a["template"] for a in hearing["action"] if a["do"] == "note"]
    assert stages == [
        *("opening", "recording_announced", "appearance", "motion", "ruling"),
        *("explanations", "explanations", "break", "announcement", "closing"),
    ]
    rows = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    together = [a["end"] - b["start"] for a, b in itertools.pairwise(rows) if b["start"] < a["end"]]
    assert together == pytest.approx([1.0, 0.9], abs=0.01)


@pytest.mark.parametrize("name", ["demo", "demo-en"])
def test_the_room_file_seats_each_role_at_its_file(name: str) -> None:
    room = tomllib.loads((ROOT / "rooms" / f"{name}.toml").read_text(encoding="utf-8"))
    (microphones,) = (entry for entry in room["input"] if entry["id"] == "microphones")
    files = [ROOT / "rooms" / file for file in microphones["files"]]
    assert all(file.is_file() for file in files)
    assert (ROOT / "rooms" / room["hearing"]).is_file()
    assert {files[m["channel"]].stem for m in room["microphone"]} == {m["role"] for m in room["microphone"]}
    assert all(files[m["channel"]].stem == m["role"] for m in room["microphone"])


# --- recorded speech: texts and composites --------------------------------------------------------------------


def test_festvox_sentences_lose_their_stress_marks() -> None:
    data = '( ru_0002 "Она завела, прядь вол+ос." )\n( ru_0003 "Он сказал: "нет"." )\n'
    assert festvox_sentences(data) == {"ru_0002": "Она завела, прядь волос.", "ru_0003": 'Он сказал: "нет".'}


def test_only_prompts_spelt_out_in_words_are_used() -> None:
    text = (
        "; Core sounds\n\nbeep: [this is a simple beep tone]\nconf: Нажмите 1 чтобы выключить микрофон\n"
        "site: Информация на сайте www.asterisk.org сегодня\nshort: Спасибо.\n"
        "dictate/both: Нажмите звёздочку для паузы...\n"
    )
    assert asterisk_prompts(text) == {"dictate/both": "Нажмите звёздочку для паузы"}


def test_a_composite_knows_what_its_microphones_hear() -> None:
    def clip(name: str, hertz: float) -> Clip:
        sound = np.concatenate([np.zeros(4000), tone(2, hertz), np.zeros(4000)])
        return Clip(name, mix.to_pcm(sound), f"слова {name}", (("speaker", 0.25, 2.25),))

    lines = [
        Line("judge", clip("a", 300)),
        Line("claimant", clip("b", 500), Slot(overlap=0.5)),
        Line("judge", clip("c", 700)),
    ]
    made = compose("room", ["judge", "claimant"], lines, seed=7)
    again = compose("room", ["judge", "claimant"], lines, seed=7)
    assert np.array_equal(made.pcm, again.pcm)
    assert made.text == "слова a слова b слова c"
    assert made.utterances[1].start == pytest.approx(made.utterances[0].end - 0.5)
    assert re.findall(r"> (judge|claimant) <", made.rttm) == ["judge", "claimant", "judge"]
    last = made.utterances[2]
    part = made.pcm[:, seconds(last.start + 0.1) : seconds(last.end)]
    judge, claimant = (level(mix.to_signal(channel)) for channel in part)
    assert judge == pytest.approx(-24.0, abs=0.2)
    assert judge - claimant == pytest.approx(14.0, abs=0.2)
