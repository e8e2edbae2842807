"""Reads and writes ONNX graphs without the `onnx` package: heads can be trained where only serving is installed.

ONNX files are Protocol Buffers messages; field numbers are those of `onnx.proto3`. Only what a head needs is here:
taking the part of a graph that makes one output, and adding nodes behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.graph import GraphBuilder

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7}
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7


def varint(value: int) -> bytes:
    """A whole number in base 128, negative ones as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of (field number, value): numbers as varints, text and bytes with their length."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            raw = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(raw)) + raw
    return bytes(out)


def fields_of(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a message. Raises `ValueError` for what is none."""
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            if place >= len(raw):
                raise ValueError("the message ends within a field")
            byte = raw[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while place < len(raw):
        key = number()
        kind = key & 7
        if kind == 0:
            yield key >> 3, number()
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            if kind != 2:
                raise ValueError(f"unknown wire type {kind}")
            size = number()
        if place + size > len(raw):
            raise ValueError("the message ends within a field")
        yield key >> 3, raw[place : place + size]
        place += size


def _texts(raw: bytes, number: int) -> list[str]:
    return [value.decode() for key, value in fields_of(raw) if key == number and isinstance(value, bytes)]


@dataclass(frozen=True)
class _Initialiser:
    """What `GraphBuilder` asks of an initialiser, and its message."""

    name: str
    raw: bytes = field(repr=False)


def _attribute(name: str, value: object) -> bytes:
    if isinstance(value, float):
        return message((1, name)) + varint(2 << 3 | 5) + np.float32(value).tobytes() + message((20, _FLOAT))
    if isinstance(value, int):
        return message((1, name), (3, value), (20, _INT))
    if isinstance(value, str):
        return message((1, name), (4, value), (20, _STRING))
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return message((1, name), *((8, item) for item in value), (20, _INTS))
    raise TypeError(f"attribute {name} has a type that is not written here: {type(value).__name__}")


class WireGraph(GraphBuilder):
    """A `GraphBuilder` that needs no `onnx`; it may begin with a part of another graph."""

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Adds an initialiser and returns its name."""
        array = np.ascontiguousarray(value)
        # A scalar has no dimensions; `ascontiguousarray` makes it one of length 1.
        dims = np.shape(value)
        raw = message(*((1, size) for size in dims), (2, _TYPES[str(array.dtype)]), (8, name), (9, array.tobytes()))
        self.initialisers.append(_Initialiser(name, raw))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        """Adds a node and returns the name of its first output."""
        parts: list[tuple[int, int | str | bytes]] = [(1, name) for name in inputs]
        parts += [(2, name) for name in outputs]
        parts += [(3, f"{outputs[0]}.node"), (4, kind)]
        parts += [(5, _attribute(name, value)) for name, value in attributes.items()]
        self.nodes.append(message(*parts, *([(7, domain)] if domain else [])))
        return outputs[0]

    def take(self, path: Path, output: str, name: str) -> None:
        """Copies all that makes `output` from the graph in `path`, and calls that output `name`.

        Raises `ValueError` where the file has no such output or cannot be read.
        """
        graph = next((value for key, value in fields_of(path.read_bytes()) if key == 7), None)
        if not isinstance(graph, bytes):
            raise ValueError(f"{path}: not an ONNX model")
        parts = list(fields_of(graph))
        nodes = [value for key, value in parts if key == 1 and isinstance(value, bytes)]
        needed, kept = {output}, list[bytes]()
        for raw in reversed(nodes):  # ONNX keeps nodes in an order in which they can be computed
            if needed & set(_texts(raw, 2)):
                needed |= set(_texts(raw, 1))
                kept.append(_renamed(raw, output, name))
        if not kept:
            raise ValueError(f"{path}: the graph has no output {output!r}")
        self.nodes += kept[::-1]
        for key, value in parts:
            if key == 5 and isinstance(value, bytes) and (found := _texts(value, 8)[0]) in needed:
                self.initialisers.append(_Initialiser(found, value))

    def save(self, path: Path, inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]]) -> None:
        """Writes the graph; `inputs` and `outputs` map names to shapes of float32 tensors."""
        graph = message(
            *((1, raw) for raw in self.nodes),
            (2, "nlu"),
            *((5, item.raw) for item in self.initialisers),
            *((11, _tensor(name, shape)) for name, shape in inputs.items()),
            *((12, _tensor(name, shape)) for name, shape in outputs.items()),
        )
        opsets = [message((1, ""), (2, 17)), message((1, "com.microsoft"), (2, 1))]
        path.write_bytes(message((1, 10), (2, "nlu"), (7, graph), *((8, opset) for opset in opsets)))


def _renamed(raw: bytes, old: str, new: str) -> bytes:
    """A node whose output `old` is called `new`."""
    out = bytearray()
    for key, value in fields_of(raw):
        out += message((key, new if key == 2 and value == old.encode() else value))
    return bytes(out)


def _tensor(name: str, shape: Sequence[int | str]) -> bytes:
    dims = [message((1, message((1 if isinstance(size, int) else 2, size)))) for size in shape]
    kind = message((1, message((1, _TYPES["float32"]), (2, b"".join(dims)))))
    return message((1, name), (2, kind))
