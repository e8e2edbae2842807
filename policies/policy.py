"""A policy as it serves: a base and the layers learned on top of it. Needs numpy and, for layers, the light runtime.

A folder holds `policy.json`, and for each layer a graph and its arrays. A layer's bounds are relative to what is below.
On top of all there may be the cases that the policy has absorbed (`policies.case_layer`).
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.base import Base, parse
from policies.case_layer import CaseLayer
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.layer import Decisions, Layer
from policies.request import Request, context_of, numbers

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

FORMAT = 1
#: Layers that a policy may have: each costs a run of its graph in every turn.
DEPTH = 6
_FILE = "policy.json"
_CHUNK = 4096


@dataclass(frozen=True)
class SkillVectors:
    """Vectors of skills' texts, by name; for skills that a policy has never met. A skill may be missing."""

    vectors: Mapping[str, Any] = field(default_factory=dict)

    def of(self, names: tuple[str, ...], size: int) -> Floats:
        """[len(names), size], zeros for what is missing, of another length or not finite."""
        found = np.zeros((len(names), size), np.float32)
        for row, name in enumerate(names):
            found[row] = _usable(self.vectors.get(name), size)
        return found


@dataclass(frozen=True)
class Policy:
    """base: what answers without layers. card: what is known of how it came about (data window, metrics, parent).

    cases: applied after all layers; no layer themselves, since they run no graph.
    """

    base: Base
    layers: tuple[Layer, ...] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    cases: CaseLayer | None = None

    def __post_init__(self) -> None:
        if len(self.layers) > DEPTH:
            raise PolicyError(
                f"a policy of {len(self.layers)} layers is too deep (at most {DEPTH}): distil it into one first"
            )

    @cached_property
    def version(self) -> str:
        """Name made of the contents."""
        digest = hashlib.sha256(json.dumps(self.base.to_json(), sort_keys=True).encode())
        for layer in self.layers:
            digest.update(json.dumps(_described(layer), sort_keys=True).encode())
            digest.update(layer.graph + layer.table.tobytes() + layer.projection.tobytes())
        if self.cases is not None:
            digest.update(self.cases.digested())
        kind = self.layers[-1].kind if self.layers else "base" if self.cases is None else "cases"
        return f"{kind}-{digest.hexdigest()[:10]}"

    def stacked(self, layer: Layer, card: Mapping[str, Any] | None = None) -> Policy:
        """This policy, changed by `layer`; cases stay on top. Raises `PolicyError` where it gets too deep."""
        return replace(self, layers=(*self.layers, layer), card={"parent": self.version, **(card or {})})

    def with_cases(self, cases: CaseLayer | None) -> Policy:
        """The same with these cases in place of those it had; None: with none."""
        return replace(self, cases=cases)

    def with_card(self, card: Mapping[str, Any]) -> Policy:
        """The same with more on its card."""
        return replace(self, card={**self.card, **card})

    def propensities(self, request: Request, skills: SkillVectors | None = None) -> list[float]:
        """Of one request, in the order of its options; they sum to one. Raises `PolicyError` for no options.

        A sentence vector that is missing, of another length or not finite counts as zeros.
        """
        if not request.options:
            raise PolicyError("a request without candidates cannot be routed")
        below = self.base.propensities(request)
        stack = self._stack
        if not stack:
            return below
        values = np.array([below])
        size, vectors = stack[0].size, skills or SkillVectors()
        decisions = _decisions(request, vectors, size)
        for layer in stack:
            if layer.size != size:
                size, decisions = layer.size, _decisions(request, vectors, layer.size)
            values = layer.apply(decisions, values)
        found: list[float] = values[0].tolist()
        return found

    def propensities_of(self, dataset: Dataset, below: Doubles | None = None) -> Doubles:
        """Of logged decisions [N, K], zero on padding. below: in place of what the base says. Raises `PolicyError`."""
        found = np.array(self.base.propensities_of(dataset) if below is None else below, np.float64)
        if found.shape != dataset.skill.shape:
            raise PolicyError(
                f"propensities of shape {found.shape} do not fit decisions of shape {dataset.skill.shape}"
            )
        for start in range(0, len(dataset) if self._stack else 0, _CHUNK):
            part = slice(start, start + _CHUNK)
            decisions = decisions_of(dataset, part)
            for layer in self._stack:
                found[part] = layer.apply(decisions, found[part])
        return found

    @cached_property
    def _stack(self) -> tuple[Layer | CaseLayer, ...]:
        return self.layers if self.cases is None else (*self.layers, self.cases)

    def save(self, folder: Path) -> None:
        """Write the files; `policy.json` comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        described = []
        for place, layer in enumerate(self.layers):
            arrays = io.BytesIO()
            np.savez_compressed(arrays, table=layer.table, projection=layer.projection)
            files = {f"layer-{place}.onnx": layer.graph, f"layer-{place}.npz": arrays.getvalue()}
            for name, content in files.items():
                (folder / name).write_bytes(content)
            digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
            described.append({**_described(layer), "files": digests})
        known = {
            "format": FORMAT,
            "version": self.version,
            "base": self.base.to_json(),
            "layers": described,
            "card": dict(self.card),
        }
        if self.cases is not None:
            known["cases"] = self.cases.save(folder)
        partial = folder / (_FILE + ".part")
        partial.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / _FILE)

    @classmethod
    def load(cls, folder: Path) -> Policy:
        """What `save` wrote, every graph opened. Raises `PolicyError` naming the file that is missing or damaged."""
        path = folder / _FILE
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["format"] != FORMAT:
                raise PolicyError(f"{path}: format {known['format']!r} is not {FORMAT}, the one this version reads")
            layers = tuple(_layer(folder, described) for described in known["layers"])
            cases = CaseLayer.load(folder, known["cases"]) if "cases" in known else None
            policy = cls(parse(known["base"]), layers, dict(known["card"]), cases)
        except PolicyError as error:
            raise error if str(folder) in str(error) else PolicyError(f"{path}: {error}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PolicyError(f"{path} is no policy: {type(error).__name__} {error}") from error
        if policy.version != known["version"]:
            raise PolicyError(f"{path}: the contents are not those of version {known['version']!r}")
        return policy


def decisions_of(dataset: Dataset, part: slice = slice(None)) -> Decisions:
    """Logged decisions as layers see them."""
    tables, skill, last = dataset.tables, dataset.skill[part], dataset.last[part]
    none = len(tables.skills)
    text = np.asarray(tables.texts[dataset.text[part]], np.float32)
    finite = np.isfinite(text).all(axis=1, keepdims=True)
    return Decisions(
        text=np.where(finite, text, np.float32(0)),
        context=np.asarray(dataset.context[part], np.float32),
        numeric=np.nan_to_num(np.asarray(dataset.numeric[part], np.float32)),
        skill=np.where(skill < 0, none, skill),
        last=np.where(last < 0, none, last),
        names=tables.skills,
        vectors=np.nan_to_num(np.asarray(tables.skill_vectors, np.float32)),
        mask=skill >= 0,
        open=np.asarray(dataset.open[part], np.bool_),
        domains=[tables.domains[place] for place in dataset.domain[part]],
    )


def _decisions(request: Request, skills: SkillVectors, size: int) -> Decisions:
    names = tuple(dict.fromkeys(option.skill for option in request.options))
    last = () if request.last_skill is None or request.last_skill in names else (request.last_skill,)
    names += last
    place = {name: row for row, name in enumerate(names)}
    count = len(request.options)
    return Decisions(
        text=_usable(request.vector, size)[None],
        context=np.array([context_of(request)], np.float32),
        numeric=np.nan_to_num(numbers(request.options))[None],
        skill=np.array([[place[option.skill] for option in request.options]]),
        last=np.array([len(names) if request.last_skill is None else place[request.last_skill]]),
        names=names,
        vectors=skills.of(names, size),
        mask=np.ones((1, count), np.bool_),
        open=np.array([[not option.costly for option in request.options]]),
        domains=(request.domain,),
        intents=[[option.intent for option in request.options]],
    )


def _usable(vector: Any, size: int) -> Floats:
    if vector is not None:
        found = np.asarray(vector, np.float32).reshape(-1)
        if found.shape == (size,) and np.isfinite(found).all():
            return found
    return np.zeros(size, np.float32)


def _described(layer: Layer) -> dict[str, Any]:
    return {
        "kind": layer.kind,
        "skills": list(layer.skills),
        "size": layer.size,
        "bounds": layer.bounds,
        "calibration": list(layer.calibration),
        "spread": layer.spread,
    }


def _layer(folder: Path, described: Mapping[str, Any]) -> Layer:
    contents: dict[str, bytes] = {}
    for name, digest in described["files"].items():
        path = folder / Path(name).name
        try:
            contents[path.suffix] = path.read_bytes()
        except OSError as error:
            raise PolicyError(f"{path} cannot be read: {error.strerror}") from error
        if hashlib.sha256(contents[path.suffix]).hexdigest() != digest:
            raise PolicyError(f"{path} is damaged: its contents are not those that were written")
    try:
        with np.load(io.BytesIO(contents[".npz"]), allow_pickle=False) as arrays:
            table, projection = arrays["table"], arrays["projection"]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise PolicyError(f"{folder}: arrays of a layer cannot be read: {error}") from error
    calibration = tuple(float(value) for value in described["calibration"])
    layer = Layer(
        kind=described["kind"],
        graph=contents[".onnx"],
        table=table,
        projection=projection,
        skills=tuple(described["skills"]),
        size=int(described["size"]),
        bounds=described["bounds"],
        calibration=(calibration[0], calibration[1]),
        spread=float(described["spread"]),
    )
    if layer.kind == "ring":
        _ = layer.limits  # bounds that cannot be read are told now
    _ = layer.session
    return layer
