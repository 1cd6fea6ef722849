"""How soon words appear while a hearing runs, and how soon its draft is there when it has ended.

    python -m bench.live text [--rounds 3] [--peers PYTHON CLONE]   the sample hearing in real time, node and server
    python -m bench.live quick [--model whisper-tiny]               what the short encoding costs in words and time

`--peers`: whisper_streaming and WhisperLiveKit as well, in every round. PYTHON is that of an environment of theirs
(`pip install faster-whisper==1.2.1 librosa soundfile whisperlivekit==0.2.26`), CLONE a clone of ufal/whisper_streaming.

`bench/live_draft.py` measures from "stop" to the draft.
"""

import argparse
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from api.child_node import free_port
from api.node_client import NodeClient
from bench.live_beside import whisper_live_kit, whisper_streaming
from bench.live_reference import SAMPLES, Shown, latencies, said
from tests.factories.command_line import COMMAND, ROOT, courtrec, environment
from tests.factories.waiting import until
from tests.speech.recogniser import models_dir
from tools.sample_hearing.audio import read_pcm
from transcribe.evaluate import word_errors
from transcribe.live.recogniser import LEAST, QuickWhisper
from transcribe.speech import SAMPLE_RATE

PASSWORD = "a long sentence"  # noqa: S105 - of a court that lives as long as the bench
ROOMS = {"ru": ("rooms/demo.toml", "hearing-ru"), "en": ("rooms/demo-en.toml", "hearing-en")}


@dataclass(frozen=True)
class Court:
    """A server with its worker, and a node beside it, as processes of their own."""

    address: str
    node: NodeClient
    home: Path

    @contextmanager
    def secretary(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=30, follow_redirects=True) as browser:
            browser.get("/login")
            form = {"login": "secretary", "password": PASSWORD, "csrf": _csrf(browser.get("/login").text)}
            assert browser.post("/login", data=form).status_code == 200
            yield browser


def _csrf(page: str) -> str:
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]


@contextmanager
def court(room: Path, **settings: str) -> Iterator[Court]:
    """Runs until the end of the block, in a home of its own."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-live-")))
        added = courtrec(home, "user", "add", "secretary", "--name", "S", "--role", "secretary", typed=PASSWORD + "\n")
        assert added.returncode == 0, added.stderr
        port, node_port = free_port(), free_port()
        address, node_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{node_port}"
        shared = {"COURTREC_TRANSCRIBE_MODELS_DIR": str(models_dir()), **settings}
        server = {"COURTREC_PORT": str(port), "COURTREC_NODE_URL": node_url, **shared}
        node = {"COURTREC_NODE_SERVER_URL": address, "COURTREC_NODE_PORT": str(node_port), **shared}
        stack.enter_context(_running([*COMMAND, "node", "run", "--room", str(room)], environment(home, **node)))
        stack.enter_context(_running([*COMMAND, "serve"], environment(home, **server)))
        token = (home / "keys" / "node.token").read_text().strip()
        client = NodeClient(node_url, token)
        until(lambda: _answers(f"{address}/healthz") and _answers(f"{node_url}/"))
        yield Court(address, client, home)


@contextmanager
def _running(command: Sequence[str], env: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=env, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code < 500
    except httpx.HTTPError:
        return False


class Origin:
    """When the hearing's second 0 was, by this machine's monotonic clock: the earliest that its progress allows."""

    def __init__(self, node: NodeClient) -> None:
        self.at = float("inf")
        for _ in range(200):
            status = node.status()
            if status["seconds"] > 0:
                self.at = min(self.at, time.monotonic() - status["seconds"])
            time.sleep(0.01)  # 200 looks over two seconds: the earliest answer is the truest


def put_ahead() -> None:
    """On a machine shared with other work: what the bench starts goes before that, as on a machine of its own; among
    themselves the bench's processes keep their ranks. Needs root, and Linux with autogroups."""
    os.setsid()
    Path("/proc/self/autogroup").write_text("-19")


def live_text(language: str, model: str) -> list[Shown]:
    """Every state of every line that the secretary's page got, with the second of the hearing in which it did."""
    room, _ = ROOMS[language]
    events: list[tuple[float, dict[str, Any]]] = []
    models = json.dumps({language: model})
    with court(ROOT / room, COURTREC_TRANSCRIBE_LIVE_MODELS=models) as running, running.secretary() as browser:
        time.sleep(10)  # the programs have started, and their starting costs no processor any more
        hearing = running.node.start({"case_number": "ГД 1/26-Б1", "language": language}, "", "S")
        threading.Thread(target=_collect, args=(browser, hearing, events), daemon=True).start()
        origin = Origin(running.node)
        while running.node.status()["state"] not in ("ended", None):
            time.sleep(0.5)  # the sample lasts two minutes
        time.sleep(3)  # what is said last becomes final, if it does in time
    return [
        Shown(
            at - origin.at, one["role"], one["at"], one["end"], f"{one['stable']} {one['rest']}".strip(), one["final"]
        )
        for at, one in events
    ]


def _collect(browser: httpx.Client, hearing: str, events: list[tuple[float, dict[str, Any]]]) -> None:
    while True:
        try:
            with browser.stream("GET", f"/live/text/{hearing}", timeout=30) as answer:
                name = ""
                for line in answer.iter_lines():
                    field, _, value = line.partition(":")
                    name = value.strip() if field == "event" else name
                    if field == "data" and name == "text":
                        events.append((time.monotonic(), json.loads(value)))
        except httpx.HTTPError:
            time.sleep(0.05)  # the stream is not there before the hearing is
        except RuntimeError:  # the browser was closed
            return


def quick(model: str, language: str, console: Console) -> None:
    """The utterances of the sample, each recognised alone, with encodings of other lengths."""
    recogniser = QuickWhisper(model, models_dir(), "cpu")
    sample = ROOMS[language][1]
    reference = said(sample)
    sounds = []
    for one in reference:
        pcm = read_pcm(SAMPLES / sample / f"{one.role}.flac")
        piece = pcm[max(0, round((one.start - 0.3) * SAMPLE_RATE)) : round((one.end + 0.2) * SAMPLE_RATE)]
        sounds.append(piece.astype(np.float32) / 32768.0)
    table = Table("encoded at least s", "WER", "S/D/I", "processor s each")
    for least in (3.0, 5.0, LEAST, 15.0, 30.0):
        began = time.process_time()
        heard = [" ".join(recogniser.recognise(sound, language, least).words) for sound in sounds]
        cost = (time.process_time() - began) / len(sounds)
        expected = {str(number): one.text for number, one in enumerate(reference)}
        errors = word_errors(expected, {str(number): text for number, text in enumerate(heard)})
        counts = f"{errors.substituted}/{errors.deleted}/{errors.inserted}"
        table.add_row(f"{least:.0f}", f"{errors.rate:.1%}", counts, f"{cost:.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["text", "quick"])
    parser.add_argument("--peers", type=Path, nargs=2, metavar=("PYTHON", "CLONE"), help="of the peers")
    parser.add_argument("--model", default="whisper-tiny")
    parser.add_argument("--language", default="ru", choices=[*ROOMS])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ahead", action="store_true", help="before the other work of a shared machine")
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    if chosen.ahead:
        put_ahead()
    console = Console(width=130)
    if chosen.part == "quick":
        quick(chosen.model, chosen.language, console)
        return
    table = Table(
        "program", "round", "utterances", "shown", "p50 s", "p95 s", "whole text p50 s", "p95 s", "WER", "load"
    )
    programs: dict[str, Callable[[], list[Shown]]] = {"courtrec": lambda: live_text(chosen.language, chosen.model)}
    if chosen.peers:
        python, clone = chosen.peers
        model = models_dir() / chosen.model
        programs["whisper_streaming"] = lambda: whisper_streaming(python, clone, model, chosen.language)
        programs["WhisperLiveKit"] = lambda: whisper_live_kit(python, model, chosen.language)
    for number in range(1, chosen.rounds + 1):
        for name, program in programs.items():
            shown = program()
            if chosen.show:
                for one in shown:
                    mark = "F" if one.final else " "
                    console.print(f"{one.at:7.2f} {mark} {one.role:10} {one.start:6.2f}-{one.end:6.2f} {one.text}")
            found = latencies(said(ROOMS[chosen.language][1]), shown)
            table.add_row(name, str(number), *found.cells(), f"{os.getloadavg()[0]:.1f}")
            Console(stderr=True, width=130).print(name, number, *found.cells())
    console.print(table)


if __name__ == "__main__":
    main()
