"""What the hearing's first leaf says about each track."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """`kind` is audio or video, `rate` ticks per second, `device` the device's own description, `role` whose
    microphone it is ('' for cameras and the mix); a `derived` track is made from others. `delay_ms` is by how much its
    pictures are placed earlier than they came; it is left out where it is 0."""

    track: str
    role: str
    kind: str
    rate: int
    derived: bool
    device: str
    delay_ms: int = 0

    @classmethod
    def parse(cls, facts: Mapping[str, Any]) -> "TrackFacts":
        """From the fields of a valid leaf; later versions may have added some."""
        return cls(**{field.name: facts[field.name] for field in fields(cls) if field.name in facts})

    def as_fields(self) -> dict[str, Any]:
        told = asdict(self)
        return told if self.delay_ms else {name: value for name, value in told.items() if name != "delay_ms"}
