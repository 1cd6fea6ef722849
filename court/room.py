"""The room: which inputs there are, which channel is whose microphone, which picture is which camera.

A room file is TOML (see rooms/demo.toml). Parsing here is pure; whoever reads the file hands over its text.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from court.errors import InputError
from court.people import CourtRole
from court.toml import parse_toml

_Choice = TypeVar("_Choice", bound=StrEnum)


class RoomError(InputError):
    """The room file cannot be used."""


class Profile(StrEnum):
    """How evidence is encoded: FLAC 48 kHz, or Opus for courts on slow lines."""

    EVIDENCE = "evidence"
    SLOW_LINE = "slow-line"


class SourceKind(StrEnum):
    SIMULATED = "simulated"
    FILE = "file"
    ALSA = "alsa"
    PULSE = "pulse"
    V4L2 = "v4l2"
    RTSP = "rtsp"
    RTP = "rtp"
    SRT = "srt"
    RTMP = "rtmp"
    LAVFI = "lavfi"


_SCHEMES = {
    SourceKind.RTSP: ("rtsp://", "rtsps://"),
    SourceKind.SRT: ("srt://",),
    SourceKind.RTMP: ("rtmp://",),
}
_LARGEST_LIMIT = 1e6
_LONGEST_DELAY = 2.0
"""Seconds: what a camera needs to encode and send; a stream that comes later than that is buffered, not constant."""


@dataclass(frozen=True, slots=True)
class Input:
    """One device, stream or set of files. `address` is the device name, URL or lavfi graph; with srt and rtmp, where
    the node listens.

    Several `files` of one input are read side by side, each giving its channels, like one interface.
    `picture` names what a simulated camera draws. `delay` is by how many seconds its pictures come later than they
    were taken: a camera that encodes needs them, always the same.
    """

    id: str
    source: SourceKind
    address: str = ""
    files: tuple[str, ...] = ()
    picture: str = ""
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Microphone:
    role: CourtRole
    input: str
    channel: int
    name: str = ""

    @property
    def track(self) -> str:
        """The track's id: the role, with a name where a role has several microphones."""
        return f"mic-{self.role.value}" + (f"-{self.name}" if self.name else "")


@dataclass(frozen=True, slots=True)
class Camera:
    name: str
    input: str

    @property
    def track(self) -> str:
        return f"cam-{self.name}"


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """From when on people are told that the server does not take what is recorded; None: never. Nothing is dropped."""

    unsent_gigabytes: float | None = None
    unsent_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """`hearing` is the script file of a simulated room's secretary, empty elsewhere. Paths as in the file.
    `spare` is the control address of the node that takes over if this one fails; empty: there is none."""

    name: str
    inputs: tuple[Input, ...]
    microphones: tuple[Microphone, ...]
    cameras: tuple[Camera, ...] = ()
    profile: Profile = Profile.EVIDENCE
    hearing: str = ""
    spool: SpoolLimits = SpoolLimits()
    spare: str = ""

    def input(self, name: str) -> Input:
        return next(one for one in self.inputs if one.id == name)


def parse_room(text: str, where: str) -> Room:
    """A room from TOML `text`; `where` names the file in errors. Raises RoomError on anything unusable."""
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise RoomError(f"The room file {where} is not valid TOML ({error}): correct that line.") from None
    reader = _Reader(where)
    known = {"name", "profile", "hearing", "spool", "spare", "input", "microphone", "camera"}
    reader.only(document, known, "the room")
    room = Room(
        name=reader.text(document, "name", "the room"),
        inputs=tuple(reader.input(entry) for entry in reader.tables(document, "input")),
        microphones=tuple(reader.microphone(entry) for entry in reader.tables(document, "microphone")),
        cameras=tuple(reader.camera(entry) for entry in reader.tables(document, "camera")),
        profile=reader.choice(document, "profile", Profile, Profile.EVIDENCE),
        hearing=reader.text(document, "hearing", "the room", default=""),
        spool=reader.spool(document.get("spool", {})),
        spare=reader.text(document, "spare", "the room", default="").rstrip("/"),
    )
    reader.consistent(room)
    return room


class _Reader:
    """Reads the tables of one room file, with the file's name in every complaint."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, complaint: str) -> RoomError:
        return RoomError(f"The room file {self.where} cannot be used: {complaint}")

    def only(self, table: dict[str, Any], known: set[str], what: str) -> None:
        for key in table.keys() - known:
            raise self.fail(f"{what} has an unknown field {key!r}; possible are {', '.join(sorted(known))}.")

    def tables(self, document: dict[str, Any], name: str) -> list[dict[str, Any]]:
        value = document.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.fail(f"write each {name} under its own [[{name}]] heading.")
        return value

    def text(self, table: dict[str, Any], name: str, what: str, default: str | None = None) -> str:
        value = table.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.fail(f"{what} needs a text in the field {name!r}.")
        return value

    def choice(self, table: dict[str, Any], name: str, kind: type[_Choice], default: _Choice | None) -> _Choice:
        value = table.get(name, default)
        try:
            return kind(str(value))
        except ValueError:
            raise self.fail(f"{name} = {value!r} is unknown; use one of {', '.join(kind)}.") from None

    def seconds(self, table: dict[str, Any], name: str, what: str, most: float) -> float:
        value = table.get(name, 0.0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
            raise self.fail(f"the {name} of {what} must be seconds from 0 to {most:g}, such as 0.18, not {value!r}.")
        return float(value)

    def input(self, table: dict[str, Any]) -> Input:
        self.only(table, {"id", "source", "address", "files", "picture", "delay"}, "an input")
        name = self.text(table, "id", "an input")
        kind = self.choice(table, "source", SourceKind, None)
        files = table.get("files", [])
        if not isinstance(files, list) or not all(isinstance(one, str) and one for one in files):
            raise self.fail(f"the field 'files' of the input {name!r} must be a list of file names.")
        found = Input(
            name,
            kind,
            self.text(table, "address", "an input", ""),
            tuple(files),
            self.text(table, "picture", "an input", ""),
            self.seconds(table, "delay", f"the input {name!r}", _LONGEST_DELAY),
        )
        self.fitting(found)
        return found

    def fitting(self, found: Input) -> None:
        """Whether the input's fields go together."""
        name, kind = found.id, found.source
        recorded = kind in (SourceKind.FILE, SourceKind.SIMULATED)
        if found.picture and (kind is not SourceKind.SIMULATED or found.files):
            raise self.fail(f"the input {name!r} has a 'picture', which only a simulated input without 'files' draws.")
        if recorded and found.address:
            raise self.fail(f"the input {name!r} is {kind.value} and takes 'files', not an 'address'.")
        if recorded and not (found.files or found.picture):
            raise self.fail(f"the input {name!r} needs 'files' (or, simulated, a 'picture').")
        if not recorded and found.files:
            raise self.fail(f"the input {name!r} is {kind.value} and takes an 'address', not 'files'.")
        if not recorded and not found.address:
            raise self.fail(f"the input {name!r} needs an 'address': the device, URL or graph to open.")
        schemes = _SCHEMES.get(kind, ("",))
        if not found.address.startswith(schemes):
            raise self.fail(f"the address of the input {name!r} must begin with {' or '.join(schemes)}.")

    def spool(self, table: object) -> SpoolLimits:
        if not isinstance(table, dict):
            raise self.fail("write the limits of the spool under the heading [spool].")
        self.only(table, {"unsent_gigabytes", "unsent_hours"}, "the spool")
        for key, value in table.items():
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < _LARGEST_LIMIT:
                raise self.fail(f"{key} must be a number above 0, not {value!r}.")
        return SpoolLimits(table.get("unsent_gigabytes"), table.get("unsent_hours"))

    def microphone(self, table: dict[str, Any]) -> Microphone:
        self.only(table, {"role", "input", "channel", "name"}, "a microphone")
        channel = table.get("channel", 0)
        if not isinstance(channel, int) or isinstance(channel, bool) or not 0 <= channel < 64:
            raise self.fail(f"a microphone's channel must be a whole number from 0 to 63, not {channel!r}.")
        return Microphone(
            self.choice(table, "role", CourtRole, None),
            self.text(table, "input", "a microphone"),
            channel,
            self.slug(table, "microphone"),
        )

    def camera(self, table: dict[str, Any]) -> Camera:
        self.only(table, {"name", "input"}, "a camera")
        name = self.slug(table, "camera")
        if not name:
            raise self.fail("a camera needs a name.")
        return Camera(name, self.text(table, "input", "a camera"))

    def slug(self, table: dict[str, Any], what: str) -> str:
        name = self.text(table, "name", f"a {what}", "")
        if not all(c.isascii() and (c.isalnum() or c == "-") for c in name):
            raise self.fail(f"the {what} name {name!r} may hold only Latin letters, digits and dashes.")
        return name

    def consistent(self, room: Room) -> None:
        if room.spare and not room.spare.startswith(("http://", "https://")):
            raise self.fail("the address of the spare node must begin with http:// or https://.")
        if not room.microphones:
            raise self.fail("it names no microphone; a hearing without sound cannot be recorded.")
        ids = [one.id for one in room.inputs]
        users: tuple[Microphone | Camera, ...] = (*room.microphones, *room.cameras)
        tracks = [one.track for one in users]
        for kind, names in (("input", ids), ("microphone or camera", tracks)):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise self.fail(f"the {kind} {twice!r} stands there twice; give one of them another name.")
        for user in users:
            if user.input not in ids:
                raise self.fail(f"{user.track} uses the input {user.input!r}, which is not defined.")
        sound_alone = {one.input for one in room.microphones} - {one.input for one in room.cameras}
        for late in (one.id for one in room.inputs if one.delay and one.id in sound_alone):
            raise self.fail(f"the input {late!r} has a delay, which is that of pictures, and no camera uses it.")
        places = [(one.input, one.channel) for one in room.microphones]
        if len(set(places)) < len(places):
            raise self.fail("two microphones use the same channel of the same input.")
