"""Whisper in ONNX becomes the same CTranslate2 model each time, with the weights it had. In miniature."""

import json
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.onnx_models import OnnxModel
from transcribe.convert import DECODER, ENCODER, NEEDED, convert_whisper
from transcribe.errors import ModelError
from transcribe.onnx_weights import OnnxWeights

WIDTH, INNER, TOKENS = 8, 16, 51_865
LINEAR = ("q_proj", "k_proj", "v_proj", "out_proj")


def numbers(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(shape).standard_normal(shape).astype(np.float32)


def layer(model: OnnxModel, prefix: str, attentions: tuple[str, ...], *, branch: bool) -> None:
    """One layer as Optimum exports it: matrices lose their names, which only the nodes using them tell."""
    merged = "_merged_0" if branch else ""
    add = model.branch_node if branch else model.node
    at = f"{prefix}layers.0"

    def linear(name: str, inputs: int, outputs: int, bias: bool = True) -> None:
        matrix = f"onnx::MatMul_{name}{merged}"
        model.quantised(matrix, numbers(inputs, outputs))
        node = f"/{prefix.replace('.', '/')}layers.0/{name.replace('.', '/')}/MatMul_quant"
        add("MatMulInteger", ["x", f"{matrix}_quantized"], f"{name}.out", node)
        if bias:
            model.weight(f"{at}.{name}.bias{merged}", numbers(outputs))

    def norm(name: str) -> None:
        model.weight(f"{at}.{name}.weight{merged}", numbers(WIDTH))
        model.weight(f"{at}.{name}.bias{merged}", numbers(WIDTH))

    for attention in attentions:
        for name in LINEAR:
            linear(f"{attention}.{name}", WIDTH, WIDTH, bias=name != "k_proj")
        norm(f"{attention}_layer_norm")
    linear("fc1", WIDTH, INNER)
    linear("fc2", INNER, WIDTH)
    norm("final_layer_norm")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "onnx"
    folder.mkdir()
    encoder, decoder = OnnxModel(), OnnxModel()
    for name, inputs in (("conv1", 80), ("conv2", WIDTH)):
        encoder.quantised(f"{name}.weight", numbers(WIDTH, inputs, 3))
        encoder.weight(f"{name}.bias", numbers(WIDTH))
    encoder.weight("embed_positions.weight", numbers(1500, WIDTH))
    decoder.quantised("model.decoder.embed_tokens.weight_merged_0", numbers(TOKENS, WIDTH))
    decoder.weight("model.decoder.embed_positions.weight_merged_0", numbers(448, WIDTH))
    for model, prefix, merged in ((encoder, "", ""), (decoder, "model.decoder.", "_merged_0")):
        model.weight(f"{prefix}layer_norm.weight{merged}", numbers(WIDTH))
        model.weight(f"{prefix}layer_norm.bias{merged}", numbers(WIDTH))
    layer(encoder, "", ("self_attn",), branch=False)
    layer(decoder, "model.decoder.", ("self_attn", "encoder_attn"), branch=True)
    encoder.write(folder / ENCODER)
    decoder.write(folder / DECODER)
    heads = {"encoder_layers": 1, "encoder_attention_heads": 2, "decoder_layers": 1, "decoder_attention_heads": 2}
    (folder / "config.json").write_text(json.dumps({**heads, "vocab_size": TOKENS}))
    generation = {"suppress_tokens": [1], "begin_suppress_tokens": [2], "alignment_heads": [[0, 1]]}
    (folder / "generation_config.json").write_text(json.dumps({**generation, "lang_to_id": {"<|ru|>": 50263}}))
    vocabulary = {f"t{number}": number for number in range(50_256)} | {"": 50_256}
    special = [{"id": number, "content": f"<|s{number}|>"} for number in range(50_257, 50_364)]
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}, "added_tokens": special}))
    return folder


def test_the_model_is_one_that_ctranslate2_takes_for_multilingual(source: Path, tmp_path: Path) -> None:
    convert_whisper(source, tmp_path / "made")
    model = ctranslate2.models.Whisper(str(tmp_path / "made"), device="cpu", compute_type="int8")
    assert (model.is_multilingual, model.n_mels) == (True, 80)
    tokens = json.loads((tmp_path / "made" / "vocabulary.json").read_text())
    assert len(tokens) == TOKENS
    assert tokens[50_256] == ""
    assert (tokens[50_364], tokens[-1]) == ("<|0.00|>", "<|30.00|>")
    assert json.loads((tmp_path / "made" / "config.json").read_text())["alignment_heads"] == [[0, 1]]


def test_the_same_onnx_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        convert_whisper(source, tmp_path / name)
    for file in ("model.bin", "config.json", "vocabulary.json", "tokenizer.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_weights_come_back_as_the_layers_use_them(source: Path) -> None:
    decoder = OnnxWeights(source / DECODER)
    matrix = decoder.linear("/model/decoder/layers.0/encoder_attn/q_proj")
    assert matrix.shape == (WIDTH, WIDTH)
    assert np.abs(matrix - numbers(WIDTH, WIDTH).T).max() < 0.03, "outputs by inputs, within what 8 bits keep"
    assert decoder.linear("/model/decoder/layers.0/fc1").shape == (INNER, WIDTH)
    assert np.array_equal(decoder.plain("model.decoder.layer_norm.bias"), numbers(WIDTH))


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        (ENCODER, b"\xff\xff\xff", "no ONNX model"),
        (ENCODER, b"", "holds no weight conv1.weight"),
        ("config.json", b"{}", "cannot be converted .KeyError: 'encoder_layers'"),
        ("tokenizer.json", b"{", "cannot be converted .JSONDecodeError"),
    ],
)
def test_what_is_not_such_a_model_is_one_sentence(
    file: str, content: bytes, sentence: str, source: Path, tmp_path: Path
) -> None:
    (source / file).write_bytes(content)
    with pytest.raises(ModelError, match=sentence):
        convert_whisper(source, tmp_path / "made")


def test_a_missing_file_is_one_sentence(source: Path, tmp_path: Path) -> None:
    (source / NEEDED[-1]).unlink()
    with pytest.raises(ModelError, match=r"cannot be converted \(FileNotFoundError"):
        convert_whisper(source, tmp_path / "made")
