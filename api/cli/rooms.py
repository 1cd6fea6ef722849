"""`courtrec node devices`, `check-room` and `self-test`: what to write into a room file, and whether it works."""

import itertools
import json
from pathlib import Path

import typer

from api.cli.progress import bars
from api.findings import finding_texts
from api.i18n import SOURCE_LANGUAGE, words
from court import exit_codes
from court.errors import InputError
from court.grade import Grade
from hardware.clock import SystemClock
from hardware.discovery import Device, alsa_devices, cameras, sound_sources
from hardware.inputs import open_input
from recorder.check import check_room
from recorder.disk import DiskGauge, rates_of
from recorder.health.prompts import Stage
from recorder.health.selftest import Running, SelfTester
from recorder.rooms import load_room
from recorder.settings import load_node_settings

_LOOKS_PER_SECOND = 10
_SIGNS = {"good": "ok   ", "warn": "LOOK ", "bad": "FAULT"}


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


def self_test(room_file: Path) -> int:
    """Leads through a self-test on the terminal; the exit code: whether anything is red. A hearing that this node
    begins in the next hours states what was found."""
    room, settings = load_room(room_file), load_node_settings()
    gauge = DiskGauge(settings.home, rates_of(room, ()), settings.planned_hours, settings.sound_minutes)
    tester = SelfTester(settings, room, SystemClock(), gauge, open_input, settings.read_token() if room.spare else "")
    roles = {one.track: one.role.value for one in room.microphones}
    tester.start()
    with bars() as progress:
        task = progress.add_task("", total=1.0, what="")
        while (running := tester.running) is not None:
            level = running.ears.get(running.track)
            what = "" if level is None else f"{level.level.rms_db:.0f} dB"
            progress.update(task, description=_asked(running), completed=running.share, what=what)
            tester.wait(1 / _LOOKS_PER_SECOND)
    tester.wait()
    if tester.last is None:
        raise InputError(tester.trouble)
    for one in finding_texts(tester.last.findings, words(SOURCE_LANGUAGE), roles):
        typer.echo(f"{_SIGNS[one.tone]}  {one.where}: {one.what} {one.cure}".rstrip())
    return exit_codes.FAULT_FOUND if tester.last.grade is Grade.RED else exit_codes.OK


def _asked(running: Running) -> str:
    if running.stage is Stage.SPEAK:
        return f"Speak into {running.track} now"
    return "Please keep quiet" if running.stage is Stage.QUIET else "Measuring the computer"
