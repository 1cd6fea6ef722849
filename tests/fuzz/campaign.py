"""One run of the fuzzer in a process of its own, so that also a crash of native code is only a finding."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).with_name("corpus")
DICTIONARY = Path(__file__).with_name("tokens.dict")
TARGETS = "tests.fuzz.targets"
MAX_LENGTH = 1 << 14
"""Bytes of an input; every parser is through with all it does in fewer."""

MAX_SECONDS_EACH, MAX_MEBIBYTES = 20, 2048
"""An input that takes longer, or more memory, is a finding."""


@dataclass(frozen=True, slots=True)
class Found:
    """`crashes` are the inputs that broke the target, `executions` how many were tried, `log` what the fuzzer said."""

    crashes: tuple[Path, ...]
    executions: int
    failed: bool
    log: str


def fuzz(target: str, out: Path, *limits: str, module: str = TARGETS) -> Found:
    """Runs the function `target` within `limits` (arguments of libFuzzer) from the corpus and what `out` holds.

    New inputs that reach further are kept in `out/corpus`, those that crash in `out/crashes`.
    """
    corpus, crashes = out / "corpus", out / "crashes"
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    limited = [*limits, f"-max_len={MAX_LENGTH}", f"-timeout={MAX_SECONDS_EACH}", f"-rss_limit_mb={MAX_MEBIBYTES}"]
    told = ["-print_final_stats=1", "-verbosity=0", f"-dict={DICTIONARY}", f"-artifact_prefix={crashes}/"]
    command = [sys.executable, "-m", "tests.fuzz.guided", f"{module}:{target}", *limited, *told, str(corpus)]
    if (CORPUS / target).is_dir():
        command.append(str(CORPUS / target))
    with TemporaryDirectory() as scratch:  # libFuzzer ends the process before it could clean up
        environment = {**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": scratch}
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    lines = (ended.stdout + ended.stderr).decode(errors="replace").splitlines()
    log = "\n".join(line for line in lines if not line.startswith("INFO:"))
    tried = re.search(r"stat::number_of_executed_units:\s+(\d+)", log)
    new = tuple(sorted(set(crashes.iterdir()) - before))
    return Found(new, int(tried[1]) if tried else 0, ended.returncode != 0, log)


def reproducing(target: str, crash: Path) -> str:
    """The command that gives a crash to its target again, without the fuzzer."""
    return shlex.join(["python", "-m", "tests.fuzz", target, "--input", str(crash)])
