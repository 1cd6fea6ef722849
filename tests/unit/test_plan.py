import pytest

from court.hearing import HearingState, IllegalStep
from court.timeline import GapCause
from recorder.errors import Overtaken
from recorder.plan import Ask, Command, Plan, Step, obey

SCHEDULED = Plan()
RECORDING = Plan(HearingState.RECORDING, 0)
PAUSED = Plan(HearingState.PAUSED, 480)
DELIBERATION = Plan(HearingState.DELIBERATION, 480)
ENDED = Plan(HearingState.ENDED, 960)


@pytest.mark.parametrize(
    ("plan", "command", "state", "silence"),
    [
        (SCHEDULED, Command.START, HearingState.RECORDING, None),
        (RECORDING, Command.PAUSE, HearingState.PAUSED, None),
        (RECORDING, Command.DELIBERATE, HearingState.DELIBERATION, None),
        (RECORDING, Command.STOP, HearingState.ENDED, None),
        (PAUSED, Command.RESUME, HearingState.RECORDING, GapCause.BREAK),
        (PAUSED, Command.DELIBERATE, HearingState.DELIBERATION, GapCause.BREAK),
        (PAUSED, Command.STOP, HearingState.ENDED, GapCause.BREAK),
        (DELIBERATION, Command.RESUME, HearingState.RECORDING, GapCause.DELIBERATION),
        (DELIBERATION, Command.PAUSE, HearingState.PAUSED, GapCause.DELIBERATION),
        (DELIBERATION, Command.STOP, HearingState.ENDED, GapCause.DELIBERATION),
    ],
)
def test_step(plan: Plan, command: Command, state: HearingState, silence: GapCause | None) -> None:
    assert obey(plan, command, 960) == Step(Plan(state, 960, plan.steps + 1), changed=True, silence=silence)


@pytest.mark.parametrize(
    ("plan", "command"),
    [(RECORDING, Command.START), (RECORDING, Command.RESUME), (PAUSED, Command.PAUSE), (ENDED, Command.STOP)],
)
def test_repeating_a_command_changes_nothing(plan: Plan, command: Command) -> None:
    assert obey(plan, command, 2000) == Step(plan, changed=False)


@pytest.mark.parametrize(
    ("plan", "command"),
    [(SCHEDULED, Command.PAUSE), (SCHEDULED, Command.STOP), (ENDED, Command.START), (ENDED, Command.PAUSE)],
)
def test_impossible_step_is_refused(plan: Plan, command: Command) -> None:
    with pytest.raises(IllegalStep):
        obey(plan, command, 0)


def test_only_a_recording_hearing_records() -> None:
    assert [plan.recording for plan in (SCHEDULED, RECORDING, PAUSED, DELIBERATION, ENDED)] == [
        False, True, False, False, False,
    ]  # fmt: skip


def test_a_step_asked_for_in_view_of_what_is_no_longer_so_is_refused() -> None:
    once = obey(RECORDING, Command.PAUSE, 480, Ask(by="А.", seen=0)).plan
    assert (once.steps, once.by) == (1, "А.")
    assert not obey(once, Command.PAUSE, 960, Ask(seen=0)).changed  # repeated: it is so already
    resumed = obey(once, Command.RESUME, 960, Ask(by="Б.", seen=1)).plan
    with pytest.raises(Overtaken):
        obey(resumed, Command.PAUSE, 1440, Ask(seen=0))
    assert obey(resumed, Command.PAUSE, 1440, Ask(seen=2)).changed
