from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from policies.base import LoggedBase, SoftmaxBase
from policies.batches import Batches
from policies.bounds import Bounds
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.export import layer
from policies.layer import Kind, Layer
from policies.learner import propensities
from policies.network import Encoder, Scorer
from policies.policy import DEPTH, Policy, SkillVectors
from policies.request import CONTEXT, FEATURES, Option, Request, context_of, numbers
from policies.reward_model import scores
from tests.policies.made import made
from tests.policies.test_network import shaken

BOUNDS = Bounds.parse({"default": {"min": 0.9}, "by_domain": {"home": {"min": 0.99}}})
BASE = SoftmaxBase(temperature=0.5, default=0.1, by_domain={"home": 0.0})
SKILLS = ("clock", "lists", "lights", "shop", "fallback")


@cache
def network(seed: int = 0, encoder: Encoder = "bilstm", residual: bool = False) -> Scorer:
    return shaken(Scorer(made(n=60, closed=0.3).data.tables, 16, encoder, residual, seed), seed)


def made_layer(kind: Kind = "ring", seed: int = 0, encoder: Encoder = "bilstm", names: tuple[str, ...] = ()) -> Layer:
    networks = [network(seed, encoder, kind == "residual")]
    if kind == "ring":
        networks.append(network(seed + 1, encoder))
    known = names or made(n=60, closed=0.3).data.tables.skills
    return layer(kind, networks, known, BOUNDS.to_json() if kind == "ring" else None, (0.7, 0.1), 0.5)


def asked(count: int = 4, vector: object = None, **changes: object) -> Request:
    effects = ("none", "reversible", "none", "costly", "none")
    options = tuple(
        Option(
            SKILLS[i],
            "x",
            "home" if SKILLS[i] == "lights" else "other",
            {"probability": (0.3, 0.4, 0.2, 0.15, 0.01)[i], "prior": 1.0, "rank": i},
            effects[i],
        )
        for i in range(count)
    )
    found = np.random.default_rng(3).normal(size=12).astype(np.float32) if vector is None else vector
    return replace(Request(options, found, "clock", None, "voice", 1.7e9), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoder", ["bilstm", "pool"])
@pytest.mark.parametrize("kind", ["network", "residual", "ring"])
def test_the_runtime_says_what_torch_says_alone_and_together(kind: Kind, encoder: Encoder) -> None:
    data = made(n=60, closed=0.3).data
    policy = Policy(LoggedBase(), (made_layer(kind, 0, encoder),))
    found = policy.propensities_of(data)
    if kind == "ring":
        members = np.stack([scores(network(seed, encoder), Batches(data)) for seed in (0, 1)])
        expected = (1 / (1 + np.exp(-(0.7 * members + 0.1)))).mean(0)
        from policies.policy import decisions_of

        q = policy.layers[0].rewards(decisions_of(data))[0]
        assert np.abs(q - expected)[data.mask].max() < 1e-5
    else:
        trained = propensities(network(0, encoder, kind == "residual"), Batches(data))
        assert np.abs(found - trained).max() < 1e-5
    alone = np.concatenate([policy.propensities_of(data.take(slice(row, row + 1))) for row in range(60)])
    assert np.abs(alone - found).max() < 1e-6
    assert found.sum(1) == pytest.approx(np.ones(60), abs=1e-9)
    assert not found[~data.mask].any()


def test_a_request_is_answered_as_in_a_data_set() -> None:
    request = asked(3)
    names = tuple(SKILLS)
    tables = made(n=60, closed=0.3).data.tables
    texts = np.concatenate([tables.texts, np.asarray(request.vector)[None]])
    data = Dataset(
        replace(tables, texts=texts, skills=names, skill_vectors=tables.skill_vectors[:5], domains=("other", "home")),
        text=np.array([200], np.int32),
        context=np.array([context_of(request)], np.float32),
        last=np.array([0], np.int32),
        numeric=numbers(request.options)[None],
        skill=np.array([[0, 1, 2]], np.int32),
        open=np.ones((1, 3), np.bool_),
        logged=np.full((1, 3), 1 / 3),
        action=np.zeros(1, np.int32),
        reward=np.ones(1, np.float32),
        domain=np.zeros(1, np.int32),
    )
    policy = Policy(BASE, (made_layer(names=("clock", "lists", *"abcdefg")), made_layer("residual", 2)))
    skills = SkillVectors({name: tables.skill_vectors[i] for i, name in enumerate(names)})
    below = np.array([BASE.propensities(request)])
    one = policy.propensities(request, skills)
    assert one == pytest.approx(policy.propensities_of(data, below)[0], abs=1e-6)
    assert one != pytest.approx(policy.propensities(request), abs=1e-3)  # the vectors of new skills count


def test_the_base_says_the_same_of_requests_and_of_data_sets() -> None:
    rng = np.random.default_rng(0)
    options = [
        tuple(
            Option(
                str(rng.choice(SKILLS)),
                "x",
                "home",
                {"probability": float(rng.random() ** 3), "prior": float(rng.random())},
                str(rng.choice(["none", "costly"])),
            )
            for _ in range(rng.integers(1, 5))
        )
        for _ in range(200)
    ]
    base = SoftmaxBase(0.3, 0.2, {"home": 0.1}, 0.05)
    n = len(options)
    numeric, skill = np.zeros((n, 4, len(FEATURES)), np.float32), np.full((n, 4), -1, np.int32)
    is_open = np.zeros((n, 4), np.bool_)
    for row, listed in enumerate(options):
        numeric[row, : len(listed)] = numbers(listed)
        skill[row, : len(listed)] = [SKILLS.index(option.skill) for option in listed]
        is_open[row, : len(listed)] = [not option.costly for option in listed]
    data = made(n=n).data
    tables = replace(data.tables, skills=SKILLS, domains=("home",))
    data = replace(data, tables=tables, numeric=numeric, skill=skill, open=is_open, domain=np.zeros(n, np.int32))
    found = base.propensities_of(data)
    for row, listed in enumerate(options):
        expected = base.propensities(Request(listed))
        assert found[row, : len(listed)] == pytest.approx(expected, abs=1e-5)
        assert not found[row, len(listed) :].any()


def test_bounds_hold_in_every_layer_and_costly_candidates_gain_nothing() -> None:
    policies = [Policy(BASE)]
    for seed in range(3):
        policies.append(policies[-1].stacked(made_layer("ring", seed)))
    for count in (1, 2, 4, 5):
        for options in (asked(count).options, asked(count).options[::-1]):
            values = [np.array(policy.propensities(replace(asked(), options=options))) for policy in policies]
            least = BOUNDS.of(replace(asked(), options=options).domain)[0]
            for old, new in itertools.pairwise(values):
                assert new.sum() == pytest.approx(1.0)
                assert 1 - np.abs(new - old).sum() / 2 >= least - 1e-9
            costly = [place for place, option in enumerate(options) if option.costly]
            assert all(values[-1][place] <= values[0][place] + 1e-12 for place in costly)
    for kind in ("network", "residual"):
        free = Policy(BASE, (made_layer(kind),)).propensities(asked(5))  # type: ignore[arg-type]
        assert free[3] <= BASE.propensities(asked(5))[3] + 1e-12
        assert sum(free) == pytest.approx(1.0)


@pytest.mark.parametrize("vector", [np.full(12, np.nan), np.ones(5), [], float("nan")])
def test_a_vector_that_is_no_use_counts_as_zeros(vector: object) -> None:
    policy = Policy(BASE, (made_layer("ring"), made_layer("network", 2)))
    found = policy.propensities(asked(vector=vector), SkillVectors({"lists": vector}))
    assert found == policy.propensities(asked(vector=np.zeros(12)))
    assert sum(found) == pytest.approx(1.0)
    broken = replace(
        asked(), options=(Option("clock", "x", "y", {"probability": 0.5, "confidence": float("nan")}),) * 2
    )
    assert sum(policy.propensities(broken)) == pytest.approx(1.0)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    policy = Policy(BASE, card={"data": "week 7"}).stacked(made_layer("ring"), {"metrics": {"gain": 0.1}})
    policy = policy.stacked(made_layer("residual"))
    policy.save(tmp_path)
    again = Policy.load(tmp_path)
    assert again.version == policy.version and again.card == policy.card
    assert again.propensities(asked()) == policy.propensities(asked())
    assert again.card["parent"].startswith("ring-")
    assert again.layers[0].limits == BOUNDS


def test_a_damaged_policy_is_refused_with_the_name_of_the_file(tmp_path: Path) -> None:
    policy = Policy(BASE, (made_layer("network"),))
    for name in ("layer-0.onnx", "layer-0.npz"):
        policy.save(tmp_path)
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-7] + b"garbage")
        with pytest.raises(PolicyError, match=rf"{name} is damaged"):
            Policy.load(tmp_path)
        path.unlink()
        with pytest.raises(PolicyError, match=rf"{name} cannot be read"):
            Policy.load(tmp_path)
    policy.save(tmp_path)
    described = tmp_path / "policy.json"
    known = json.loads(described.read_text())
    changes = ({"format": 9}, {"base": {"kind": "magic"}}, {"version": "other"}, {"layers": [{}]}, {"card": None})
    for change in changes:
        described.write_text(json.dumps({**known, **change}))
        with pytest.raises(PolicyError, match=r"policy\.json"):
            Policy.load(tmp_path)
    described.write_text("{")
    with pytest.raises(PolicyError, match=r"policy\.json is no policy"):
        Policy.load(tmp_path)
    with pytest.raises(PolicyError, match="nowhere"):
        Policy.load(tmp_path / "nowhere")


def test_a_graph_that_is_none_is_refused() -> None:
    for graph in (b"", b"no graph", made_layer().graph[:200]):
        with pytest.raises(PolicyError, match="graph cannot be opened"):
            _ = replace(made_layer(), graph=graph).session


def test_a_stack_has_a_limit() -> None:
    policy = Policy(BASE)
    for _ in range(DEPTH):
        policy = policy.stacked(made_layer("residual"))
    with pytest.raises(PolicyError, match="distil"):
        policy.stacked(made_layer("residual"))


def test_what_cannot_serve_says_so() -> None:
    with pytest.raises(PolicyError, match="without candidates"):
        Policy(BASE).propensities(Request(()))
    with pytest.raises(PolicyError, match="over a log's propensities"):
        Policy(LoggedBase()).propensities(asked())
    with pytest.raises(PolicyError, match="has no bounds"):
        replace(made_layer("ring"), bounds=None)
    with pytest.raises(PolicyError, match="2 networks"):
        layer("network", [network(0), network(1)], made(n=60).data.tables.skills)
    data = made(n=20, size=7).data
    with pytest.raises(PolicyError, match="length 7 do not fit"):
        Policy(LoggedBase(), (made_layer("network"),)).propensities_of(data)


def test_a_ring_takes_other_bounds_without_training() -> None:
    data = made(n=60, closed=0.3).data
    policy = Policy(LoggedBase(), (made_layer("ring").within(Bounds((1.0, 1.0))),))
    assert policy.propensities_of(data) == pytest.approx(data.logged, abs=1e-9)
    with pytest.raises(PolicyError, match="trained for its bounds"):
        made_layer("network").within(BOUNDS)


def test_serving_needs_no_torch(tmp_path: Path) -> None:
    Policy(BASE, (made_layer("ring"),)).save(tmp_path)
    code = (
        "import sys; from pathlib import Path; from policies.policy import Policy; from policies.request import *\n"
        "assert not {'onnxruntime', 'torch'} & set(sys.modules)\n"
        "p = Policy.load(Path(sys.argv[1])); o = Option('clock', 'x', 'home', {'probability': .5, 'prior': 1.})\n"
        "print(sum(p.propensities(Request((o, o)))))\n"
        "assert not {'torch', 'onnx', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules), sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(1.0)


def test_context_has_the_width_that_the_graph_takes() -> None:
    assert len(context_of(asked())) == len(CONTEXT) == network().turn.in_features - 2 * network().width
    assert torch.is_tensor(network().skills())
