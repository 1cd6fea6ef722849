"""What the hearing's first leaf says about each track."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """`kind` is audio or video, `rate` ticks per second, `device` the device's own description, `role` whose
    microphone it is ('' for cameras and the mix); a `derived` track is made from others."""

    track: str
    role: str
    kind: str
    rate: int
    derived: bool
    device: str

    @classmethod
    def parse(cls, facts: Mapping[str, Any]) -> "TrackFacts":
        """From the fields of a valid leaf; later versions may have added some."""
        return cls(**{field.name: facts[field.name] for field in fields(cls)})

    def as_fields(self) -> dict[str, Any]:
        return asdict(self)
