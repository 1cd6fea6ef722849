"""What alarms say, on the server's pages and on the node's own: where, what is wrong, what to do."""

from court.catalogue import N_
from court.health import AlarmKind

_ROOM = N_("Make room on the disk, but never in the folder spool. Sound is recorded to the last.")
_AGAIN = N_("Connect it again: it comes back by itself. The other tracks go on, the gap is stated in the protocol.")

SAYS: dict[AlarmKind, tuple[str, str]] = {
    AlarmKind.NO_SIGNAL: (
        N_("Digital zero: not even noise comes. This is no quiet speaker."),
        N_("Check its switch, its cable, the phantom power. If it was switched off on purpose, declare it muted."),
    ),
    AlarmKind.CLIPPING: (N_("Too loud: the sound is cut off."), N_("Lower the gain of its input.")),
    AlarmKind.MICROPHONE_LOST: (N_("It gives nothing. The device says: {log}"), _AGAIN),
    AlarmKind.CAMERA_LOST: (N_("It gives nothing. The device says: {log}"), _AGAIN),
    AlarmKind.CAMERA_BLACK: (N_("The picture is black."), N_("Uncover the lens, switch on the light.")),
    AlarmKind.CAMERA_FROZEN: (N_("The picture has been standing still for a minute."), N_("Restart the camera.")),
    AlarmKind.DISK_LOW: (N_("{free} free: enough for {minutes} min of this room."), _ROOM),
    AlarmKind.SOUND_ONLY: (N_("Nearly full: only sound is recorded."), _ROOM),
    AlarmKind.CLOCK_FREE: (
        N_("It is not kept in step with true time."),
        N_("Set up NTP on this computer; until then times of day may be wrong."),
    ),
    AlarmKind.CLOCK_STEPPED: (
        N_("It jumped by {milliseconds} ms."),
        N_("The recording itself is not affected. Find out who set the clock, and check NTP."),
    ),
    AlarmKind.HOT: (
        N_("{celsius} °C ({sensor})."),
        N_("Clear the air vents and cool the room: at its limit the computer becomes too slow to record."),
    ),
    AlarmKind.ON_BATTERY: (
        N_("There is no mains power: the node runs on battery{rest}."),
        N_("Restore the power. What is recorded is safe on the disk."),
    ),
    AlarmKind.BATTERY_LOW: (
        N_("The battery is nearly empty{rest}."),
        N_("Announce a break before the power goes. The hearing goes on where it was when the power is back."),
    ),
    AlarmKind.UPS_LOST: ("{log}", N_("Check its cable and NUT's server (upsd).")),
    AlarmKind.UPLOAD_LAG: (
        N_("The oldest recording has been waiting for the server for {minutes} min."),
        N_("Check the line to the server. Recording goes on, and everything is sent later."),
    ),
    AlarmKind.NODE_LOST: (
        N_("It does not answer."),
        N_("Look at the node and its network. If it runs, it goes on recording by itself."),
    ),
}
"""What is wrong, and what to do; texts in braces are among the alarm's values, or its subject (`sensor`)."""

PLACES = {
    AlarmKind.DISK_LOW: N_("Disk"),
    AlarmKind.SOUND_ONLY: N_("Disk"),
    AlarmKind.CLOCK_FREE: N_("Clock"),
    AlarmKind.CLOCK_STEPPED: N_("Clock"),
    AlarmKind.HOT: N_("Temperature"),
    AlarmKind.ON_BATTERY: N_("Power"),
    AlarmKind.BATTERY_LOW: N_("Power"),
    AlarmKind.UPS_LOST: N_("Power"),
    AlarmKind.UPLOAD_LAG: N_("Delivery"),
    AlarmKind.NODE_LOST: N_("Recording node"),
}
"""Where it is, if not at a microphone or a camera."""
