"""A graph of FFmpeg's filters that makes sound or pictures, for trying things out."""

from hardware.av_input import Opening


def opening(graph: str) -> Opening:
    return Opening(f"The filter graph {graph!r}", f"filter graph {graph}", graph, live=False, format="lavfi")
