"""Grades what the cameras gave in a self-test. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from court.grade import Grade
from court.health import Finding, Symptom
from hardware.picture_measures import Luma, black, sharpness, still

BLURRED = 15.0
"""Variance of the Laplacian below which a picture is out of focus: the drawn court-room has 500, blurred over three
pixels 60, over five 15."""

STILL_SECONDS = 4.0
"""Two pictures so far apart that are the same to the noise: the camera repeats itself."""


@dataclass(slots=True)
class Watched:
    """Pictures of a camera with the second of the test at which each came. `lost`: as of a microphone."""

    track: str
    seen: list[tuple[float, Luma]] = field(default_factory=list)
    lost: str = ""


def picture_findings(watched: Sequence[Watched]) -> Iterator[Finding]:
    """A finding for every camera: the worst of what is wrong with it."""
    for one in watched:
        if one.lost or not one.seen:
            yield Finding(Symptom.CAMERA_LOST, Grade.RED, one.track, {"log": one.lost})
            continue
        moment, last = one.seen[-1]
        before = [luma for at, luma in one.seen if moment - at >= STILL_SECONDS]
        height, width = last.shape
        size = {"width": width, "height": height}
        if black(last):
            yield Finding(Symptom.BLACK, Grade.RED, one.track, size)
        elif before and all(still(earlier, last) for earlier in before):
            yield Finding(Symptom.FROZEN, Grade.RED, one.track, size)
        elif sharpness(last) < BLURRED:
            yield Finding(Symptom.BLURRED, Grade.AMBER, one.track, size)
        else:
            yield Finding(Symptom.SEEN, Grade.GREEN, one.track, size)
