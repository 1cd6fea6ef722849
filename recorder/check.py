"""Tries a room: opens each of its inputs for a moment and tells what every microphone and camera gives."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from court.errors import CourtError
from court.room import Camera, Microphone, Room
from hardware.devices import AUDIO_RATE, Interruptible, Item, Pcm, Picture, Source
from hardware.levels import measure
from recorder.assembly import OpenSource, inputs_used
from recorder.rooms import channels_used

_MOMENT = AUDIO_RATE  # samples of each microphone that are listened to
_PATIENCE_SECONDS = 15.0  # longer than any input's own time limit, so that its own reason is told


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on one track."""

    track: str
    words: str
    good: bool


@dataclass(slots=True)
class _Trial:
    """What an input gave, and the sentence on what was wrong, if anything."""

    source: Source | None = None
    wrong: str = ""
    sound: list[Pcm] = field(default_factory=list)
    picture: Picture | None = None
    done: threading.Event = field(default_factory=threading.Event)


def check_room(room: Room, open_source: OpenSource, patience: float = _PATIENCE_SECONDS) -> Iterator[Finding]:
    """A finding for every microphone and camera. All inputs are tried at once; `patience` in seconds for all."""
    deadline = time.monotonic() + patience
    trials = {name: _Trial() for name in inputs_used(room)}
    for name, trial in trials.items():
        threading.Thread(target=_try, args=(room, name, trial, open_source), name=f"check {name}", daemon=True).start()
    for name, trial in trials.items():
        if not trial.done.wait(max(0.0, deadline - time.monotonic())):
            trial.wrong = f"The input {name!r} gave nothing for {patience:.0f} seconds: check it, or who sends to it."
            if isinstance(trial.source, Interruptible):
                trial.source.interrupt()
    for microphone in room.microphones:
        yield _heard(microphone, trials[microphone.input])
    for camera in room.cameras:
        yield _seen(camera, trials[camera.input], room.input(camera.input).delay)


def _try(room: Room, name: str, trial: _Trial, open_source: OpenSource) -> None:
    heard = any(one.input == name for one in room.microphones)
    seen = any(one.input == name for one in room.cameras)
    try:
        source = trial.source = open_source(room.input(name), channels_used(room, name), 0.0)
        try:
            length = 0
            for item in source.items():
                length += _taken(item, trial)
                has_sound = not heard or not source.channels or length >= _MOMENT
                if has_sound and (not seen or source.picture is None or trial.picture is not None):
                    break
        finally:
            source.close()
    except CourtError as error:
        trial.wrong = trial.wrong or str(error)
    finally:
        trial.done.set()


def _taken(item: Item, trial: _Trial) -> int:
    if isinstance(item, Picture):
        trial.picture = trial.picture or item
        return 0
    trial.sound.append(item.pcm)
    return len(item.pcm)


def _heard(microphone: Microphone, trial: _Trial) -> Finding:
    place = f"channel {microphone.channel} of {microphone.input!r}"
    if not trial.sound:
        return Finding(microphone.track, trial.wrong or f"The input {microphone.input!r} has no sound.", good=False)
    pcm = np.vstack(trial.sound)
    if microphone.channel >= pcm.shape[1]:
        words = f"It is {place}, but that has only {pcm.shape[1]} (counted from 0): correct the room or the device."
        return Finding(microphone.track, words, good=False)
    level = measure(pcm[:, microphone.channel])
    if level.digital_zero:
        words = f"{place} of {pcm.shape[1]} gives digital silence: is it connected, switched on and not muted?"
        return Finding(microphone.track, words, good=False)
    words = f"{place} of {pcm.shape[1]}, level {level.rms_db:.0f} dBFS, peak {level.peak_db:.0f} dBFS."
    return Finding(microphone.track, words, good=True)


def _seen(camera: Camera, trial: _Trial, delay: float) -> Finding:
    if trial.picture is None:
        return Finding(camera.track, trial.wrong or f"The input {camera.input!r} has no picture.", good=False)
    form = trial.picture.format
    kept = f"{form.codec}, kept as it comes" if form.kept is not None else "encoded here as h264"
    placed = f", placed {delay * 1000:.0f} ms earlier than they come" if delay else ""
    words = f"{form.width}×{form.height}, {form.frames_per_second:g} pictures per second, {kept}{placed}."
    return Finding(camera.track, words, good=True)
