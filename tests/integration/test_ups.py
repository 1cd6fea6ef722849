"""A UPS behind a real NUT server, and what answers on its port without being one."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from court.errors import InputError
from hardware.ups import NoAnswer, Ups, UpsAddress, ask_ups, parse_answer, parse_ups_address
from recorder.settings import NodeSettings
from tests.factories.waiting import until
from tests.services.nut import UpsServer


def test_mains_battery_and_an_empty_battery(ups: UpsServer) -> None:
    until(lambda: ask_ups(ups.address) == Ups(True, charge=100.0, seconds_left=3600.0))
    ups.says(ups_status="OB DISCHRG", battery_charge="60", battery_runtime="600")
    until(lambda: ask_ups(ups.address).on_battery)
    ups.says(ups_status="OB LB", battery_charge="4")
    until(lambda: ask_ups(ups.address).battery_low)
    ups.says(ups_status="OL CHRG", battery_charge="10")  # charging again is no alarm
    until(lambda: not ask_ups(ups.address).on_battery)
    assert not ask_ups(ups.address).battery_low


def test_a_ups_that_the_server_does_not_know(ups: UpsServer) -> None:
    stranger = UpsAddress("other", ups.address.host, ups.address.port)
    found = ask_ups(stranger)
    assert found.trouble == f"The UPS other at 127.0.0.1:{ups.address.port} tells nothing: unknown ups."
    assert not found.on_battery


@contextmanager
def answering(*answers: bytes) -> Iterator[UpsAddress]:
    """Somebody on a port who says these things, whatever is asked, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                for one in answers:
                    line.recv(1024)
                    line.sendall(one)

        thread = threading.Thread(target=serve)
        thread.start()
        yield UpsAddress("ups", "127.0.0.1", listener.getsockname()[1])
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"VAR", b"\xff\xfe\n", b"x" * 10_000])
def test_what_is_no_nut_server_tells_nothing(answer: bytes) -> None:
    with answering(answer) as address:
        found = ask_ups(address)
    assert not found.answers
    assert "is no NUT server" in found.trouble


def test_nobody_and_somebody_who_never_answers() -> None:
    assert "does not answer: connection refused" in ask_ups(UpsAddress("ups", "127.0.0.1", 9)).trouble
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = ask_ups(UpsAddress("ups", "127.0.0.1", listener.getsockname()[1]), timeout=0.05)
    assert "does not answer: timed out" in found.trouble


def test_only_the_status_is_needed() -> None:
    unknown = b"ERR VAR-NOT-SUPPORTED\n"
    with answering(b'VAR ups ups.status "OB"\n', unknown, b'VAR ups battery.runtime "nan"\n') as address:
        found = ask_ups(address)
    assert (found.answers, found.on_battery, found.charge, found.seconds_left) == (True, True, None, None)


@given(st.binary(max_size=200))
def test_no_answer_breaks_the_parser(line: bytes) -> None:
    try:
        parse_answer(line, "ups", "ups.status")
    except NoAnswer as error:
        assert str(error)


def test_quotes_in_a_value_are_escaped() -> None:
    assert parse_answer(rb'VAR ups ups.status "a \"b\" \\ c"' + b"\n", "ups", "ups.status") == r'a "b" \ c'
    with pytest.raises(NoAnswer):
        parse_answer(b'VAR ups battery.charge "1"\n', "ups", "ups.status")


def test_its_address_is_written_as_nut_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_ups_address("ups@nut.court") == UpsAddress("ups", "nut.court", 3493)
    assert parse_ups_address("ups@[::1]:3500") == UpsAddress("ups", "::1", 3500)
    for text in ("ups", "@host", "ups@host:0", "ups@host:99999", "a b@host", "ups\n@host"):
        with pytest.raises(InputError, match="name it as NUT does"):
            parse_ups_address(text)
    monkeypatch.setenv("COURTREC_NODE_UPS", "ups@localhost")
    assert NodeSettings().ups == UpsAddress("ups", "localhost", 3493)
    monkeypatch.setenv("COURTREC_NODE_UPS", "")
    assert NodeSettings().ups is None
