"""What a self-test makes of what it heard and saw."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from court.grade import Grade, worst
from court.health import Finding, SelfTest, Symptom
from hardware.devices import Pcm
from recorder.health.pictures import STILL_SECONDS, Watched, picture_findings
from recorder.health.prompts import Spoken
from recorder.health.sound import Listened, sound_findings
from tests.factories.health import added, blurred, humming, louder, noise, scene, sensor, voice

QUIET_BLOCKS, BLOCK = 30, 4800
JUDGE, CLAIMANT = "mic-judge", "mic-claimant"


def listened(track: str, spoken: Pcm, quiet_db: float = -70, seed: int = 1) -> Listened:
    """Three seconds of quiet, then `spoken`."""
    pcm = np.concatenate([noise(3, quiet_db, seed), spoken])
    return Listened(track, [pcm[at : at + BLOCK] for at in range(0, len(pcm), BLOCK)])


def heard(into: str, **levels: float) -> dict[str, Spoken]:
    """Somebody spoke into the microphone of role `into`; the roles heard it at these levels in dBFS."""
    return {
        f"mic-{into}": Spoken(48_000, {f"mic-{role}": 48_000 * 10 ** (level / 10) for role, level in levels.items()})
    }


WELL = {**heard("judge", judge=-25, claimant=-45), **heard("claimant", judge=-45, claimant=-25)}
GOOD = [listened(JUDGE, voice(4), seed=1), listened(CLAIMANT, voice(4, seed=3), seed=2)]


def found(microphones: list[Listened], spoken: Mapping[str, Spoken] = WELL) -> list[tuple[str, Symptom, Grade]]:
    return [(one.subject, one.symptom, one.grade) for one in sound_findings(microphones, QUIET_BLOCKS, spoken)]


def test_a_good_room_is_green() -> None:
    assert found(GOOD) == [(JUDGE, Symptom.HEARD, Grade.GREEN), (CLAIMANT, Symptom.HEARD, Grade.GREEN)]


def test_zero_quiet_and_lost_are_three_things() -> None:
    zero = Listened(JUDGE, [np.zeros(BLOCK, np.int16)] * 70)
    assert found([zero, GOOD[1]])[0] == (JUDGE, Symptom.NO_SIGNAL, Grade.RED)
    lost = Listened(JUDGE, list(GOOD[0].blocks), "It was pulled out.")
    assert found([lost, GOOD[1]])[0] == (JUDGE, Symptom.MICROPHONE_LOST, Grade.RED)
    unheard = {JUDGE: Spoken(), **heard("claimant", judge=-45, claimant=-25)}
    quiet = listened(JUDGE, noise(4, -70, 7))
    assert found([quiet, GOOD[1]], unheard)[0] == (JUDGE, Symptom.NOT_HEARD, Grade.RED)
    soft = {**WELL, **heard("judge", judge=-50, claimant=-60)}
    assert found(GOOD, soft)[0] == (JUDGE, Symptom.TOO_QUIET, Grade.AMBER)


@pytest.mark.parametrize(("level", "grade"), [(-55, Grade.AMBER), (-40, Grade.RED)])
def test_hum_is_told_by_its_level_in_the_quiet(level: float, grade: Grade) -> None:
    pcm = added(np.concatenate([noise(3, -75), voice(4)]), humming(7, level))
    judge = Listened(JUDGE, [pcm[at : at + BLOCK] for at in range(0, len(pcm), BLOCK)])
    assert found([judge, GOOD[1]])[0] == (JUDGE, Symptom.HUM, grade)


def test_a_hum_that_nobody_hears_is_left_alone() -> None:
    pcm = added(np.concatenate([noise(3, -85), voice(4)]), humming(7, -70))
    judge = Listened(JUDGE, [pcm[at : at + BLOCK] for at in range(0, len(pcm), BLOCK)])
    assert found([judge, GOOD[1]])[0] == (JUDGE, Symptom.HEARD, Grade.GREEN)


@pytest.mark.parametrize(("gain", "grade"), [(16, Grade.AMBER), (30, Grade.RED)])
def test_a_voice_that_is_cut_off(gain: float, grade: Grade) -> None:
    judge = listened(JUDGE, louder(voice(4), gain))
    assert found([judge, GOOD[1]])[0] == (JUDGE, Symptom.CLIPPING, grade)


def test_one_microphone_on_two_tracks_is_told_of_both() -> None:
    copy = Listened(CLAIMANT, [louder(one, -6) for one in GOOD[0].blocks])
    both = {**heard("judge", judge=-25, claimant=-31), **heard("claimant", judge=-25, claimant=-31)}
    assert found([GOOD[0], copy], both) == [
        (JUDGE, Symptom.DUPLICATED, Grade.RED),
        (CLAIMANT, Symptom.DUPLICATED, Grade.RED),
    ]


def test_swapped_plugs_and_a_wrong_one() -> None:
    crossed = {**heard("judge", judge=-45, claimant=-25), **heard("claimant", judge=-25, claimant=-45)}
    assert found(GOOD, crossed) == [
        (JUDGE, Symptom.SWAPPED, Grade.RED),
        (CLAIMANT, Symptom.SWAPPED, Grade.RED),
    ]
    stray = {**heard("judge", judge=-45, claimant=-25), **heard("claimant", judge=-45, claimant=-25)}
    assert found(GOOD, stray)[0] == (JUDGE, Symptom.ELSEWHERE, Grade.RED)
    assert found(GOOD, stray)[1] == (CLAIMANT, Symptom.HEARD, Grade.GREEN)


def test_a_neighbour_that_hears_nearly_as_much_is_no_swap() -> None:
    near = {**heard("judge", judge=-30, claimant=-26), **heard("claimant", judge=-45, claimant=-25)}
    assert found(GOOD, near)[0] == (JUDGE, Symptom.HEARD, Grade.GREEN)


def watched(*pictures: np.ndarray) -> Watched:
    """One picture in two seconds."""
    return Watched("cam-a", [(2.0 * number, picture) for number, picture in enumerate(pictures)])


SCENE = scene()


@pytest.mark.parametrize(
    ("camera", "symptom", "grade"),
    [
        (watched(*(sensor(SCENE, number) for number in range(4))), Symptom.SEEN, Grade.GREEN),
        (watched(*[SCENE] * 4), Symptom.FROZEN, Grade.RED),
        (watched(sensor(SCENE, 1), *[SCENE] * 4), Symptom.SEEN, Grade.GREEN),  # it moved within the test
        (watched(*[SCENE] * 2), Symptom.SEEN, Grade.GREEN),  # two seconds are too short to tell
        (watched(*[np.full((360, 640), 16, np.uint8)] * 4), Symptom.BLACK, Grade.RED),
        (watched(*(blurred(sensor(SCENE, number), 4) for number in range(4))), Symptom.BLURRED, Grade.AMBER),
        (Watched("cam-a"), Symptom.CAMERA_LOST, Grade.RED),
        (Watched("cam-a", [(0.0, SCENE)], "It was pulled out."), Symptom.CAMERA_LOST, Grade.RED),
    ],
)  # fmt: skip
def test_a_camera(camera: Watched, symptom: Symptom, grade: Grade) -> None:
    assert STILL_SECONDS == 4.0
    (finding,) = picture_findings([camera])
    assert (finding.symptom, finding.grade) == (symptom, grade)


def test_a_result_survives_being_written_down() -> None:
    findings = (Finding(Symptom.HUM, Grade.AMBER, JUDGE, {"level_db": -55}), Finding(Symptom.CLOCK, Grade.RED, "", {}))
    made = SelfTest("Зал", datetime(2026, 3, 12, 8, tzinfo=UTC), findings)
    assert SelfTest.parse(made.as_fields()) == made
    assert made.grade is Grade.RED
    assert (worst(), worst(Grade.GREEN, Grade.AMBER)) == (Grade.GREEN, Grade.AMBER)
