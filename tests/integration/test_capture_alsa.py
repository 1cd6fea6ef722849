"""A sound card through ALSA's own library: its plugin for a sound server stands in for the card, which no machine of
the tests has."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from court.room import Input, SourceKind
from hardware.devices import AUDIO_RATE
from hardware.errors import DeviceUnusable
from hardware.inputs import open_input
from tests.factories.recordings import loudness, tone
from tests.services.sound import SoundServer

TONES = (400, 510)
_READ = f"""
import sys
import numpy as np
from court.room import Input, SourceKind
from hardware.inputs import open_input

source, heard, least = open_input(Input("desk", SourceKind.ALSA, "desk"), 2), [], {AUDIO_RATE // 2}
for item in source.items():
    if heard or abs(item.pcm[:, 0]).max() > 3000:
        heard.append(item.pcm)
    if sum(map(len, heard)) > least:
        break
source.close()
np.save(sys.argv[1], np.concatenate(heard))
"""


@pytest.mark.usefixtures("with_alsa")
def test_each_channel_of_a_card_is_heard(tmp_path: Path, sound: SoundServer) -> None:
    """In a program of its own: libasound reads its configuration once."""
    configuration, file = tmp_path / "asound.conf", tmp_path / "heard.npy"
    configuration.write_text('</usr/share/alsa/alsa.conf>\npcm.desk { type pulse device "two.monitor" }\n')
    environment = {**os.environ, **sound.environment, "ALSA_CONFIG_PATH": str(configuration)}
    with sound.playing("two", np.column_stack([tone(30, hertz) for hertz in TONES])):
        subprocess.run([sys.executable, "-c", _READ, str(file)], env=environment, check=True)
    pcm = np.load(file)
    for channel, hertz in enumerate(TONES):
        assert loudness(pcm[:, channel], hertz) > 7000
        assert loudness(pcm[:, 1 - channel], hertz) < 1000


def test_a_card_is_looked_for_in_the_machines_own_configuration() -> None:
    """Else libasound knows no name at all, `hw:` neither; `null` is one that needs no card."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALSA_")}
    opened = "from court.room import *; from hardware.inputs import open_input; "
    opened += "print(open_input(Input('desk', SourceKind.ALSA, 'null'), 2).description)"
    told = subprocess.run([sys.executable, "-c", opened], env=environment, check=True, capture_output=True, text=True)
    assert told.stdout == "sound card null (alsa; audio pcm_s16le)\n"


def test_a_machine_without_configuration_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALSA_CONFIG_PATH", raising=False)
    monkeypatch.setenv("ALSA_CONFIG_DIR", str(tmp_path))
    with pytest.raises(DeviceUnusable, match="install the package libasound2-data"):
        open_input(Input("desk", SourceKind.ALSA, "hw:CARD=none"), 2)
