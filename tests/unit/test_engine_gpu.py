"""What a GPU's driver tells of its memory, and what is made of it when it tells nothing."""

from pathlib import Path

import pytest

from transcribe.engines import gpu


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('[ "$1" = --query-gpu=memory.free ] && printf "20480\\n40960\\n"', 20_480 << 20),
        ("echo no devices were found", None),
        ("exit 9", None),
        ("true", None),
    ],
)
def test_the_first_cards_memory(
    script: str, expected: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert gpu.memory("free") == expected


def test_without_a_driver_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu.memory("free") is None
