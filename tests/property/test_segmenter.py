"""Segments are neither too short nor too long, and no sample is lost or doubled, whatever the inputs do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, AudioBlock
from recorder.alignment import Alignment
from recorder.segmenter import Segmenter

BLOCK = AUDIO_RATE // 10

spoken = st.lists(st.tuples(st.integers(1, 120), st.booleans()), max_size=30)


@given(spoken)
def test_length_is_between_least_and_most(stretches: list[tuple[int, bool]]) -> None:
    segmenter, start, at = Segmenter(0), 0, 0
    for length, speech in stretches:
        for _ in range(length):
            at += BLOCK
            assert at <= segmenter.latest
            if segmenter.cut_after(at, speech):
                assert segmenter.limits.least <= at - start <= segmenter.limits.most
                start = at
                segmenter.restart(at)


blocks = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 9000)), max_size=12)


@settings(deadline=None)
@given(blocks, blocks, st.lists(st.integers(1, 120_000), max_size=6))
def test_alignment_gives_every_sample_once_where_it_belongs(
    judge: list[tuple[int, int]], witness: list[tuple[int, int]], edges: list[int]
) -> None:
    alignment = Alignment(["judge", "witness"], 0)
    sent: dict[str, set[int]] = {}
    end = 0
    for name, pieces in (("judge", judge), ("witness", witness)):
        at = 0
        there: set[int] = set()
        for skip, length in pieces:
            at += skip
            numbers = np.arange(at, at + length) % 30_000
            alignment.add(name, AudioBlock(at, numbers.astype(np.int16).reshape(-1, 1)), at)
            there |= set(range(at, at + length))
            at += length
        alignment.lose(name, (GapCause.DEVICE_LOST, "ended"))
        sent[name], end = there, max(end, at)

    got: dict[str, set[int]] = {"judge": set(), "witness": set()}
    reached = 0
    for edge in (*sorted(edges), end):
        while (block := alignment.next_block(min(end, edge), edge)) is not None:
            assert block.start == reached and block.end <= edge
            assert block.sound.keys() | block.missing.keys() == {"judge", "witness"}
            for name, pcm in block.sound.items():
                assert pcm[:, 0].tolist() == [n % 30_000 for n in range(block.start, block.end)]
                got[name] |= set(range(block.start, block.end))
            reached = block.end
    assert reached == end
    assert got == sent
