"""A recording: any file FFmpeg reads."""

from pathlib import Path

from hardware.av_input import Opening


def opening(path: str) -> Opening:
    return Opening(f"The file {path}", Path(path).name, f"file:{path}", live=False)
