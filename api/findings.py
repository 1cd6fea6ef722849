"""What a self-test found, in the reader's language: what is wrong, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.i18n import Words
from api.web.render import track_text
from court.catalogue import N_
from court.grade import Grade
from court.health import Finding, Symptom

TONES = {Grade.GREEN: "good", Grade.AMBER: "warn", Grade.RED: "bad"}
"""The pages' names for the colours."""

_GAIN = N_("Lower the gain of its input.")
_NETWORK = N_("Check the network. A hearing can be recorded all the same: it is delivered when the line is back.")

# What is found, and what to do about it; of what is green nothing.
_SAYS: dict[Symptom, tuple[str, str]] = {
    Symptom.HEARD: (N_("Heard clearly, {level_db} dB."), ""),
    Symptom.NOT_HEARD: (
        N_("No voice was heard."),
        N_("Speak into it when asked. If the level does not move: check its switch, its cable, the gain of its input."),
    ),
    Symptom.TOO_QUIET: (
        N_("The voice is too quiet, {level_db} dB."),
        N_("Raise the gain of its input, or move the microphone closer."),
    ),
    Symptom.CLIPPING: (N_("Too loud: {per_mille} ‰ of the sound is cut off."), _GAIN),
    Symptom.HUM: (
        N_("Mains hum, {level_db} dB."),
        N_("Lead its cable away from power cables, check the earthing, plug everything into one group of sockets."),
    ),
    Symptom.NO_SIGNAL: (
        N_("Digital zero: not even noise. It is not quiet here, there is no signal."),
        N_("Switch the microphone on; check its cable and the phantom power."),
    ),
    Symptom.MICROPHONE_LOST: (
        N_("It gives nothing. The device says: {log}"),
        N_("Connect the device, or correct the room file."),
    ),
    Symptom.DUPLICATED: (
        N_("It gives the same sound as “{other}”."),
        N_("Check the plugs and the mixer: each microphone needs a channel of its own."),
    ),
    Symptom.SWAPPED: (
        N_("Swapped: who speaks here is heard at “{other}”, and the other way round."),
        N_("Exchange the two plugs, or the two channels in the room file."),
    ),
    Symptom.ELSEWHERE: (
        N_("Who speaks here is heard at “{other}”."),
        N_("Check which microphone is in which input, and its channel in the room file."),
    ),
    Symptom.SEEN: (N_("A live, sharp picture, {width}×{height}."), ""),
    Symptom.CAMERA_LOST: (
        N_("It gives no picture. {log}"),
        N_("Check its power and its cable, then its address in the room file."),
    ),
    Symptom.BLACK: (N_("The picture is black."), N_("Uncover the lens, switch on the light.")),
    Symptom.FROZEN: (
        N_("The picture stands still."),
        N_("Wave in front of the camera and repeat the test; if the picture still does not move, restart the camera."),
    ),
    Symptom.BLURRED: (N_("The picture is out of focus."), N_("Clean the lens and set the focus.")),
    Symptom.ENCODES: (
        N_("It encodes {times}× as fast as it has to."),
        N_("Close other programs, or record fewer cameras or smaller pictures."),
    ),
    Symptom.DISK: (
        N_("{free} free on the disk; a hearing half as long again as planned takes {reserve}."),
        N_("Make room on the disk, but never in the folder spool, or plan shorter hearings."),
    ),
    Symptom.SERVER: (N_("It answers."), _NETWORK),
    Symptom.SPARE: (N_("It is ready."), ""),
    Symptom.CLOCK: (N_("It is kept in step with true time."), ""),
}

_SAYS_AMBER: dict[Symptom, tuple[str, str]] = {
    Symptom.SERVER: (N_("It does not answer."), _NETWORK),
    Symptom.SPARE: (
        N_("It does not answer, or is recording."),
        N_("Switch it on: if this node fails, nothing takes its place."),
    ),
    Symptom.CLOCK: (
        N_("It is not kept in step with true time."),
        N_("Set up NTP on this computer; until then times of day may be wrong."),
    ),
}

_PLACES = {
    Symptom.ENCODES: N_("Computer"),
    Symptom.DISK: N_("Disk"),
    Symptom.CLOCK: N_("Clock"),
    Symptom.SERVER: N_("Server"),
    Symptom.SPARE: N_("Spare node"),
}


@dataclass(frozen=True, slots=True)
class FindingText:
    """`where` is the microphone, the camera or the part of the machine; `cure` is empty where nothing is to be done;
    `since` is when an alarm began."""

    where: str
    what: str
    cure: str
    tone: str
    since: datetime | None = None


def finding_text(finding: Finding, words: Words, roles: Mapping[str, str]) -> FindingText:
    """`roles` are whose microphones the tracks are, by track."""
    say = words.gettext

    def name(track: str) -> str:
        return track_text(words, track, roles.get(track, ""))

    what, cure = _SAYS[finding.symptom]
    if finding.grade is Grade.AMBER:
        what, cure = _SAYS_AMBER.get(finding.symptom, (what, cure))
    values = {
        key: str(value).replace("-", "−") if isinstance(value, int) else value for key, value in finding.values.items()
    }
    values |= {key: words.size(int(finding.values[key])) for key in ("free", "reserve") if key in finding.values}
    if "other" in values:
        values["other"] = name(values["other"])
    if "log" in values:
        values["log"] = words.sentence(values["log"])
    if "level_db" in values:
        values["level_db"] = values["level_db"].replace("-", "−")
    return FindingText(
        name(finding.subject) if finding.subject else say(_PLACES[finding.symptom]),
        say(what).format(**values).strip(),
        say(cure) if finding.grade is not Grade.GREEN and cure else "",
        TONES[finding.grade],
    )


def finding_texts(findings: tuple[Finding, ...], words: Words, roles: Mapping[str, str]) -> list[FindingText]:
    """The worst first, else in the order of the test."""
    severity = tuple(Grade)
    ordered = sorted(findings, key=lambda one: -severity.index(one.grade))
    return [finding_text(one, words, roles) for one in ordered]
