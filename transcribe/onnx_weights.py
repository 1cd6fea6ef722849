"""The weights of a dynamically quantised ONNX model as plain numbers, by the names of the layers that use them.

Only the few fields of the format that hold weights are declared here (onnx.proto of ONNX 1.x); protobuf skips the rest.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from transcribe.errors import ModelError

_Array = NDArray[np.float32]
Fields = Mapping[str, Mapping[str, tuple[int, str, bool]]]
"""Message → its fields' number, type (protobuf's, or a message's name) and whether it repeats."""

_FIELDS: Fields = {
    "Tensor": {
        "dims": (1, "INT64", True),
        "data_type": (2, "INT32", False),
        "float_data": (4, "FLOAT", True),
        "int32_data": (5, "INT32", True),
        "name": (8, "STRING", False),
        "raw_data": (9, "BYTES", False),
    },
    "Attribute": {"g": (6, "Graph", False)},
    "Node": {"input": (1, "STRING", True), "name": (3, "STRING", False), "attribute": (5, "Attribute", True)},
    "Graph": {"node": (1, "Node", True), "initializer": (5, "Tensor", True)},
    "Model": {"graph": (7, "Graph", False)},
}
_TYPES = {1: np.float32, 2: np.uint8, 3: np.int8}


class OnnxWeights:
    """The weights of one file. Raises ModelError where it holds no such weight, or is not read as ONNX."""

    def __init__(self, path: Path) -> None:
        model = message_class(_FIELDS)()
        try:
            model.ParseFromString(path.read_bytes())
        except DecodeError:
            raise ModelError(f"The file {path.name} is no ONNX model.") from None
        self._file = path.name
        self._tensors = {one.name.replace("_merged_0", ""): one for one in model.graph.initializer}
        self._inputs = {one.name: tuple(one.input) for one in _nodes(model.graph)}

    def plain(self, name: str) -> _Array:
        """The weight `name`, dequantised where it is kept in 8 bits."""
        if name in self._tensors:
            return _array(self._tensors[name]).astype(np.float32)
        try:
            values = _array(self._tensors[f"{name}_quantized"]).astype(np.float32)
            zero = _array(self._tensors[f"{name}_zero_point"]).astype(np.float32)
            scale = _array(self._tensors[f"{name}_scale"])
        except KeyError:
            raise ModelError(f"The file {self._file} holds no weight {name}.") from None
        return np.asarray((values - zero) * scale, np.float32)

    def linear(self, layer: str) -> _Array:
        """The matrix of the linear layer `layer` (its path in the graph), outputs × inputs."""
        node = self._inputs.get(f"{layer}/MatMul_quant")
        if node is None:
            raise ModelError(f"The file {self._file} holds no layer {layer}.")
        return np.ascontiguousarray(self.plain(node[1].replace("_merged_0", "").removesuffix("_quantized")).T)


def _nodes(graph: Any) -> Iterator[Any]:
    """All nodes, those of nested graphs (the branches of a merged decoder) included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from _nodes(attribute.g)


def _array(tensor: Any) -> NDArray[Any]:
    kind = _TYPES.get(tensor.data_type)
    if kind is None:
        raise ModelError(f"The weight {tensor.name} has the unknown type {tensor.data_type}.")
    content = np.frombuffer(tensor.raw_data, np.dtype(kind).newbyteorder("<"))
    if not tensor.raw_data:
        content = np.array(tensor.float_data if kind is np.float32 else tensor.int32_data, kind)
    return content.reshape(tuple(tensor.dims))


def message_class(fields: Fields) -> Any:
    """The class of ONNX's message Model, of whose format `fields` declares what is needed."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="onnx_weights.proto", package="onnx_weights", syntax="proto2")
    for message, declared in fields.items():
        described = file.message_type.add(name=message)
        for name, (number, kind, repeated) in declared.items():
            one = described.field.add(name=name, number=number)
            one.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in fields:
                one.type, one.type_name = field.TYPE_MESSAGE, f".onnx_weights.{kind}"
            else:
                one.type = field.Type.Value(f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("onnx_weights.Model"))
