"""Passwords and the pause after failures."""

import threading

import pytest

from api.auth.passwords import hash_password, password_matches
from api.auth.throttle import LoginThrottle
from api.errors import TooMany
from court.errors import InputError


def test_only_the_password_itself_matches_its_hash() -> None:
    stored = hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert password_matches(stored, "correct horse")
    assert not password_matches(stored, "correct horsf")
    assert not password_matches(None, "no account has this password")
    assert not password_matches("damaged", "correct horse")


@pytest.mark.parametrize("password", ["short", "x" * 2000])
def test_useless_passwords_are_refused(password: str) -> None:
    with pytest.raises(InputError):
        hash_password(password)


def test_an_unknown_login_costs_a_whole_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Counting:
        def hash(self, password: str) -> str:
            return hash_password(password)

        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return True

    monkeypatch.setattr("api.auth.passwords._hasher", Counting())
    assert not password_matches(None, "anything at all")
    assert len(verified) == 1


def test_the_pause_begins_after_so_many_failures_and_ends() -> None:
    throttle = LoginThrottle(attempts=3, pause_seconds=60)
    for _ in range(3):
        throttle.attempt("aijamal", "10.0.0.1", 100)
    for _ in range(2):  # asking again makes it no longer
        with pytest.raises(TooMany) as caught:
            throttle.attempt("aijamal", "10.0.0.1", 130)
        assert caught.value.retry_after == 31
    throttle.attempt("aijamal", "10.0.0.2", 130)
    throttle.attempt("bakyt", "10.0.0.1", 130)
    for moment in (160, 161, 162):
        throttle.attempt("aijamal", "10.0.0.1", moment)
    with pytest.raises(TooMany):
        throttle.attempt("aijamal", "10.0.0.1", 163)


def test_a_log_in_clears_the_count() -> None:
    throttle = LoginThrottle(attempts=2, pause_seconds=60)
    for _ in range(5):
        throttle.attempt("aijamal", "10.0.0.1", 0)
        throttle.succeeded("aijamal", "10.0.0.1")
    throttle.attempt("aijamal", "10.0.0.1", 0)


def test_guesses_made_at_once_count_before_any_of_them_is_answered() -> None:
    throttle, together, looked = LoginThrottle(attempts=3, pause_seconds=60), threading.Barrier(8), []

    def guess() -> None:
        together.wait()
        try:
            throttle.attempt("aijamal", "10.0.0.1", 0)
        except TooMany:
            return
        looked.append("at the password")

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked) == 3
