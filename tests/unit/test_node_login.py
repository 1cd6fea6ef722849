"""Who may open the node's own page: password, pauses, sessions."""

from pathlib import Path

import pytest

from court.errors import InputError
from recorder.errors import LoginRefused
from recorder.login import SESSION_SECONDS, UNNAMED, Logins, Throttle
from recorder.password import matches, read_record, set_password

PIN = "246810"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    set_password(tmp_path / "keys" / "node.password", PIN)
    return tmp_path / "keys" / "node.password"


def test_the_file_holds_no_password_and_is_for_its_account_alone(file: Path) -> None:
    assert PIN not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    record = read_record(file)
    assert matches(record, PIN)
    assert not matches(record, PIN + "1")
    set_password(file, PIN)
    assert read_record(file) != record  # salted


@pytest.mark.parametrize("record", ["", "x", "scrypt$1$8$3$AAAA$AAAA", "scrypt$32768$8$3$?$?", "scrypt$a$b$c$d$e"])
def test_a_damaged_record_lets_nobody_in(record: str) -> None:
    assert not matches(record, PIN)
    assert not matches(record, "")


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="6 to 200 characters"):
        set_password(tmp_path / "node.password", "12345")


def test_a_session_bears_the_name_and_ends(file: Path) -> None:
    clock = Clock()
    logins = Logins(file, clock)
    token = logins.log_in(PIN, "  Айгуль \n Сыдыкова\x1b ", local=True)
    assert logins.operator(token) == "Айгуль Сыдыкова\\x1b"
    assert logins.operator(logins.log_in(PIN, "  ", local=True)) == UNNAMED
    assert logins.operator(token + "x") is None
    clock.now += SESSION_SECONDS - 1
    assert logins.operator(token) is not None
    clock.now += 1
    assert logins.operator(token) is None


def test_logging_out_and_a_new_password_end_a_session(file: Path) -> None:
    logins = Logins(file)
    token, other = logins.log_in(PIN, "А.", local=True), logins.log_in(PIN, "Б.", local=True)
    logins.log_out(token)
    assert (logins.operator(token), logins.operator(other)) == (None, "Б.")
    set_password(file, "another one")
    assert logins.operator(other) is None
    file.unlink()
    assert not logins.possible
    with pytest.raises(LoginRefused):
        logins.log_in("", "", local=True)


def test_the_network_s_failures_do_not_keep_the_room_out(file: Path) -> None:
    clock = Clock()
    logins = Logins(file, clock)
    for _ in range(5):
        with pytest.raises(LoginRefused, match="wrong"):
            logins.log_in("000000", "", local=False)
    with pytest.raises(LoginRefused, match="try again in 31 seconds"):
        logins.log_in(PIN, "", local=False)
    assert logins.operator(logins.log_in(PIN, "А.", local=True)) == "А."
    clock.now += 31
    assert logins.operator(logins.log_in(PIN, "Б.", local=False)) == "Б."


def test_guessing_gets_slower_and_never_stops_for_good() -> None:
    throttle, now, tried = Throttle(), 0.0, 0
    while now < 86_400:
        try:
            throttle.attempt(False, now)
            tried += 1
        except LoginRefused:
            now += 1
    assert tried < 300  # a day's guesses among a million
    throttle.succeeded(False)
    for _ in range(5):
        throttle.attempt(False, now)
