"""How hot the machine is, as Linux tells it below /sys."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SYS = Path("/sys/class")
_PLAUSIBLE = (-40.0, 150.0)  # sensors that are not connected give -128, 255 and the like


@dataclass(frozen=True, slots=True)
class Temperature:
    """Degrees Celsius; `critical` is where the sensor says that the machine must not go, None if it does not say."""

    sensor: str
    celsius: float
    critical: float | None = None


def temperatures(root: Path = _SYS) -> list[Temperature]:
    """All sensors that answer; what cannot be read is left out. The hwmon sensors, or, where there are none, the
    thermal zones, which are the same sensors seen by the kernel's own cooling."""
    return [*_hwmon(root / "hwmon")] or [*_zones(root / "thermal")]


def _hwmon(folder: Path) -> Iterator[Temperature]:
    for file in sorted(folder.glob("hwmon*/temp*_input")):
        number = file.name.removesuffix("_input")
        name = _text(file.with_name("name")) or file.parent.name
        celsius = _degrees(file)
        if celsius is not None:
            yield Temperature(f"{name}/{_text(file.with_name(f'{number}_label')) or number}", celsius,
                              _degrees(file.with_name(f"{number}_crit")))  # fmt: skip


def _zones(folder: Path) -> Iterator[Temperature]:
    for zone in sorted(folder.glob("thermal_zone*")):
        celsius = _degrees(zone / "temp")
        trips = [_degrees(zone / kind.name.replace("_type", "_temp")) for kind in zone.glob("trip_point_*_type")
                 if _text(kind) == "critical"]  # fmt: skip
        if celsius is not None:
            yield Temperature(_text(zone / "type") or zone.name, celsius, next((one for one in trips if one), None))


def _degrees(file: Path) -> float | None:
    """What the file gives in thousandths of a degree."""
    with suppress(ValueError):
        found = int(_text(file)) / 1000
        if _PLAUSIBLE[0] < found < _PLAUSIBLE[1]:
            return found
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
