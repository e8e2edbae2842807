"""Settings of the embedded solver's training: what is built, how it learns, what it learns from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from dialog.errors import AssistantError


class TrainingError(AssistantError):
    """Training cannot begin or go on; the text says why."""


@dataclass(frozen=True)
class Settings:
    """Everything beside data and seed that decides the weights.

    `mix` says how often an epoch goes over the problems of a source (2.5: twice, and every other one once more); a key
    stands for all sources that begin with it, the longest counts, and sources without a key are passed once.
    """

    encoder: Literal["minilm", "gru"] = "minilm"
    layers: int = 3
    pretrained: bool = True
    number_features: bool = True
    relation: bool = True
    sequence: bool = True
    relation_width: int = 192
    sequence_width: int = 256
    relation_weight: float = 1.0
    sequence_weight: float = 1.0
    dropout: float = 0.1
    head_dropout: float = 0.1
    value_dropout: float = 0.1
    smoothing: float = 0.01
    epochs: int = 4
    batch: int = 24
    rate_layers: float = 3e-4
    rate_heads: float = 1.5e-3
    warm_up: float = 0.06
    weight_decay: float = 0.01
    average: float = 0.998
    patience: int = 3
    beam: int = 3
    mix: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"mawps": 4.0}))

    def __post_init__(self) -> None:
        wrong = {
            "encoder": self.encoder not in ("minilm", "gru"),
            "layers": not 1 <= self.layers <= 3 or (self.pretrained and self.encoder == "minilm" and self.layers != 3),
            "relation": not (self.relation or self.sequence),
            "batch": self.batch < 1,
            "epochs": self.epochs < 1,
            "beam": self.beam < 1,
            "average": not 0 <= self.average < 1,
            "mix": any(not 0 <= share <= 100 for share in self.mix.values()),
        }
        if bad := [name for name, found in wrong.items() if found]:
            raise TrainingError(f"settings: {bad[0]} cannot be {getattr(self, bad[0])!r}")

    def share(self, source: str) -> float:
        """How often an epoch passes a problem of `source`."""
        keys = [key for key in self.mix if source.startswith(key)]
        return self.mix[max(keys, key=len)] if keys else 1.0

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(replace(self, mix={})) | {"mix": dict(self.mix)}


def read_settings(path: Path) -> Settings:
    """Settings as `plain` wrote them. Raises `TrainingError` naming file and key."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read: {error}") from error
    known = {item.name: item.type for item in fields(Settings)}
    if not isinstance(found, dict) or (unknown := [key for key in found if key not in known]):
        raise TrainingError(f"{path}: {'unknown key ' + unknown[0] if isinstance(found, dict) else 'not an object'}")
    kinds: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,)}
    for key, value in found.items():
        kind = kinds.get(str(known[key]))
        if kind and (not isinstance(value, kind) or (isinstance(value, bool) and bool not in kind)):
            raise TrainingError(f"{path}: {key} cannot be {value!r}")
    try:
        return Settings(**found)
    except (TypeError, AttributeError) as error:
        raise TrainingError(f"{path}: {error}") from error
