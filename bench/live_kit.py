"""Plays the sample hearing to WhisperLiveKit in real time, and writes down what it commits when.

    PEER/bin/python bench/live_kit.py ws://127.0.0.1:PORT/asr OUT.json

PEER is an environment of the peer's own (whisperlivekit, and with it websockets). It hears the sum of the microphones.
`python -m bench.live text` starts its server, runs this, and measures it as the other programs.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import websockets
from faster_whisper.audio import decode_audio

RATE = 16_000
STEP = RATE // 10
SAMPLES = Path(__file__).parent.parent / "samples"


async def play(address: str, sound: bytes) -> list[tuple[float, Any]]:
    """What it answers, and how many seconds after the sound began."""
    told: list[tuple[float, Any]] = []
    async with websockets.connect(address, max_size=None) as line:
        began = time.monotonic()

        async def listen() -> None:
            async for message in line:
                told.append((time.monotonic() - began, json.loads(message)))
                if told[-1][1].get("type") == "ready_to_stop":
                    return

        listening = asyncio.create_task(listen())
        for at in range(0, len(sound) // 2, STEP):
            await asyncio.sleep(max(0.0, began + (at + STEP) / RATE - time.monotonic()))
            await line.send(sound[2 * at : 2 * (at + STEP)])
        await line.send(b"")
        await listening
    return told


def committed(told: list[tuple[float, Any]]) -> list[tuple[float, float, float, str]]:
    """Each text that was added to what is final: when, and from where to where in the sound."""
    found: list[tuple[float, float, float, str]] = []
    before, end = "", 0.0
    for at, message in told:
        lines = [one for one in message.get("lines", ()) if (one.get("text") or "").strip()]
        text = " ".join(one["text"].strip() for one in lines)
        if text and text != before:
            reached = _seconds(lines[-1]["end"])
            found.append((at, end, reached, text[len(before) :].strip()))
            before, end = text, reached
    return found


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("out", type=Path)
    parser.add_argument("--language", default="ru")
    chosen = parser.parse_args()
    files = sorted((SAMPLES / f"hearing-{chosen.language}").glob("*.flac"))
    sound = np.clip(np.sum([decode_audio(str(file), RATE) for file in files], axis=0), -1, 1)
    told = asyncio.run(play(chosen.address, (sound * 32767).astype(np.int16).tobytes()))
    chosen.out.write_text(json.dumps({"told": committed(told)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
