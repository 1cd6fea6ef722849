"""Small ONNX models for tests, written without the package onnx: what their makers' exports look like, in miniature."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcribe.onnx_weights import Fields, message_class

_FIELDS: Fields = {
    "Tensor": {
        "dims": (1, "INT64", True),
        "data_type": (2, "INT32", False),
        "name": (8, "STRING", False),
        "raw_data": (9, "BYTES", False),
    },
    "Attribute": {
        "name": (1, "STRING", False),
        "i": (3, "INT64", False),
        "g": (6, "Graph", False),
        "ints": (8, "INT64", True),
        "type": (20, "INT32", False),
    },
    "Node": {
        "input": (1, "STRING", True),
        "output": (2, "STRING", True),
        "name": (3, "STRING", False),
        "op_type": (4, "STRING", False),
        "attribute": (5, "Attribute", True),
    },
    "Dimension": {"dim_param": (2, "STRING", False)},
    "Shape": {"dim": (1, "Dimension", True)},
    "TensorType": {"elem_type": (1, "INT32", False), "shape": (2, "Shape", False)},
    "Type": {"tensor_type": (1, "TensorType", False)},
    "Value": {"name": (1, "STRING", False), "type": (2, "Type", False)},
    "Graph": {
        "node": (1, "Node", True),
        "name": (2, "STRING", False),
        "initializer": (5, "Tensor", True),
        "input": (11, "Value", True),
        "output": (12, "Value", True),
    },
    "Opset": {"domain": (1, "STRING", False), "version": (2, "INT64", False)},
    "Model": {"ir_version": (1, "INT64", False), "graph": (7, "Graph", False), "opset_import": (8, "Opset", True)},
}
_CODES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7}
_INT, _INTS = 2, 7


class OnnxModel:
    """A model under construction; `write` leaves it in a file."""

    def __init__(self) -> None:
        self._model = message_class(_FIELDS)(ir_version=8)
        self._model.opset_import.add(domain="", version=17)
        self._model.graph.name = "test"

    def weight(self, name: str, values: NDArray[Any]) -> None:
        self._model.graph.initializer.add(
            name=name, dims=values.shape, data_type=_CODES[values.dtype.name], raw_data=values.tobytes()
        )

    def quantised(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Keeps `values` in 8 bits, as dynamic quantisation does, and returns what is left of them."""
        scale, zero = np.float32(np.abs(values).max() / 100), np.uint8(117)
        kept = np.clip(np.rint(values / scale) + zero, 0, 255).astype(np.uint8)
        self.weight(f"{name}_quantized", kept)
        self.weight(f"{name}_scale", np.asarray(scale))
        self.weight(f"{name}_zero_point", np.asarray(zero))
        return np.asarray((kept.astype(np.float32) - np.float32(zero)) * scale, np.float32)

    def node(
        self, kind: str, inputs: Sequence[str], output: str, name: str = "", **attributes: int | list[int]
    ) -> None:
        self._add(self._model.graph.node, kind, inputs, output, name, attributes)

    def branch_node(self, kind: str, inputs: Sequence[str], output: str, name: str) -> None:
        """A node within a branch, where merged decoders have theirs."""
        if not self._model.graph.node:
            self._model.graph.node.add(op_type="If", name="optimum::if").attribute.add(name="then_branch")
        self._add(self._model.graph.node[0].attribute[0].g.node, kind, inputs, output, name, {})

    def value(self, side: str, name: str, kind: str, dimensions: Sequence[str]) -> None:
        """Declares an input or output (`side`) with its named dimensions."""
        declared = getattr(self._model.graph, side).add(name=name)
        declared.type.tensor_type.elem_type = _CODES[kind]
        for one in dimensions:
            declared.type.tensor_type.shape.dim.add(dim_param=one)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._model.SerializeToString())

    @staticmethod
    def _add(
        nodes: Any, kind: str, inputs: Sequence[str], output: str, name: str, attributes: Mapping[str, int | list[int]]
    ) -> None:
        node = nodes.add(op_type=kind, input=inputs, output=[output], name=name)
        for key, value in attributes.items():
            if isinstance(value, int):
                node.attribute.add(name=key, i=value, type=_INT)
            else:
                node.attribute.add(name=key, ints=value, type=_INTS)


TONES = {"а": (600, 15), "б": (1200, 25), "в": (2400, 37), "▁": (4800, 52)}
"""Letter → its tone in Hz, and the band of GigaAM's log-mel spectrum in which that is loudest."""


def tone_reader(folder: Path) -> None:
    """A recogniser in the layout of GigaAM multilingual that reads TONES; where none is heard, it hears a pause."""
    tokens = [*TONES, "<blk>"]
    matrix = np.zeros((64, len(tokens)), np.float32)
    for column, (_, band) in enumerate(TONES.values()):
        matrix[band, column] = 1.0
    bias = np.zeros(len(tokens), np.float32)
    model = OnnxModel()
    model.weight("matrix", matrix)
    model.weight("bias", bias)
    model.value("input", "features", "float32", ["batch", "bands", "frames"])
    model.value("input", "feature_lengths", "int64", ["batch"])
    model.node("AveragePool", ["features"], "pooled", kernel_shape=[4], strides=[4], ceil_mode=1)
    model.node("Transpose", ["pooled"], "frames", perm=[0, 2, 1])
    model.node("MatMul", ["frames", "matrix"], "scores")
    model.node("Add", ["scores", "bias"], "biased")
    model.node("LogSoftmax", ["biased"], "log_probs", axis=-1)
    model.value("output", "log_probs", "float32", ["batch", "steps", "tokens"])
    model.write(folder / "multilingual_ctc.onnx")
    (folder / "multilingual_vocab.txt").write_text("".join(f"{one} {n}\n" for n, one in enumerate(tokens)), "utf-8")
    (folder / "config.json").write_text('{"version": "v3", "subsampling_factor": 4, "features_size": 64}', "utf-8")


def tones(letters: str, seconds: float = 0.3, pause: float = 0.1) -> NDArray[np.float32]:
    """`letters` as tones of `seconds` each at 16 kHz, a `pause` before each one."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    silence = np.zeros(round(pause * 16_000))
    parts = [part for one in letters for part in (silence, 0.3 * np.sin(2 * np.pi * TONES[one][0] * time))]
    return np.concatenate([*parts, silence]).astype(np.float32)
