"""Sound by RTP as AES67 devices send it, made by FFmpeg's own sender on loopback."""

import itertools
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from court.room import Input, SourceKind
from hardware.devices import AUDIO_RATE, AudioBlock, Source
from hardware.errors import DeviceLost, DeviceUnusable
from hardware.inputs import open_input
from tests.factories.recordings import loudness
from tests.services.processes import LOOPBACK, ffmpeg_program, free_port

CHANNELS = 4
TONES = [440 + 200 * number for number in range(CHANNELS)]


@contextmanager
def sender(port: int, coding: str, host: str = LOOPBACK) -> Iterator[None]:
    """An endless stream of a tone per channel."""
    graph = "|".join(f"0.25*sin(2*PI*{hertz}*t)" for hertz in TONES)
    source = ["-re", "-f", "lavfi", "-i", f"aevalsrc='{graph}':s={AUDIO_RATE}:c={CHANNELS}c"]
    codec = {"L16": "pcm_s16be", "L24": "pcm_s24be"}[coding]
    address = f"rtp://{host}:{port}?pkt_size=1000&localaddr={LOOPBACK}&ttl=0"
    command = [ffmpeg_program(), "-v", "error", "-nostdin", *source, "-c:a", codec, "-payload_type", "97", "-f", "rtp"]
    with subprocess.Popen([*command, address], stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def blocks(source: Source) -> Iterator[AudioBlock]:
    return (item for item in source.items() if isinstance(item, AudioBlock))


def sdp(port: int, host: str = LOOPBACK) -> str:
    return (
        f"v=0\no=- 1 1 IN IP4 {host}\ns=Stage box\nc=IN IP4 {host}\nt=0 0\nm=audio {port} RTP/AVP 97\n"
        f"a=rtpmap:97 L24/48000/{CHANNELS}\na=ptime:1\n"
    )


@pytest.mark.parametrize("form", ["address L24", "address L16", "inline", "file", "multicast"])
def test_every_channel_comes_as_it_was_sent(tmp_path: Path, form: str) -> None:
    port = free_port(socket.SOCK_DGRAM)
    coding = "L16" if form == "address L16" else "L24"
    host = "239.69.12.7" if form == "multicast" else LOOPBACK
    (tmp_path / "box.sdp").write_text(sdp(port))
    address = {"inline": sdp(port), "file": str(tmp_path / "box.sdp")}.get(form)
    spec = Input(
        "stage", SourceKind.RTP, address or f"rtp://{host}:{port}/{coding}/48000/{CHANNELS}?interface={LOOPBACK}"
    )
    with sender(port, coding, host):
        source = open_input(spec, CHANNELS)
        assert source.channels == CHANNELS
        taken = list(itertools.takewhile(lambda one: one.end < AUDIO_RATE // 2, blocks(source)))
        source.close()
    assert all(one.end == other.start for one, other in itertools.pairwise(taken))
    pcm = np.vstack([one.pcm for one in taken])
    for channel, hertz in enumerate(TONES):
        assert loudness(pcm[:, channel], hertz) == pytest.approx(8192, rel=0.02)


def packet(number: int) -> bytes:
    """One millisecond (RFC 3550, RFC 3190): every sample is its own number, so that it can be told where it belongs."""
    samples = np.arange(number * 48, number * 48 + 48) % 30_000
    payload = b"".join(int(value << 8).to_bytes(3) * CHANNELS for value in samples)
    return bytes([0x80, 97]) + (number & 0xFFFF).to_bytes(2) + (number * 48).to_bytes(4) + b"box1" + payload


@contextmanager
def lossy_sender(port: int, order: list[int]) -> Iterator[None]:
    """Sends these packets, a hundred in a tenth of a second, and none once the block is left."""
    done = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
            for number in order:
                outward.sendto(packet(number), (LOOPBACK, port))
                if number % 10 == 0 and done.wait(0.01):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_lost_packets_are_holes_of_exactly_their_length_and_late_ones_none() -> None:
    port = free_port(socket.SOCK_DGRAM)
    order = [number for number in range(100, 3000) if number % 200 and not 1210 <= number < 1350]
    order[305:307] = order[306], order[305]
    source = open_input(Input("stage", SourceKind.RTP, sdp(port)), CHANNELS)
    with lossy_sender(port, order):
        taken = list(itertools.takewhile(lambda one: one.end < 1.6 * AUDIO_RATE, blocks(source)))
    source.close()
    first = int(taken[0].pcm[0, 0])
    for block in taken:
        wanted = (first + np.arange(block.start, block.end)) % 30_000
        assert np.array_equal(block.pcm[:, CHANNELS - 1], wanted)
    holes = [
        (one.end + first, other.start + first) for one, other in itertools.pairwise(taken) if other.start != one.end
    ]
    assert (1210 * 48, 1350 * 48) in holes
    assert {(number * 48, number * 48 + 48) for number in (400, 600, 800, 1000)} <= set(holes)
    assert not any(start < 405 * 48 < end for start, end in holes)


def test_a_stream_that_ends_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardware.rtp._TIMEOUT_SECONDS", 0.5)
    port = free_port(socket.SOCK_DGRAM)
    source = open_input(Input("stage", SourceKind.RTP, f"rtp://{LOOPBACK}:{port}/L24/48000/{CHANNELS}"), CHANNELS)
    with sender(port, "L24"):
        next(blocks(source))
    with pytest.raises(DeviceLost, match=r"The stream rtp://127\.0\.0\.1:\d+ stopped giving: it gave nothing for too"):
        for _ in source.items():
            pass
    source.close()


@pytest.mark.parametrize("address", ["rtp://stage.example:5004/L24/48000/8", "rtp://239.1.1.1:5004", "rtp://[::1/L24"])
def test_an_address_that_says_too_little_is_refused(address: str) -> None:
    with pytest.raises(DeviceUnusable, match="write rtp://239"):
        open_input(Input("stage", SourceKind.RTP, address), 1)
