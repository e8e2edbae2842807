"""Networks as graphs for the light runtime, with the embeddings of the skills beside them. Needs torch and onnx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper
from torch import Tensor, nn

from policies.errors import PolicyError
from policies.layer import Kind, Layer
from policies.network import LSTM, BiLSTM, Pool, Scorer
from policies.request import CONTEXT, FEATURES

_OPSET, _IR = 17, 8
_GATES = (0, 3, 1, 2)  # torch has inward, forget, value, outward; the graph inward, outward, forget, value


def layer(
    kind: Kind,
    networks: Sequence[Scorer],
    skills: Sequence[str],
    bounds: dict[str, Any] | None = None,
    calibration: tuple[float, float] = (1.0, 0.0),
    spread: float = 0.0,
) -> Layer:
    """A layer of a policy. Several networks are the members of a "ring"; others have one. Raises `PolicyError`."""
    if not networks or (kind != "ring" and len(networks) != 1):
        raise PolicyError(f"{len(networks)} networks are not a layer of kind {kind}")
    size = networks[0].size
    with torch.no_grad():
        tables = [_numbers(network.skills()[:-1]) for network in networks]
        texts = [_numbers(network.skill_text.weight.T * network.scale) for network in networks]
    return Layer(
        kind=kind,
        graph=_graph(networks),
        table=np.concatenate(tables, 1),
        projection=np.concatenate(texts, 1),
        skills=tuple(skills),
        size=size,
        bounds=bounds,
        calibration=calibration,
        spread=spread,
    )


def _numbers(value: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(value.detach().numpy(), np.float32)


class _Graph:
    """Collects nodes and constants under fresh names."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def constant(self, value: NDArray[Any] | Tensor) -> str:
        array = _numbers(value) if isinstance(value, Tensor) else value
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return name

    def whole(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0]

    def linear(self, x: str, part: nn.Linear) -> str:
        found = self.add("MatMul", x, self.constant(part.weight.T))
        return found if part.bias is None else self.add("Add", found, self.constant(part.bias))


def _graph(networks: Sequence[Scorer]) -> bytes:
    """Inputs text [N, D], context [N, C], last [N, W], numeric [N, K, F], skill [N, K, W], length [N]; W is the sum of
    the members' widths. Output scores [members, N, K], without meaning behind each length."""
    graph, first = _Graph(), 0
    scores = []
    for network in networks:
        cut = (graph.whole(first), graph.whole(first + network.width), graph.whole(-1))
        skill, last = graph.add("Slice", "skill", *cut), graph.add("Slice", "last", *cut)
        scores.append(graph.add("Unsqueeze", _scores(graph, network, skill, last), graph.whole(0)))
        first += network.width
    graph.nodes.append(helper.make_node("Concat", scores, ["scores"], axis=0))
    real, size = TensorProto.FLOAT, networks[0].size
    shapes: dict[str, list[Any]] = {
        "text": ["N", size],
        "context": ["N", len(CONTEXT)],
        "last": ["N", first],
        "numeric": ["N", "K", len(FEATURES)],
        "skill": ["N", "K", first],
    }
    inputs = [helper.make_tensor_value_info(name, real, shape) for name, shape in shapes.items()]
    inputs.append(helper.make_tensor_value_info("length", TensorProto.INT32, ["N"]))
    output = helper.make_tensor_value_info("scores", real, [len(networks), "N", "K"])
    constants = [numpy_helper.from_array(array, name) for name, array in graph.constants.items()]
    made = helper.make_graph(graph.nodes, "policy", inputs, [output], constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    checker.check_model(model)
    found: bytes = model.SerializeToString()
    return found


def _scores(graph: _Graph, network: Scorer, skill: str, last: str) -> str:
    """`Scorer.forward`, without the mask."""
    scaled = graph.add("Mul", "text", graph.constant(np.array(network.scale, np.float32)))
    said = graph.linear(scaled, network.utterance)
    product = graph.add("Mul", graph.add("Unsqueeze", said, graph.whole(1)), skill)
    turn = graph.linear(graph.add("Concat", said, "context", last, axis=1), network.turn)
    own = graph.linear(graph.add("Concat", product, "numeric", skill, axis=2), network.candidate)
    single = graph.add("Relu", graph.add("Add", own, graph.add("Unsqueeze", turn, graph.whole(1))))
    over = (
        _bilstm(graph, network.over, single) if isinstance(network.over, BiLSTM) else _pool(graph, network.over, single)
    )
    total = graph.add("ReduceSum", product, graph.whole(2), keepdims=1)
    affinity = graph.add("Mul", total, graph.constant(np.array(network.width**-0.5, np.float32)))
    hidden = graph.add("Concat", single, over, affinity, axis=2)
    inner = graph.add("Relu", graph.linear(hidden, network.inner))
    found = graph.add("Add", graph.linear(inner, network.outer), graph.linear(hidden, network.straight))
    return graph.add("Squeeze", found, graph.whole(2))


def _bilstm(graph: _Graph, part: BiLSTM, x: str) -> str:
    directions: tuple[LSTM, ...] = (part.ahead, part.back)
    size = part.ahead.fused.hidden_size

    def gates(value: Tensor) -> NDArray[np.float32]:
        parts = np.split(_numbers(value), 4)
        return np.concatenate([parts[i] for i in _GATES])

    weights = [[gates(value) for value in each.parts()] for each in directions]
    inward, recurrent = (np.stack([each[place] for each in weights]) for place in (0, 1))
    bias = np.stack([np.concatenate(each[2:]) for each in weights])
    states = graph.add(
        "LSTM",
        graph.add("Transpose", x, perm=[1, 0, 2]),
        *(graph.constant(array) for array in (inward, recurrent, bias)),
        "length",
        direction="bidirectional",
        hidden_size=size,
    )
    return graph.add("Reshape", graph.add("Transpose", states, perm=[2, 0, 1, 3]), graph.whole(0, 0, 2 * size))


def _pool(graph: _Graph, part: nn.Module, x: str) -> str:
    assert isinstance(part, Pool)
    count = graph.add("Gather", graph.add("Shape", x), graph.constant(np.array(1, np.int64)))
    places = graph.add("Range", graph.constant(np.array(0, np.int64)), count, graph.constant(np.array(1, np.int64)))
    length = graph.add("Unsqueeze", graph.add("Cast", "length", to=TensorProto.INT64), graph.whole(1))
    inside = graph.add("Cast", graph.add("Less", places, length), to=TensorProto.FLOAT)
    weight = graph.add("Div", inside, graph.add("Cast", length, to=TensorProto.FLOAT))
    mean = graph.add("MatMul", graph.add("Unsqueeze", weight, graph.whole(1)), x)
    pooled = graph.add("Relu", graph.linear(mean, part.project))
    return graph.add(
        "Expand",
        pooled,
        graph.add("Concat", graph.whole(1), graph.add("Unsqueeze", count, graph.whole(0)), graph.whole(1), axis=0),
    )
