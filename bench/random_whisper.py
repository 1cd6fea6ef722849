"""Whisper models of any shape with random weights: as fast, and as large in memory, as trained ones of that shape."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec

POSITIONS = 1500  # what the encoder makes of 30 s
MOST_TOKENS = 448


@dataclass(frozen=True, slots=True)
class Shape:
    """Layers of encoder and of decoder, their width, heads, mel bands and tokens known."""

    encoder: int
    decoder: int
    width: int
    heads: int
    bands: int
    tokens: int


# By these CTranslate2 knows a multilingual Whisper.
SPECIAL = {
    50256: "",
    50257: "<|endoftext|>",
    50258: "<|startoftranscript|>",
    50359: "<|transcribe|>",
    50362: "<|nospeech|>",
    50363: "<|notimestamps|>",
}
LARGE_V3 = Shape(encoder=32, decoder=32, width=1280, heads=20, bands=128, tokens=51866)
LARGE_V3_TURBO = Shape(encoder=32, decoder=4, width=1280, heads=20, bands=128, tokens=51866)


def save_random(shape: Shape, folder: Path, quantization: str) -> None:
    """Writes a CTranslate2 model into the empty `folder`; the same for the same shape."""
    rng = np.random.default_rng(0)
    spec = WhisperSpec(shape.encoder, shape.heads, shape.decoder, shape.heads)
    wide = shape.width
    for convolution, bands in ((spec.encoder.conv1, shape.bands), (spec.encoder.conv2, wide)):
        convolution.weight, convolution.bias = _random(rng, wide, bands, 3), np.zeros(wide, np.float32)
    spec.encoder.position_encodings.encodings = _random(rng, POSITIONS, wide)
    spec.decoder.position_encodings.encodings = _random(rng, MOST_TOKENS, wide)
    spec.decoder.embeddings.weight = _random(rng, shape.tokens, wide)
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    spec.decoder.scale_embeddings = False
    for half in (spec.encoder, spec.decoder):
        _set_norm(half.layer_norm, wide)
        for layer in half.layer:
            _set_attention(layer.self_attention, rng, wide, parts=(3, 1))
            if half is spec.decoder:
                _set_attention(layer.attention, rng, wide, parts=(1, 2, 1))
            _set_norm(layer.ffn.layer_norm, wide)
            _set_linear(layer.ffn.linear_0, rng, 4 * wide, wide)
            _set_linear(layer.ffn.linear_1, rng, wide, 4 * wide)
    spec.register_vocabulary([SPECIAL.get(number, f"<{number}>") for number in range(shape.tokens)])
    spec.config.suppress_ids = spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[shape.decoder - 1, 0]]
    spec.config.lang_ids = []
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))


def _set_attention(spec: Any, rng: np.random.Generator, wide: int, parts: tuple[int, ...]) -> None:
    _set_norm(spec.layer_norm, wide)
    for linear, times in zip(spec.linear, parts, strict=True):
        _set_linear(linear, rng, times * wide, wide)


def _set_linear(spec: Any, rng: np.random.Generator, outputs: int, inputs: int) -> None:
    spec.weight, spec.bias = _random(rng, outputs, inputs), np.zeros(outputs, np.float32)


def _set_norm(spec: Any, wide: int) -> None:
    spec.gamma, spec.beta = np.ones(wide, np.float32), np.zeros(wide, np.float32)


def _random(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32) * np.float32(0.02)
