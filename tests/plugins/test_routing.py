"""The router: the softmax as it always was, learned versions in force and on trial, hot-fixes, and what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dialog.errors import ConfigError
from dialog.host import Host
from dialog.plugin import LearnedRouter, Router
from dialog.registry import Registry, RegistryError
from dialog.registry.trial import Trials
from dialog.settings import PluginSettings
from dialog.types import Candidate, Interpretation, RoutingContext
from plugins import deployment, routing
from plugins.requests import request_of, skill_vectors
from policies.errors import PolicyError
from policies.request import Request
from policies.softmax import softmax_policy

CERTIFIED = {"certificate": {"passed": True}}
TURN = RoutingContext("kitchen", "play some jazz", np.ones(3, np.float32), "clock", None, "alarm.set", "rest", 12.0)


def candidate(
    skill: str, probability: float, domain: str = "music", effects: Any = "none", **features: float
) -> Candidate:
    known = {"probability": probability, "rank": 0.0, "prior": 1.0, **features}
    return Candidate(skill, f"{skill}_play", domain, Interpretation(f"{skill}_play", probability), known, effects)


MUSIC = (candidate("music", 0.5), candidate("radio", 0.45), candidate("buy", 0.4, effects="costly"))


class Fixed:
    """A policy that always prefers one skill; its file says which. Stands in for `policies.policy.Policy`."""

    def __init__(self, folder: Path) -> None:
        self.version = folder.name
        self.says = (folder / "says").read_text()
        if self.says == "damaged":
            raise PolicyError("the graph is damaged")

    def propensities(self, request: Request, skills: object = None) -> list[float]:
        if len(request.options) == 2:  # while it is tried out all is well
            return [0.5, 0.5]
        if self.says == "fails":
            raise ValueError("no such tensor")
        if self.says == "nonsense":
            return [0.7] * len(request.options)
        return [float(option.skill == self.says) for option in request.options]


class Encode:
    version = "encoder-1"
    asked = 0

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        Encode.asked += len(texts)
        return [np.full(3, len(text), np.float32) for text in texts]


@pytest.fixture
def policies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "read", Fixed)
    monkeypatch.setattr(routing, "read", Fixed)


def registry_with(folder: Path, metrics: Mapping[str, Any] = CERTIFIED, **says: str) -> Registry:
    registry = Registry(folder / "models")
    for version, text in says.items():
        made = folder / "made" / version
        made.mkdir(parents=True)
        (made / "says").write_text(text)
        registry.add("policy", version, made, metrics=metrics)
    return registry


def deployed(folder: Path | None, **options: Any) -> deployment.Deployment:
    made = routing.router({"models": str(folder / "models"), **options} if folder else options)
    for follower in (made.follower, made.trials):
        if follower is not None:
            follower._every = 0.01
    made.fit({"music": ["plays music"], "radio": ["a radio"], "buy": ["buys"]}, Encode())
    return made


def until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.005)


# -- without a version ---------------------------------------------------------------------------------------------


def test_the_softmax_is_what_it_was(tmp_path: Path) -> None:
    options = {"temperature": 0.2, "floor": 0.42, "exploration": {"default": 0.1, "by_domain": {"music": 0.3}}}
    routed = deployed(tmp_path, **options).route(MUSIC, TURN)
    expected = softmax_policy([0.5, 0.45, 0.4], [True, True, False], [True, True, False], 0.2, 0.3)
    assert routed.propensities == tuple(expected)  # bit for bit
    assert (routed.policy, routed.hotfix, routed.shadow) == ("softmax-1", None, {})
    forced = deployed(None).route((candidate("alarm", 0.01, form=1.0), *MUSIC), TURN)
    assert forced.propensities[0] > 0.9


def test_the_contract() -> None:
    made = routing.router({})
    assert isinstance(made, Router) and isinstance(made, LearnedRouter) and made.version == "softmax-1"
    host = Host([PluginSettings("routing")])
    assert isinstance(host.router(), deployment.Deployment)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temprature": 1}, "options.temprature: unknown key; did you mean 'temperature'?"),
        ({"exploration": {"by_domian": {}}}, "exploration.by_domian: unknown key; did you mean 'by_domain'?"),
        ({"exploration": {"default": 0.9}}, "exploration.default: 0.9 is not a share between 0 and 0.5"),
        ({"exploration": {"by_domain": {"home": True}}}, "by_domain.home: True"),
        ({"exploration": 3}, "exploration: must be a mapping"),
        ({"temperature": 0}, "temperature: 0.0 is not positive"),
        ({"temperature": "hot"}, "temperature: 'hot' is not a number"),
        ({"models": 3}, "models: 3 is not a folder"),
        ({"replication": {"default": {"min": 2}}}, "replication.default.min: must be between 0 and 1"),
        ({"replication": {"by_domain": {"home": {"mim": 0.9}}}}, "by_domain.home.mim: unknown key"),
        ({"replication": {"default": {"min": 0.9, "max": 0.8}}}, "replication.default: min 0.9 is above max 0.8"),
        ({"guardrail": {"critcal": 0.1}}, "guardrail.critcal: unknown key"),
        ({"hotfixes": [{"name": "x", "when": {"intnet": "a"}, "use": {"skill": "b"}}]}, r"hotfixes[0].when.intnet"),
    ],
)
def test_options_that_are_wrong(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        routing.router(options)
    assert message in str(raised.value)


def test_a_request_is_what_the_router_saw() -> None:
    request = request_of(MUSIC, TURN)
    assert [option.skill for option in request.options] == ["music", "radio", "buy"]
    assert [option.costly for option in request.options] == [False, False, True]
    assert request.options[0].features["probability"] == 0.5 and request.domain == "music"
    assert (request.last_skill, request.form, request.channel, request.time) == ("clock", "alarm.set", "rest", 12.0)
    assert request.vector is TURN.vector


def test_skills_are_known_by_their_texts() -> None:
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0]}

    class Two:
        version = "two"

        def __call__(self, texts: Sequence[str]) -> list[Any]:
            return [np.array(vectors[text], np.float32) for text in texts]

    found = skill_vectors({"mixed": ["a", "b", "a"], "plain": ["b"], "silent": []}, Two())
    assert np.allclose(found["mixed"], [0.5**0.5, 0.5**0.5]) and np.allclose(found["plain"], [0.0, 1.0])
    assert "silent" not in found and skill_vectors({}, Two()) == {}


# -- versions ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("policies")
def test_a_version_in_force_answers_and_is_followed(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, one="radio", two="music", torn="damaged")
    Encode.asked = 0
    made = deployed(tmp_path)
    assert made.route(MUSIC, TURN).policy == "softmax-1" and Encode.asked == 0  # skills are only read when needed
    assert made.follower is not None
    taken = made.follower.use("one").result(10)
    assert taken.pointer.version == "one" and made.version == "one" and Encode.asked == 3
    assert made.route(MUSIC, TURN) == deployment.Routing((0.0, 1.0, 0.0), "one")
    registry.use("policy", "two")
    until(lambda: made.version == "two")
    assert made.route(MUSIC, TURN).propensities == (1.0, 0.0, 0.0)
    with pytest.raises(RegistryError, match="the graph is damaged"):
        made.follower.use("torn").result(10)
    registry.use("policy", "torn")  # by force
    until(lambda: made.follower is not None and made.follower.problem is not None)
    assert made.version == "two" and "the graph is damaged" in str(made.follower.problem)
    registry.use("policy", None)
    until(lambda: made.version == "softmax-1")
    made.close()
    registry.use("policy", "one")
    again = deployed(tmp_path)  # at the next start
    assert again.route(MUSIC, TURN).policy == "one"
    again.close()


@pytest.mark.usefixtures("policies")
@pytest.mark.parametrize("says", ["fails", "nonsense"])
def test_a_version_that_fails_costs_no_turn(tmp_path: Path, says: str) -> None:
    registry_with(tmp_path, one=says).use("policy", "one")
    made = deployed(tmp_path)
    routed = made.route(MUSIC, TURN)
    assert routed == deployed(None).route(MUSIC, TURN) and routed.policy == "softmax-1"
    assert ("no such tensor" if says == "fails" else "not a distribution") in made.problems["one"]
    made.close()


@pytest.mark.usefixtures("policies")
def test_a_canary_decides_for_its_share(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, one="music", two="radio")
    registry.use("policy", "one")
    trial = Trials(registry, "policy").canary("two", 0.5)
    made = deployed(tmp_path)
    seen = set()
    for number in range(40):
        context = RoutingContext(f"c{number}", "play some jazz")
        routed = made.route(MUSIC, context)
        assert routed.policy == ("two" if trial.picks(f"c{number}") else "one") and not routed.shadow
        assert routed.propensities == ((0.0, 1.0, 0.0) if routed.policy == "two" else (1.0, 0.0, 0.0))
        seen.add(routed.policy)
    assert seen == {"one", "two"}
    made.close()


@pytest.mark.usefixtures("policies")
@pytest.mark.parametrize("says", ["fails", "nonsense", "damaged"])
def test_a_canary_or_shadow_that_fails_hurts_nobody(tmp_path: Path, says: str) -> None:
    registry = registry_with(tmp_path, one="music", bad=says)
    registry.use("policy", "one")
    trials = Trials(registry, "policy")
    trials.canary("bad", 0.999)
    trials.shadow("bad")
    made = deployed(tmp_path)
    for number in range(5):
        routed = made.route(MUSIC, RoutingContext(f"c{number}", "play some jazz"))
        assert routed == deployment.Routing((1.0, 0.0, 0.0), "one")
    assert made.trials is not None
    assert "bad" in (str(made.trials.problem) if says == "damaged" else made.problems)
    made.close()


@pytest.mark.usefixtures("policies")
def test_a_shadow_looks_on(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, metrics={}, one="radio")
    made = deployed(tmp_path)
    plain = made.route(MUSIC, TURN)
    Trials(registry, "policy").shadow("one")
    until(lambda: bool(made.route(MUSIC, TURN).shadow))
    routed = made.route(MUSIC, TURN)
    assert routed.shadow == {"one": (0.0, 1.0, 0.0)}
    assert (routed.propensities, routed.policy) == (plain.propensities, plain.policy)
    made.close()


@pytest.mark.usefixtures("policies")
def test_a_hot_fix_overrides_and_leaves_the_propensities(tmp_path: Path) -> None:
    rule = {"name": "jazz", "when": {"text": "jazz"}, "use": {"skill": "radio"}}
    registry_with(tmp_path, one="music").use("policy", "one")
    made = deployed(tmp_path, hotfixes=[rule])
    assert made.route(MUSIC, TURN) == deployment.Routing((1.0, 0.0, 0.0), "one", (1, "jazz"))
    assert made.route(MUSIC, RoutingContext("kitchen", "play some blues")).hotfix is None
    made.close()
    base = deployed(None, hotfixes=[rule]).route(MUSIC, TURN)
    assert base.hotfix == (1, "jazz") and base.propensities == deployed(None).route(MUSIC, TURN).propensities


@pytest.mark.usefixtures("policies")
def test_no_version_without_a_certificate(tmp_path: Path) -> None:
    refused = {"passed": False, "refused": ["too thin"], "failed": []}
    registry = registry_with(tmp_path, metrics={"certificate": refused}, one="music")
    made = deployed(tmp_path)
    assert made.follower is not None
    with pytest.raises(RegistryError, match="it is not certified: too thin"):
        made.follower.use("one").result(10)
    assert registry.current("policy").version is None
    Trials(registry, "policy").waive("one", "an experiment")
    assert made.follower.use("one").result(10).pointer.version == "one"
    made.close()


@pytest.mark.usefixtures("policies")
def test_an_understanding_without_vectors_leaves_the_softmax(tmp_path: Path) -> None:
    class Silent:
        version = "none"

        def __call__(self, texts: Sequence[str]) -> list[Any]:
            raise RegistryError("gives no sentence vectors")

    registry_with(tmp_path, one="music").use("policy", "one")
    made = routing.router({"models": str(tmp_path / "models")})
    made.fit({"music": ["plays"]}, Silent())
    assert made.route(MUSIC, TURN).policy == "softmax-1"
    assert "no sentence vectors" in made.problems["one"]
    made.close()
