"""`courtrec node devices` and `courtrec node check-room`: what to write into a room file, and whether it works."""

import itertools
import json
from pathlib import Path

import typer

from court import exit_codes
from hardware.discovery import Device, alsa_devices, cameras, sound_sources
from hardware.inputs import open_input
from recorder.check import check_room
from recorder.rooms import load_room


def list_devices() -> None:
    """Prints every device of this machine as the lines of a room file."""
    devices = list(itertools.chain(alsa_devices(), sound_sources(), cameras()))
    if not devices:
        typer.echo("# No sound card, camera or sound server was found on this machine.")
    typer.echo("\n".join(input_lines(device, number) for number, device in enumerate(devices, start=1)), nl=False)


def input_lines(device: Device, number: int) -> str:
    """The lines to paste; what cannot be told of the device stands there as a remark."""
    channels = {None: "number of channels unknown", 0: "camera", 1: "1 channel"}
    has = channels.get(device.channels, f"{device.channels} channels")
    address = json.dumps(device.address, ensure_ascii=False)  # a JSON text is spelled the same in TOML
    title = "".join(c for c in device.title if c.isprintable())
    lines = (f"# {title}: {has}", "[[input]]", f'id = "input-{number}"', f'source = "{device.source}"')
    return "\n".join((*lines, f"address = {address}", ""))


def try_room(room_file: Path) -> int:
    """One line per microphone and camera; the exit code: whether anything is wrong."""
    room = load_room(room_file)
    code = exit_codes.OK
    for finding in check_room(room, open_input):
        typer.echo(f"{'ok   ' if finding.good else 'FAULT'}  {finding.track}: {finding.words}")
        if not finding.good:
            code = exit_codes.FAULT_FOUND
    return code
