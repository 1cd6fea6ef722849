"""A sound card through ALSA; `address` is its name, such as hw:CARD=UMC404HD.

The libasound inside PyAV's wheel looks for its configuration, which says what `hw:` is, and for plugins where it was
built: in a folder below /tmp that no court's machine has, and in which anybody could lay what is then loaded. So it is
told where Debian has them, unless the environment says so already.
"""

import os
import sysconfig
from pathlib import Path

from hardware.av_input import Opening
from hardware.errors import DeviceUnusable

_CONFIGURATION = Path("/usr/share/alsa")
_PLUGINS = Path("/usr/lib") / (sysconfig.get_config_var("MULTIARCH") or "") / "alsa-lib"


def opening(address: str, channels: int) -> Opening:
    """ALSA must be told how many channels to open: as many as the room uses of this input.

    Raises DeviceUnusable where the machine has no configuration of ALSA.
    """
    _lead_to_configuration()
    options = {"sample_rate": "48000", "channels": str(channels)}
    return Opening(
        f"The sound card {address}", f"sound card {address}", address, live=True, format="alsa", options=options
    )


def _lead_to_configuration() -> None:
    """Before anything is opened: libasound reads it once."""
    os.environ.setdefault("ALSA_CONFIG_DIR", str(_CONFIGURATION))
    os.environ.setdefault("ALSA_PLUGIN_DIR", str(_PLUGINS))
    file = Path(os.environ.get("ALSA_CONFIG_PATH") or Path(os.environ["ALSA_CONFIG_DIR"]) / "alsa.conf")
    if not file.is_file():
        raise DeviceUnusable(f"ALSA's configuration {file} is missing: install the package libasound2-data.")
