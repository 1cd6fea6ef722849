from pathlib import Path

import pytest

from court.errors import InputError
from court.notes import NoteTemplate
from hardware.devices import AUDIO_RATE
from recorder.plan import Command
from recorder.script import Action, load_script, parse_script

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("name", ["hearing-ru", "hearing-en"])
def test_the_sample_hearings_can_be_played(name: str) -> None:
    script = load_script(SAMPLES / name / "hearing.toml")
    assert script.card.participants
    assert script.actions[0].command is Command.START
    assert script.actions[-1].command is Command.STOP
    assert {Command.PAUSE, Command.RESUME} <= {action.command for action in script.actions}


def test_moments_lie_on_whole_camera_ticks() -> None:
    text = 'case_number = "1"\naction = [{at=0, do="start"}, {at=10.62001, do="note", template="motion", text="x"}]'
    start, note = parse_script(text, "script").actions
    assert start == Action(0, Command.START)
    assert note == Action(509_760, None, NoteTemplate.MOTION, "x")
    assert abs(note.at - 10.62001 * AUDIO_RATE) < 8


@pytest.mark.parametrize(
    ("actions", "sentence"),
    [
        ("", "has no .*action.*: it needs at least a start"),
        ('{at=1, do="start"}', "must begin with one start at 0 s"),
        ('{at=0, do="pause"}', "must begin with one start at 0 s"),
        ('{at=0, do="start"}, {at=5, do="pause"}, {at=4, do="resume"}', r"goes back in time at 4.0 s"),
        ('{at=0, do="start"}, {at=5, do="stop"}, {at=6, do="note"}', r"goes on after its stop"),
        ('{at=0, do="start"}, {at=5, do="dance"}', "an action at 5 s that is unknown"),
        ('{at=0, do="start"}, {at="soon", do="stop"}', "an action at 'soon': give seconds"),
        ('{at=0, do="start"}, {at=5, do="note", template="song"}', "an action at 5 s that is unknown"),
        ('{at=0, do="start"}, 5', "an action that is not a table"),
    ],
)
def test_a_script_that_cannot_be_played_says_why(actions: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_script(f'case_number = "1"\naction = [{actions}]', "script.toml")


def test_a_missing_script_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The script .*none.toml cannot be read"):
        load_script(tmp_path / "none.toml")


def test_an_empty_case_number_says_so() -> None:
    with pytest.raises(InputError, match="The case number is empty"):
        parse_script('action = [{at=0, do="start"}]', "script.toml")
