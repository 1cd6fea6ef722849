"""Microphones through a real PulseAudio server: each channel on its own track, whatever the server calls it."""

from pathlib import Path

import numpy as np
import pytest

from court.people import CourtRole
from court.room import Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE, AudioBlock
from hardware.errors import DeviceLost, DeviceUnusable
from hardware.inputs import open_input
from recorder.agent import Agent
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import CARD, Pcm, check_chain, check_tiles, loudness, node, recorded, tone
from tests.factories.waiting import until
from tests.services.sound import SoundServer, environment_of, sound_server

TONES = tuple(400 + 110 * number for number in range(8))
SEATS = (Microphone(CourtRole.JUDGE, "desk", 0), Microphone(CourtRole.WITNESS, "desk", 1))


def tones(seconds: float, count: int) -> Pcm:
    return np.column_stack([tone(seconds, hertz) for hertz in TONES[:count]])


def heard(agent: Agent, track: str) -> bool:
    levels = agent.meter().levels
    return track in levels and levels[track].level.peak_db > -20


def test_every_channel_is_on_its_own_track(tmp_path: Path, each_sound: SoundServer) -> None:
    inputs = tuple(Input(sink, SourceKind.PULSE, f"{sink}.monitor") for sink in ("two", "eight"))
    desk = [Microphone(CourtRole.JUDGE, "two", number, str(number)) for number in range(2)]
    hall = [Microphone(CourtRole.WITNESS, "eight", number, str(number)) for number in range(8)]
    agent = node(tmp_path, Room("room", inputs, (*desk, *hall)))
    with each_sound.playing("two", tones(20, 2)), each_sound.playing("eight", tones(20, 8)):
        hearing = agent.start(CARD)
        until(lambda: heard(agent, "mic-judge-1") and heard(agent, "mic-witness-7"), agent.status)
        began = agent.status().seconds
        until(lambda: agent.status().seconds > began + 0.7, agent.status)
        agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    for seat in (*desk, *hall):
        pcm = found.sound(seat.track)[-AUDIO_RATE // 2 :]
        strengths = [loudness(pcm, hertz) for hertz in TONES]
        assert strengths[seat.channel] > 7000
        assert sum(strengths) - strengths[seat.channel] < 300


def test_fewer_channels_than_there_are_come_by_their_number(each_sound: SoundServer) -> None:
    with each_sound.playing("eight", tones(10, 8)):
        source = open_input(Input("desk", SourceKind.PULSE, "eight.monitor"), 2)
        loud: list[Pcm] = []
        for item in source.items():
            assert isinstance(item, AudioBlock)
            if loud or loudness(item.pcm[:, 0], TONES[0]) > 7000:
                loud.append(item.pcm)
            if sum(map(len, loud)) > AUDIO_RATE // 2:
                break
        source.close()
    pcm = np.concatenate(loud)  # a single block is too short to tell two tones apart
    assert loudness(pcm[:, 0], TONES[0]) > 7000
    assert loudness(pcm[:, 1], TONES[1]) > 7000
    assert loudness(pcm[:, 1], TONES[0]) < 1000


@pytest.mark.parametrize("failure", ["dies", "hangs"])
def test_a_server_that_fails_is_a_gap_until_it_is_back(tmp_path: Path, failure: str) -> None:
    folder = tmp_path / "sound"
    folder.mkdir()
    inputs = (Input("desk", SourceKind.PULSE, "two.monitor"), Input("graph", SourceKind.SIMULATED, picture="clock"))
    room = Room("room", inputs, SEATS)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_of(folder).items():
            patch.setenv(name, value)
        agent = node(tmp_path / "node", room)
        with sound_server(folder) as server:
            hearing = agent.start(CARD)
            until(lambda: agent.status().seconds > 1, agent.status)
            getattr(server, {"dies": "kill", "hangs": "hang"}[failure])()
            lost = agent.status().seconds
            until(lambda: agent.status().seconds > lost + 2, agent.status)
            if failure == "hangs":
                server.go_on()
                resumed = agent.status().seconds
                until(lambda: agent.status().seconds > resumed + 1, agent.status)
                agent.stop()
        if failure == "dies":
            with sound_server(folder) as server, server.playing("two", tones(20, 2)):
                until(lambda: heard(agent, SEATS[0].track), agent.status)
                again = agent.status().seconds
                until(lambda: agent.status().seconds > again + 1, agent.status)
                agent.stop()
    found = recorded(agent, hearing)
    agent.close()
    check_chain(found)
    check_tiles(found)
    gaps = [gap for gap in found.bodies(LeafKind.GAP, SEATS[0].track) if gap["end"] > AUDIO_RATE]
    assert {gap["cause"] for gap in gaps} == {"device_lost"}
    assert gaps[-1]["end"] - gaps[0]["start"] > AUDIO_RATE
    assert gaps[-1]["end"] < found.end
    if failure == "dies":
        assert loudness(found.sound(SEATS[0].track)[-AUDIO_RATE // 2 :], TONES[0]) > 7500
        assert "sound source two.monitor" in gaps[0]["device_log"]


def test_what_cannot_be_opened_is_named(sound: SoundServer) -> None:
    with pytest.raises(DeviceUnusable, match=r"source desk cannot be opened: .*it knows two\.monitor, eight\.monitor"):
        open_input(Input("a", SourceKind.PULSE, "desk"), 1)
    source = open_input(Input("a", SourceKind.PULSE, "two.monitor"), 1)
    sound.kill()
    with pytest.raises(DeviceLost, match=r"The sound source two\.monitor stopped giving: .*connection"):
        for _ in source.items():
            pass
    source.close()
    with pytest.raises(DeviceUnusable, match=r"cannot be opened: connection failure: connection refused; start the"):
        open_input(Input("a", SourceKind.PULSE, "two.monitor"), 1)
