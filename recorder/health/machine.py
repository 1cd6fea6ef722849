"""What a self-test asks of the machine: can it keep pace, has its disk room, is its clock right, who answers."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np

from court.clock import Clock
from court.grade import Grade
from court.health import Finding, Symptom
from court.hearing import HearingState
from court.room import Room
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Picture, PictureFormat
from recorder.disk import DiskRoom
from recorder.encode import CODINGS, SoundFile

HEADROOM_AMBER, HEADROOM_RED = 4, 2
"""How many times faster than it is heard a second must be encoded and made durable: beside recording the machine
delivers, and a disk now and then takes a second for one fsync."""

_SOUND_SECONDS, _PICTURES = 4, 20
_ANSWER_SECONDS = 3.0
_STEP = AUDIO_RATE // 10


def encode_finding(room: Room, folder: Path, pictures: list[PictureFormat]) -> Finding:
    """Encodes noise and moving patterns as the room's tracks would be, into a folder below `folder`.

    `pictures` are the formats of the cameras whose pictures are encoded here. Raises OSError if the disk fails.
    """
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".self-test-") as name:
        coding = CODINGS[room.profile]
        sound = _sound_seconds(Path(name), coding.sound, generator) * (len(room.microphones) + 1)  # and the mix
        seen = sum(_picture_seconds(Path(name), number, form, room, generator) for number, form in enumerate(pictures))
    times = int(1 / (sound + seen))
    grade = Grade.RED if times < HEADROOM_RED else Grade.AMBER if times < HEADROOM_AMBER else Grade.GREEN
    return Finding(Symptom.ENCODES, grade, "", {"times": times})


def _sound_seconds(folder: Path, file: type[SoundFile], generator: np.random.Generator) -> float:
    """Seconds that encoding one second of one microphone takes."""
    pcm = generator.normal(0, 2000, _SOUND_SECONDS * AUDIO_RATE).astype(np.int16)
    began = time.perf_counter()
    written = file(folder / "sound.mp4")
    for start in range(0, len(pcm), _STEP):
        written.write(start, pcm[start : start + _STEP])
    written.seal()
    return (time.perf_counter() - began) / _SOUND_SECONDS


def _picture_seconds(
    folder: Path, number: int, form: PictureFormat, room: Room, generator: np.random.Generator
) -> float:
    height, width = max(2, form.height & ~1), max(2, form.width & ~1)
    coarse = generator.integers(60, 180, (height * 3 // 32 + 1, width // 16 + 1))
    scene = np.kron(coarse, np.ones((16, 16)))[: height * 3 // 2, :width]  # moves, and has a sensor's noise
    frames = [
        (np.roll(scene, 4 * turn, axis=1) + generator.normal(0, 2, scene.shape)).astype(np.uint8) for turn in range(4)
    ]
    step = round(VIDEO_RATE / form.frames_per_second)
    began = time.perf_counter()
    written = CODINGS[room.profile].picture_file(folder / f"picture-{number}.mp4", form)
    for count in range(_PICTURES):
        frame = av.VideoFrame.from_ndarray(frames[count % len(frames)], format="yuv420p")
        written.write(Picture(count * step, count * step, count == 0, form, frame))
    written.seal()
    return (time.perf_counter() - began) * form.frames_per_second / _PICTURES


def disk_finding(room: DiskRoom) -> Finding:
    grade = Grade.RED if room.short else Grade.GREEN
    return Finding(Symptom.DISK, grade, "", {"free": room.free, "reserve": room.reserve})


def clock_finding(clock: Clock) -> Finding:
    return Finding(Symptom.CLOCK, Grade.GREEN if clock.now().disciplined else Grade.AMBER, "", {})


def reach_findings(server_url: str, room: Room, token: str) -> Iterator[Finding]:
    """Whether the server and the spare node answer; neither stops a recording, so neither is worse than amber."""
    if server_url:
        grade = Grade.AMBER if _answer(f"{server_url}/healthz", "") is None else Grade.GREEN
        yield Finding(Symptom.SERVER, grade, "", {"address": server_url})
    if room.spare:
        status = _answer(f"{room.spare}/status", token)
        free = status is not None and status.get("state") in (None, HearingState.ENDED)
        grade = Grade.GREEN if free else Grade.AMBER
        yield Finding(Symptom.SPARE, grade, "", {"address": room.spare})


def _answer(url: str, token: str) -> dict[str, Any] | None:
    """The JSON object that is answered, empty if this node is not told; None if nothing is answered.

    A spare that was enrolled has a token of its own, which this node does not know: that it asks for one is a sign of
    life.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        told = httpx.get(url, headers=headers, timeout=_ANSWER_SECONDS, trust_env=False)
        answer = {} if told.status_code == httpx.codes.UNAUTHORIZED else told.raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
