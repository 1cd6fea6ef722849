"""Rooms: read from a file, made from recordings, and written back as text for the spool."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, RoomError, SourceKind, parse_room
from hardware.devices import Source
from hardware.inputs import open_input

_ORDER = (CourtRole.JUDGE, CourtRole.SECRETARY, CourtRole.CLAIMANT, CourtRole.RESPONDENT)
_LAVFI = "lavfi:"


def load_room(path: Path) -> Room:
    """The room in the file `path`, the files it names as absolute paths. Raises RoomError if it cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RoomError(f"The room file {path} cannot be read ({error.strerror}): check its name.") from None
    except UnicodeDecodeError:
        raise RoomError(f"The room file {path} is not text in UTF-8: save it as such.") from None
    room = parse_room(text, str(path))
    folder = path.resolve().parent

    def found(name: str) -> str:
        return str((folder / name).resolve())

    def placed(one: Input) -> Input:
        described = one.source is SourceKind.RTP and not one.address.startswith(("rtp://", "v=0"))
        return replace(
            one, files=tuple(map(found, one.files)), address=found(one.address) if described else one.address
        )

    inputs = tuple(map(placed, room.inputs))
    return replace(room, inputs=inputs, hearing=room.hearing and found(room.hearing))


def room_from_files(files: Sequence[str | Path]) -> Room:
    """A room whose devices are recordings: each channel of each file a microphone, each picture a camera.

    Beside file names it takes `rtsp://…` and `rtp://…` addresses and `lavfi:` with a filter graph. Microphones get the
    roles judge, secretary, claimant, respondent, then witness-1, witness-2 and so on. Raises InputError if one cannot
    be used or none has sound.
    """
    inputs, places, cameras, titles = [], [], [], []
    for number, given in enumerate(map(str, files), start=1):
        spec = _input_from(f"file-{number}", given)
        source = open_input(spec, channels=1)
        source.close()
        inputs.append(spec)
        titles.append(source.description)
        places += [(spec.id, channel) for channel in range(source.channels)]
        if source.picture is not None:
            cameras.append(Camera(str(number), spec.id))
    if not places:
        named = ", ".join(map(str, files)) or "none given"
        raise RoomError(f"There is no sound in the files ({named}): a hearing needs at least one microphone.")
    roles = [(role, "") for role in _ORDER]
    roles += [(CourtRole.WITNESS, str(number)) for number in range(1, len(places))]
    microphones = [
        Microphone(role, name, channel, suffix) for (role, suffix), (name, channel) in zip(roles, places, strict=False)
    ]
    return Room(titles[0], tuple(inputs), tuple(microphones), tuple(cameras))


def _input_from(name: str, given: str) -> Input:
    if given.startswith(("rtsp://", "rtsps://")):
        return Input(name, SourceKind.RTSP, given)
    if given.startswith("rtp://"):
        return Input(name, SourceKind.RTP, given)
    if given.startswith(_LAVFI):
        return Input(name, SourceKind.LAVFI, given.removeprefix(_LAVFI))
    return Input(name, SourceKind.FILE, files=(str(Path(given).resolve()),))


def check_sources(room: Room, sources: Mapping[str, Source]) -> None:
    """Raises RoomError if an open input is not what the room takes it for."""
    for microphone in room.microphones:
        source = sources[microphone.input]
        if microphone.channel >= source.channels:
            has = f"only {source.channels} (counted from 0)" if source.channels else "no sound"
            raise RoomError(
                f"{microphone.track} is channel {microphone.channel} of the input {microphone.input!r}, "
                f"but {source.description} has {has}: correct the room or the device."
            )
    for camera in room.cameras:
        source = sources[camera.input]
        if source.picture is None:
            raise RoomError(
                f"{camera.track} uses the input {camera.input!r}, but {source.description} has no picture: "
                "correct the room or the device."
            )


def channels_used(room: Room, input_id: str) -> int:
    """How many channels of the input the room needs."""
    return 1 + max((one.channel for one in room.microphones if one.input == input_id), default=-1)


def goes_on(room: Room) -> bool:
    """Whether the room goes on while the recorder is away; recordings alone wait for it."""
    return any(one.source not in (SourceKind.FILE, SourceKind.LAVFI) for one in room.inputs)


def bounded(room: Room) -> bool:
    """Whether reading the room as fast as it can be read comes to an end: a filter graph may go on for ever."""
    return all(one.source is not SourceKind.LAVFI for one in room.inputs)


def room_text(room: Room) -> str:
    """The room as the text of a room file: the inverse of court.room.parse_room."""
    fields = {"name": room.name, "profile": room.profile.value, "hearing": room.hearing, "spare": room.spare}
    lines = [*_fields(fields)]
    limits = {name: value for name, value in asdict(room.spool).items() if value is not None}
    lines += ["[spool]", *_fields(limits)] if limits else []
    for one in room.inputs:
        fields = {"id": one.id, "source": one.source.value, "address": one.address, "picture": one.picture}
        lines += ["[[input]]", *_fields({**fields, "files": list(one.files), "delay": one.delay})]
    for microphone in room.microphones:
        place = {"input": microphone.input, "channel": microphone.channel, "name": microphone.name}
        lines += ["[[microphone]]", *_fields({"role": microphone.role.value, **place})]
    for camera in room.cameras:
        lines += ["[[camera]]", *_fields({"name": camera.name, "input": camera.input})]
    return "\n".join(lines) + "\n"


def _fields(values: Mapping[str, object]) -> Iterable[str]:
    # A JSON text, number or list of texts is spelled the same in TOML; only DEL must be escaped there.
    spelled = ((name, json.dumps(value, ensure_ascii=False)) for name, value in values.items())
    return [f"{name} = {value}".replace("\x7f", "\\u007f") for name, value in spelled]
