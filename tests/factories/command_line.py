"""The command line as a person runs it: a process of its own on a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.speech.recogniser import MODEL, models_dir
from transcribe.models import ensure

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "api.cli"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a command on `home`, with the recognition model the tests share."""
    ensure(MODEL, models_dir())
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COURTREC_")}
    return {**inherited, "COURTREC_HOME": str(home), "COURTREC_TRANSCRIBE_MODELS_DIR": str(models_dir()), **more}


def courtrec(home: Path, *arguments: str, typed: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    """Runs `courtrec` to its end; `typed` is its standard input, `more` are environment variables."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=typed, text=True, capture_output=True, cwd=ROOT, env=environment(home, **more), check=False,
    )  # fmt: skip
