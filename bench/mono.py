"""A diariser for one channel in the manner of pyannote's 3.1 pipeline, of the same models on onnxruntime: a peer.

As there: windows of 10 s each second through segmentation 3.0 (powerset of three speakers, two at once), an embedding
for each speaker of each window from where they speak alone, agglomerative clustering by centroids into the known number
of people, overlap-added activations, and as many speakers at a time as the segmentation counts. The embedding runs on
the chosen frames only, which is cheaper than pyannote's masks over the whole window.
"""

import time
from itertools import product
from pathlib import Path

import kaldi_native_fbank as fbank
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

WINDOW = 10.0  # seconds
STEP = 1.0
SPEAKERS = 3
SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))  # the classes of the powerset
ENOUGH = 0.5  # seconds of speech alone for an embedding

_Floats = NDArray[np.float32]


class MonoDiariser:
    """`people` is how many speak in the recording."""

    def __init__(self, segmentation: Path, embedding: Path, people: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._segment, self._embed = (
            onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            for path in (segmentation, embedding)
        )
        self._people = people
        self._features = fbank.FbankOptions()
        self._features.frame_opts.dither = 0
        self._features.frame_opts.window_type = "hamming"
        self._features.mel_opts.num_bins = 80

    def __call__(self, pcm: Pcm) -> tuple[list[SpeechSpan], float]:
        """Who speaks when, and the processor seconds it took."""
        started = time.process_time()
        count = 1 + max(0, int(np.ceil((pcm.size / SAMPLE_RATE - WINDOW) / STEP)))
        padded = np.pad(pcm, (0, round((WINDOW + count * STEP) * SAMPLE_RATE) - pcm.size))
        sound: _Floats = (padded / 32768).astype(np.float32)
        active = [self._activity(sound[self._at(number) :]) for number in range(count)]
        spans = self._joined(active, self._speakers(sound, active))
        return spans, time.process_time() - started

    @staticmethod
    def _at(number: int) -> int:
        return round(number * STEP * SAMPLE_RATE)

    def _activity(self, sound: _Floats) -> _Floats:
        """Whether each of the window's speakers (column) speaks in each frame (row)."""
        window = sound[None, None, : round(WINDOW * SAMPLE_RATE)]
        [[classes]] = self._segment.run(None, {"input_values": window})
        powerset = np.zeros((len(SETS), SPEAKERS), np.float32)
        for row, speakers in enumerate(SETS):
            powerset[row, list(speakers)] = 1
        return np.asarray(powerset[classes.argmax(axis=1)], np.float32)

    def _speakers(self, sound: _Floats, active: list[_Floats]) -> dict[tuple[int, int], int]:
        """The person of each window's speaker."""
        vectors: dict[tuple[int, int], _Floats] = {}
        for number, speaker in product(range(len(active)), range(SPEAKERS)):
            alone = (active[number][:, speaker] > 0) & (active[number].sum(axis=1) == 1)
            samples = np.repeat(alone, int(np.ceil(WINDOW * SAMPLE_RATE / len(alone))))[: round(WINDOW * SAMPLE_RATE)]
            if samples.sum() >= ENOUGH * SAMPLE_RATE:
                window = sound[self._at(number) :][: samples.size]
                vectors[number, speaker] = self._vector(window[samples])
        if len(vectors) < 2:
            return dict.fromkeys(vectors, 0)
        tree = linkage(np.stack(list(vectors.values())), method="centroid", metric="euclidean")
        groups = fcluster(tree, self._people, criterion="maxclust") - 1
        return dict(zip(vectors, (int(one) for one in groups), strict=True))

    def _vector(self, sound: _Floats) -> _Floats:
        extractor = fbank.OnlineFbank(self._features)
        extractor.accept_waveform(SAMPLE_RATE, sound * 32768)
        extractor.input_finished()
        frames = np.stack([extractor.get_frame(number) for number in range(extractor.num_frames_ready)])
        [[vector]] = self._embed.run(None, {"feats": (frames - frames.mean(axis=0))[None]})
        return np.asarray(vector / np.linalg.norm(vector))

    def _joined(self, active: list[_Floats], speakers: dict[tuple[int, int], int]) -> list[SpeechSpan]:
        frames = len(active[0])
        step = frames * STEP / WINDOW
        length = round((len(active) - 1) * step) + frames
        votes = np.zeros((length, self._people))
        counts, seen = np.zeros(length), np.zeros(length)
        for number, window in enumerate(active):
            at = round(number * step)
            seen[at : at + frames] += 1
            counts[at : at + frames] += window.sum(axis=1)
            for speaker in range(SPEAKERS):
                if (number, speaker) in speakers:
                    person = speakers[number, speaker]
                    votes[at : at + frames, person] = votes[at : at + frames, person] + window[:, speaker]
        many = np.rint(counts / np.maximum(seen, 1)).astype(int)
        rank = np.argsort(np.argsort(-votes, axis=1), axis=1)
        speaks = (rank < many[:, None]) & (votes > 0)
        second = WINDOW / frames
        spans = []
        for person in range(self._people):
            edges = np.flatnonzero(np.diff(speaks[:, person], prepend=False, append=False))
            spans += [
                SpeechSpan(str(person), a * second, b * second)
                for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
            ]
        return sorted(spans, key=lambda one: (one.start, one.track))
