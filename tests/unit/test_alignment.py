"""What lining up must do with what no track records, and with what lies before the hearing."""

import numpy as np

from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, AudioBlock
from recorder.alignment import Alignment


def sound(start: int, length: int) -> AudioBlock:
    return AudioBlock(start, np.arange(start, start + length, dtype=np.int16).reshape(-1, 1))


def test_sound_of_a_camera_whose_microphone_nobody_uses_is_passed_over() -> None:
    alignment = Alignment(["desk"], 0)
    alignment.add("camera", sound(0, 4800), 0)
    alignment.add("desk", sound(0, 4800), 0)
    block = alignment.next_block(4800, AUDIO_RATE)
    assert block is not None
    assert block.sound.keys() == {"desk"}


def test_what_was_said_before_the_hearing_began_is_left_out() -> None:
    alignment = Alignment(["desk"], 0)
    alignment.add("desk", sound(7, 4800), -800)
    block = alignment.next_block(4000, 4000)
    assert block is not None
    assert block.sound["desk"][:, 0].tolist() == list(range(807, 4807))


def test_what_an_input_that_was_lost_gives_too_late_is_taken_all_the_same() -> None:
    alignment = Alignment(["desk"], 0)
    alignment.add("desk", sound(0, 4800), 0)
    alignment.lose("desk", (GapCause.DEVICE_LOST, "hung"))
    while alignment.next_block(14_400, AUDIO_RATE) is not None:
        pass
    late = [sound(start, 4800) for start in (4800, 9600, 14_400)]
    for one in late:  # the first two belong before 14 400, which is recorded
        alignment.add("desk", one, one.start)
    block = alignment.next_block(19_200, AUDIO_RATE)
    assert block is not None
    assert (block.start, block.end) == (14_400, 19_200)
    assert block.sound["desk"].tolist() == [row for one in late for row in one.pcm.tolist()]
