"""Asks an uninterruptible power supply through NUT's server (upsd), by its text protocol (RFC 9271)."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass

from court.errors import InputError
from hardware.errors import HardwareError

PORT = 3493
_ANSWER_SECONDS = 1.0
_MAX_ANSWER = 4096
_ADDRESS = re.compile(r"([^@\s]+)@(\[[^\]\s]+\]|[^:\s]+)(?::(\d{1,5}))?")
_ANSWER = re.compile(r'VAR (\S+) (\S+) "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Ups:
    """One answer. `trouble`: why there is none, in one sentence; `charge` in per cent, `seconds_left` on battery, None
    where this UPS does not tell."""

    answers: bool
    on_battery: bool = False
    battery_low: bool = False
    charge: float | None = None
    seconds_left: float | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class UpsAddress:
    name: str
    host: str
    port: int


def parse_ups_address(text: str) -> UpsAddress:
    """From `ups@host` or `ups@host:port`; raises InputError."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[3] or PORT) < 65536:
        raise InputError(f"The UPS {text!r} cannot be asked: name it as NUT does, such as ups@127.0.0.1:{PORT}.")
    return UpsAddress(found[1], found[2].strip("[]"), int(found[3] or PORT))


def ask_ups(address: UpsAddress, timeout: float = _ANSWER_SECONDS) -> Ups:
    """The state of the UPS now. Waits `timeout` seconds for each answer at most, and never raises."""
    where = f"The UPS {address.name} at {address.host}:{address.port}"
    try:
        with socket.create_connection((address.host, address.port), timeout) as line:
            status = _variable(line, address.name, "ups.status")
            charge = _number(_optional(line, address.name, "battery.charge"))
            left = _number(_optional(line, address.name, "battery.runtime"))
    except NoAnswer as error:
        return Ups(False, trouble=f"{where} tells nothing: {error}.")
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        return Ups(False, trouble=f"{where} does not answer: {reason}.")
    words = status.split()
    return Ups(True, "OB" in words, "LB" in words or "FSD" in words, charge, left)


class NoAnswer(HardwareError):
    """Upsd refuses, or says what is no answer."""


def parse_answer(line: bytes, ups: str, variable: str) -> str:
    """The value in upsd's answer to `GET VAR`; raises NoAnswer."""
    text = line.decode("utf-8", errors="replace").strip()
    found = _ANSWER.fullmatch(text)
    if found is not None and (found[1], found[2]) == (ups, variable):
        return re.sub(r"\\(.)", r"\1", found[3])
    if text.startswith("ERR "):
        raise NoAnswer(text.removeprefix("ERR ").split(" ")[0].lower().replace("-", " "))
    raise NoAnswer("what answers is no NUT server")


def _variable(line: socket.socket, ups: str, variable: str) -> str:
    line.sendall(f"GET VAR {ups} {variable}\n".encode())
    answer = b""
    while not answer.endswith(b"\n"):
        piece = line.recv(_MAX_ANSWER)
        answer += piece
        if not piece or len(answer) > _MAX_ANSWER:
            raise NoAnswer("what answers is no NUT server")
    return parse_answer(answer, ups, variable)


def _optional(line: socket.socket, ups: str, variable: str) -> str:
    """Not every UPS has every variable."""
    with suppress(NoAnswer):
        return _variable(line, ups, variable)
    return ""


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < 1e9 else None
