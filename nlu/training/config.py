"""`train.yml`: how a model is trained. What each key means, and its default, is in the shipped `default.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nlu.formats.errors import DataError, Place
from nlu.formats.rasa import compose

DEFAULT = Path(__file__).with_name("default.yml")
#: YAML reads 2e-4 as a text, so numbers with an exponent are taken as such.
Real = Annotated[float, Field(strict=False)]
Share = Annotated[float, Field(strict=False, ge=0, le=1)]
Weight = Annotated[float, Field(strict=False, ge=0)]
Rate = Annotated[float, Field(strict=False, gt=0, le=1)]
Count = Annotated[int, Field(gt=0)]


class _Section(BaseModel):
    """No key but the declared ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Rates(_Section):
    """Peak learning rates."""

    layers: Rate
    heads: Rate


class Noise(_Section):
    """How much is learned as a recogniser would have written it."""

    share: Share
    wer: Share


class Losses(_Section):
    """Weights beside the intent's cross-entropy."""

    tags: Weight
    smoothing: Annotated[float, Field(strict=False, ge=0, lt=1)]
    supervised_contrast: Weight
    entity_contrast: Weight


class TrainConfig(_Section):
    """The whole file."""

    epochs: Count
    batch: Count
    least_steps: Count
    rates: Rates
    frozen: Annotated[int, Field(ge=3, le=6)]
    pooling: Literal["mean", "max", "mean-max"]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    device: Literal["auto", "cpu", "cuda"]
    threads: Count
    patience: Count
    held_out: Annotated[float, Field(strict=False, gt=0, le=0.5)]
    noise: Noise
    losses: Losses
    head_only: bool
    out_of_scope: Annotated[str, Field(min_length=1)]


def load_config(path: Path | None = None, **changes: Any) -> TrainConfig:
    """The shipped configuration under the user's file under `changes`.

    Raises `DataError` naming file, line and key.
    """
    values = _plain(compose(DEFAULT))
    places: dict[tuple[str, ...], Place] = {}
    if path is not None:
        node = compose(path)
        if not isinstance(node, yaml.MappingNode):
            raise DataError(Place(path, node.start_mark.line + 1), "a configuration must be a mapping (`key: value`)")
        _locate(node, path, (), places)
        values = _over(values, _plain(node))
    try:
        return TrainConfig.model_validate(_over(values, changes))
    except ValidationError as error:
        first = error.errors()[0]
        key = tuple(str(part) for part in first["loc"])
        place = next((places[key[:n]] for n in range(len(key), 0, -1) if key[:n] in places), Place(path or DEFAULT))
        unknown = first["type"] == "extra_forbidden"
        message = f"unknown key{_known(key)}" if unknown else f"{first['msg'][0].lower()}{first['msg'][1:]}"
        raise DataError(place, f"{'.'.join(key)}: {message}") from None


def _plain(node: yaml.Node) -> dict[str, Any]:
    loader = yaml.SafeLoader("")
    value: dict[str, Any] = loader.construct_document(node)
    return value


def _over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in top.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = _over(out[key], value) if both else value
    return out


def _locate(node: yaml.MappingNode, path: Path, prefix: tuple[str, ...], places: dict[tuple[str, ...], Place]) -> None:
    for key, value in node.value:
        here = (*prefix, str(key.value))
        places[here] = Place(path, key.start_mark.line + 1, key.start_mark.column + 1)
        if isinstance(value, yaml.MappingNode):
            _locate(value, path, here, places)


def _known(key: tuple[str, ...]) -> str:
    model: type[BaseModel] = TrainConfig
    for part in key[:-1]:
        annotation = model.model_fields[part].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return f" (there are: {', '.join(model.model_fields)})"
