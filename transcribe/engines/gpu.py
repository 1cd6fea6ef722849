"""What a GPU has left, as its driver tells."""

import subprocess


def memory(what: str) -> int | None:
    """Bytes of the first GPU's memory that are `free` or `used`; None where its driver does not say."""
    command = ["nvidia-smi", f"--query-gpu=memory.{what}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, check=True)
        return int(told.stdout.split()[0]) << 20
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None
