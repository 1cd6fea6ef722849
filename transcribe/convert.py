"""Whisper as quantised ONNX (the layout of Optimum and transformers.js) made into a CTranslate2 int8 model.

The same input gives the same bytes on every machine: each step rounds element by element, and nothing is summed. So the
manifest can name the SHA-256 of the result.
"""

import json
from pathlib import Path
from typing import Any

from ctranslate2.converters import utils
from ctranslate2.specs import common_spec
from ctranslate2.specs.whisper_spec import WhisperSpec

from transcribe.errors import ModelError
from transcribe.onnx_weights import OnnxWeights

ENCODER, DECODER = "encoder_model_quantized.onnx", "decoder_model_merged_quantized.onnx"
SETTINGS = ("config.json", "generation_config.json", "tokenizer.json")
NEEDED = (ENCODER, DECODER, *SETTINGS)
"""The files, flat in one folder, that a conversion needs."""


def convert_whisper(source: Path, target: Path) -> None:
    """Writes model.bin, config.json, vocabulary.json and tokenizer.json into the empty folder `target`.

    `source` holds the files NEEDED. Raises ModelError where they are not a Whisper model of that layout.
    """
    try:
        settings, generation, tokenizer = (json.loads((source / name).read_bytes()) for name in SETTINGS)
        spec = WhisperSpec(
            settings["encoder_layers"],
            settings["encoder_attention_heads"],
            settings["decoder_layers"],
            settings["decoder_attention_heads"],
        )
        _set_encoder(spec.encoder, OnnxWeights(source / ENCODER))
        _set_decoder(spec.decoder, OnnxWeights(source / DECODER))
        spec.register_vocabulary(_vocabulary(tokenizer, settings["vocab_size"]))
        spec.config.suppress_ids = generation["suppress_tokens"]
        spec.config.suppress_ids_begin = generation["begin_suppress_tokens"]
        spec.config.alignment_heads = generation["alignment_heads"]
        spec.config.lang_ids = sorted(generation["lang_to_id"].values())
    except (KeyError, OSError, ValueError) as error:
        raise ModelError(f"The ONNX model cannot be converted ({type(error).__name__}: {error}).") from None
    spec.register_file(str(source / "tokenizer.json"))
    spec.validate()
    spec.optimize(quantization="int8")
    target.mkdir(exist_ok=True)
    spec.save(str(target))


def _vocabulary(tokenizer: dict[str, Any], size: int) -> list[str]:
    """Every token by its number, the timestamps last: by its size CTranslate2 tells a multilingual model."""
    tokens = {number: token for token, number in tokenizer["model"]["vocab"].items()}
    tokens |= {one["id"]: one["content"] for one in tokenizer["added_tokens"]}
    known = [tokens[number] for number in range(len(tokens))]
    return [*known, *(f"<|{number * 0.02:.2f}|>" for number in range(size - len(known)))]


def _set_encoder(spec: Any, weights: OnnxWeights) -> None:
    for convolution, name in ((spec.conv1, "conv1"), (spec.conv2, "conv2")):
        convolution.weight, convolution.bias = weights.plain(f"{name}.weight"), weights.plain(f"{name}.bias")
    spec.position_encodings.encodings = weights.plain("embed_positions.weight")
    _set_norm(spec.layer_norm, weights, "layer_norm")
    for number, layer in enumerate(spec.layer):
        _set_attention(layer.self_attention, weights, "", f"layers.{number}", "self_attn", itself=True)
        _set_feed_forward(layer.ffn, weights, "", f"layers.{number}")


def _set_decoder(spec: Any, weights: OnnxWeights) -> None:
    spec.embeddings.weight = weights.plain("model.decoder.embed_tokens.weight")
    spec.projection.weight = spec.embeddings.weight
    spec.position_encodings.encodings = weights.plain("model.decoder.embed_positions.weight")
    spec.scale_embeddings = False
    _set_norm(spec.layer_norm, weights, "model.decoder.layer_norm")
    for number, layer in enumerate(spec.layer):
        at = f"layers.{number}"
        _set_attention(layer.self_attention, weights, "model.decoder.", at, "self_attn", itself=True)
        _set_attention(layer.attention, weights, "model.decoder.", at, "encoder_attn", itself=False)
        _set_feed_forward(layer.ffn, weights, "model.decoder.", at)


def _set_attention(spec: Any, weights: OnnxWeights, prefix: str, layer: str, name: str, *, itself: bool) -> None:
    query, key, value, out = (
        _linear(weights, prefix, f"{layer}/{name}", one, bias=one != "k_proj")
        for one in ("q_proj", "k_proj", "v_proj", "out_proj")
    )
    if itself:
        utils.fuse_linear(spec.linear[0], [query, key, value])
    else:
        utils.fuse_linear(spec.linear[0], [query])
        utils.fuse_linear(spec.linear[1], [key, value])
    spec.linear[-1].weight, spec.linear[-1].bias = out.weight, out.bias
    _set_norm(spec.layer_norm, weights, f"{prefix}{layer}.{name}_layer_norm")


def _set_feed_forward(spec: Any, weights: OnnxWeights, prefix: str, layer: str) -> None:
    for linear, name in ((spec.linear_0, "fc1"), (spec.linear_1, "fc2")):
        found = _linear(weights, prefix, layer, name, bias=True)
        linear.weight, linear.bias = found.weight, found.bias
    _set_norm(spec.layer_norm, weights, f"{prefix}{layer}.final_layer_norm")


def _linear(weights: OnnxWeights, prefix: str, layer: str, name: str, *, bias: bool) -> common_spec.LinearSpec:
    spec = common_spec.LinearSpec()
    spec.weight = weights.linear(f"/{prefix.replace('.', '/')}{layer}/{name}")
    if bias:
        spec.bias = weights.plain(f"{prefix}{layer.replace('/', '.')}.{name}.bias")
    return spec


def _set_norm(spec: Any, weights: OnnxWeights, name: str) -> None:
    spec.gamma, spec.beta = weights.plain(f"{name}.weight"), weights.plain(f"{name}.bias")
