"""Draws problems from all schemas, evenly over families and sizes, without repeating a masked text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from random import Random

from dialog.errors import AssistantError
from plugins.math.solver.inputs import masked
from plugins.math.template import template_of
from plugins.math.training.problem import Problem
from plugins.math.training.synthetic.catalog import ALL, FAMILIES
from plugins.math.training.synthetic.render import Misread, told
from plugins.math.training.synthetic.schema import Schema

_ATTEMPTS = 12


def generate(n: int, seed: int, schemas: Collection[str] | None = None) -> list[Problem]:
    """`n` problems; the same seed gives the same ones, and fewer of them are the first of more.

    `schemas` limits the schemas by name. Raises AssistantError for a name that is not there.
    """
    problems, _ = generated(n, seed, schemas)
    return problems


def generated(n: int, seed: int, schemas: Collection[str] | None = None) -> tuple[list[Problem], Counter[str]]:
    """As `generate`, with counts: problems of each schema, `misread` and `repeated` draws that were dropped."""
    families = _families(schemas)
    names, weights = list(families), [FAMILIES[name] for name in families]
    problems: list[Problem] = []
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for index in range(n):
        for attempt in range(_ATTEMPTS):
            rng = Random(f"{seed}:{index}:{attempt}")
            schema = rng.choice(families[rng.choices(names, weights)[0]])
            try:
                problem = told(schema, rng, "synthetic", f"{schema.name}:{seed}:{index}")
            except Misread:
                counts["misread"] += 1
                continue
            text = masked(template_of(problem.question)).text
            if text in seen and attempt < _ATTEMPTS - 4:
                counts["repeated"] += 1
                continue
            seen.add(text)
            problems.append(problem)
            counts[schema.name] += 1
            break
        else:
            raise AssistantError(f"synthetic problem {index} of seed {seed}: no template reads its numbers as meant")
    return problems, counts


def _families(schemas: Collection[str] | None) -> dict[str, list[Schema]]:
    unknown = set(schemas or ()) - set(ALL)
    if unknown:
        raise AssistantError(f"no such schemas: {', '.join(sorted(unknown))}")
    found: dict[str, list[Schema]] = {}
    for name, schema in ALL.items():
        if schemas is None or name in schemas:
            found.setdefault(schema.family, []).append(schema)
    return found
