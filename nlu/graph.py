"""Builds the light int8 serving graphs from transformer weights (needs `onnx`, used only when exporting).

The usual dynamic quantisation takes one activation scale over the whole batch, so that a sentence's result
depends on its neighbours. Here every token row gets its own scale, computed by nodes of the graph: integer
products are exact and the rest works row by row, so sentences of equal length can share a batch and stay the
same bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
#: Weights use 7 of 8 bits: u8 x s8 products then never saturate the 16-bit adds of CPUs without VNNI
#: instructions.
LEVELS = 63
HEADS = 12
WIDTH = 384


def quantise_columns(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 codes [K, N] and one scale per output, float32 [N], of a weight matrix [N, K]."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / LEVELS
    codes = np.clip(np.rint(weight / scale[:, None]), -LEVELS, LEVELS)
    return np.ascontiguousarray(codes.T.astype(np.int8)), scale.astype(np.float32)


def smoothing(activation: Floats, weight: Floats) -> Floats:
    """Per-input-channel divisor [K] that moves outliers from activations into weights (SmoothQuant, alpha =
    1/2).

    `activation` [K] holds the largest magnitude of each channel on calibration text, `weight` is [N, K].
    """
    largest = np.maximum(np.abs(weight).max(axis=0), 1e-6)
    return np.asarray(np.sqrt(np.maximum(activation, 1e-4) / largest), np.float32)


class GraphBuilder:
    """Collects nodes and initialisers of one graph; `layer` appends a BERT layer with post-normalisation."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Adds an initialiser and returns its name."""
        from onnx import numpy_helper

        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any
    ) -> str:
        """Adds a node and returns the name of its first output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def linear(
        self, x: str, weight: Floats, bias: Floats, name: str, activation: Floats | None = None
    ) -> str:
        """int8 affine map with one scale per token row: x [B, T, K] -> [B, T, N] for weight [N, K].

        `activation` [K]: channel maxima on calibration text; given, the input is smoothed first.
        """
        if activation is not None:
            divisor = smoothing(activation, weight)
            weight = weight * divisor
            x = self.node("Mul", [x, self.constant(name + ".smooth", 1 / divisor)], [name + ".smoothed"])
        codes, scales = quantise_columns(weight)
        one, middle = self.scalars()
        size = self.node("Abs", [x], [name + ".abs"])
        largest = self.node("ReduceMax", [size], [name + ".max"], axes=[2], keepdims=1)
        step = self.node("Mul", [largest, "scalar.step"], [name + ".step"])
        ratio = self.node("Div", [x, step], [name + ".ratio"])
        whole = self.node("QuantizeLinear", [ratio, one, middle], [name + ".u8"])
        product = self.node(
            "MatMulIntegerToFloat",
            [
                whole,
                self.constant(name + ".codes", codes),
                one,
                self.constant(name + ".scales", scales),
                middle,
            ],
            [name + ".product"],
            domain="com.microsoft",
        )
        scaled = self.node("Mul", [product, step], [name + ".scaled"])
        return self.node("Add", [scaled, self.constant(name + ".bias", bias)], [name])

    def scalars(self) -> tuple[str, str]:
        """Names of the shared constants 1 and 128 (and, beside them, 1 / 127)."""
        if not any(initialiser.name == "scalar.one" for initialiser in self.initialisers):
            self.constant("scalar.one", np.array(1, np.float32))
            self.constant("scalar.middle", np.array(128, np.uint8))
            self.constant("scalar.step", np.array(1 / 127, np.float32))
        return "scalar.one", "scalar.middle"

    def add_norm(self, x: str, y: str, gain: Floats, bias: Floats, name: str) -> str:
        """LayerNorm(x + y) over the last axis. Two nodes: the fused operator is three times slower on the
        CPU.
        """
        total = self.node("Add", [x, y], [name + ".sum"])
        inputs = [total, self.constant(name + ".gain", gain), self.constant(name + ".shift", bias)]
        return self.node("LayerNormalization", inputs, [name], axis=-1, epsilon=1e-12)

    def layer(self, x: str, weights: Mapping[str, Floats], maxima: Mapping[str, Floats], source: str) -> str:
        """One BERT layer: x [B, T, 384] -> [B, T, 384].

        `source` is the prefix of the weights' names; `maxima` has their activation maxima under `source.qkv`,
        `.up`.
        """
        name = source

        def take(part: str) -> Floats:
            return weights[f"{source}.{part}"]

        attention = "attention.self."
        weight = np.concatenate([take(f"{attention}{part}.weight") for part in ("query", "key", "value")])
        bias = np.concatenate([take(f"{attention}{part}.bias") for part in ("query", "key", "value")])
        packed = self.linear(x, weight, bias, name + ".qkv", maxima[name + ".qkv"])
        parts = [f"{name}.{part}" for part in "qkv"]
        self.node(
            "Split",
            [packed, self.constant(name + ".sizes", np.full(3, WIDTH, np.int64))],
            [part + ".in" for part in parts],
            axis=2,
        )
        mixed = self.node(
            "MultiHeadAttention",
            [part + ".in" for part in parts],
            [name + ".mixed"],
            domain="com.microsoft",
            num_heads=HEADS,
        )
        out = self.linear(
            mixed, take("attention.output.dense.weight"), take("attention.output.dense.bias"), name + ".attn"
        )
        middle = self.add_norm(
            out,
            x,
            take("attention.output.LayerNorm.weight"),
            take("attention.output.LayerNorm.bias"),
            name + ".norm1",
        )
        wide = self.linear(
            middle,
            take("intermediate.dense.weight"),
            take("intermediate.dense.bias"),
            name + ".up",
            maxima[name + ".up"],
        )
        active = self.node("Gelu", [wide], [name + ".gelu"], domain="com.microsoft")
        narrow = self.linear(active, take("output.dense.weight"), take("output.dense.bias"), name + ".down")
        return self.add_norm(
            narrow, middle, take("output.LayerNorm.weight"), take("output.LayerNorm.bias"), name + ".norm2"
        )

    def save(self, path: Path, inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]]) -> None:
        """Checks and writes the graph; `inputs`/`outputs` map names to shapes of float32 tensors."""
        import onnx
        from onnx import TensorProto, helper

        def infos(shapes: Mapping[str, list[Any]]) -> list[Any]:
            return [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in shapes.items()
            ]

        graph = helper.make_graph(self.nodes, "nlu", infos(inputs), infos(outputs), self.initialisers)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="nlu")
        model.ir_version = 10
        onnx.save(model, str(path))
