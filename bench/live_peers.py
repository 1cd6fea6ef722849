"""Plays the sample hearing to UFAL's whisper_streaming in real time, and writes down what it commits when.

    PEER/bin/python bench/live_peers.py WHISPER_STREAMING_FOLDER MODEL_FOLDER OUT.json [--chunk 1.0] [--language ru]

PEER is an environment of the peer's own (faster-whisper, librosa, soundfile). It hears the sum of the microphones, for
it knows one channel only, with the same model (int8, one thread) as `python -m bench.live text`, which runs this and
measures it alike.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio

RATE = 16_000
SAMPLES = Path(__file__).parent.parent / "samples"


def peer(folder: Path, model: Path, language: str) -> Any:
    """The peer's online processor, with the model on the processor."""
    sys.path.insert(0, str(folder))
    import whisper_online  # type: ignore[import-not-found]

    class OnProcessor(whisper_online.FasterWhisperASR):  # type: ignore[misc]
        def load_model(self, modelsize=None, cache_dir=None, model_dir=None):  # type: ignore[no-untyped-def]
            return WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)

    asr = OnProcessor(language, "tiny")
    asr.use_vad()
    return whisper_online.OnlineASRProcessor(asr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunk", type=float, default=1.0, help="seconds of new sound per step")
    parser.add_argument("--language", default="ru")
    chosen = parser.parse_args()
    files = sorted((SAMPLES / f"hearing-{chosen.language}").glob("*.flac"))
    sound = np.clip(np.sum([decode_audio(str(file), RATE) for file in files], axis=0), -1, 1).astype(np.float32)
    online = peer(chosen.folder, chosen.model, chosen.language)
    online.asr.transcribe(sound[: 5 * RATE])  # warm
    online.init()
    told: list[tuple[float, float, float, str]] = []
    began, at = time.monotonic(), 0
    while at < len(sound):
        time.sleep(max(0.0, began + at / RATE + chosen.chunk - time.monotonic()))
        reached = min(len(sound), round((time.monotonic() - began) * RATE))
        online.insert_audio_chunk(sound[at:reached])
        at = reached
        start, end, text = online.process_iter()
        if text:
            told.append((time.monotonic() - began, start, end, text))
    start, end, text = online.finish()
    if text:
        told.append((time.monotonic() - began, start, end, text))
    chosen.out.write_text(json.dumps({"told": told, "cpu": time.process_time()}, ensure_ascii=False))


if __name__ == "__main__":
    main()
