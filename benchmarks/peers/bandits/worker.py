"""Runs inside the peers' own Python, a 3.10: `obp FOLDER`, `bts FOLDER` or `vw FOLDER`. Imports nothing of the project.

FOLDER/given.npz and FOLDER/given.json are what the peer gets; it leaves FOLDER/found.npz or FOLDER/found.json.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def obp(folder: Path) -> None:
    """Open Bandit Pipeline's estimators on N decisions: values, bootstrap intervals, and seconds for each of both."""
    from obp import ope  # type: ignore[import-not-found, unused-ignore]

    given, settings = np.load(folder / "given.npz"), json.loads((folder / "given.json").read_text())
    cap = settings["cap"]
    estimators = {
        "ips": ope.InverseProbabilityWeighting(),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting(),
        "clipped": ope.InverseProbabilityWeighting(lambda_=cap),
        "dm": ope.DirectMethod(),
        "dr": ope.DoublyRobust(),
        "switch": ope.SwitchDoublyRobust(lambda_=cap),
    }
    n = len(given["action"])
    shared = {
        "reward": given["reward"],
        "action": given["action"],
        "pscore": given["pscore"],
        "position": np.zeros(n, dtype=int),
        "action_dist": given["new"][:, :, None],
        "estimated_rewards_by_reg_model": given["q"][:, :, None],
    }
    found = {}
    for name, estimator in estimators.items():
        seconds = []
        for _ in range(settings["times"]):
            started = time.perf_counter()
            value = float(estimator.estimate_policy_value(**shared))
            seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        interval = estimator.estimate_interval(
            **shared, alpha=0.05, n_bootstrap_samples=settings["bootstrap"], random_state=0
        )
        found[name] = {
            "value": value,
            "seconds": min(seconds),
            "low": float(interval["95.0% CI (lower)"]),
            "high": float(interval["95.0% CI (upper)"]),
            "interval_seconds": time.perf_counter() - started,
        }
    (folder / "found.json").write_text(json.dumps(found))


def bts(folder: Path) -> None:
    """The Thompson sampling that was live in a campaign, from the priors that Open Bandit Pipeline ships [K, L]."""
    from obp.policy import BernoulliTS  # type: ignore[import-not-found, unused-ignore]

    settings = json.loads((folder / "given.json").read_text())
    policy = BernoulliTS(
        n_actions=settings["actions"],
        len_list=3,
        is_zozotown_prior=True,
        campaign=settings["campaign"],
        random_state=12345,
    )
    np.savez(folder / "found.npz", new=policy.compute_batch_action_dist(n_sim=100_000, n_rounds=1)[0])


def examples(given: Any, part: str, labelled: bool) -> list[list[str]]:
    """Decisions in Vowpal Wabbit's text form: what was said, then each candidate with its numbers and its skill."""
    said, numeric, skill = given["said"], given[part + "_numeric"], given[part + "_skill"]
    text, action, reward = given[part + "_text"], given[part + "_action"], given[part + "_reward"]
    chance = given[part + "_chance"]
    heads = ["shared |s " + " ".join(f"{i}:{value:.4f}" for i, value in enumerate(row)) for row in said]
    found = []
    for i in range(len(text)):
        lines = [heads[text[i]]]
        for k in np.flatnonzero(skill[i] >= 0):
            label = f"0:{-reward[i]:.6f}:{chance[i]:.8f} " if labelled and k == action[i] else ""
            numbers = " ".join(f"f{j}:{value:.4f}" for j, value in enumerate(numeric[i, k]))
            lines.append(f"{label}|n {numbers} |k s{skill[i, k]}")
        found.append(lines)
    return found


def vw(folder: Path) -> None:
    """Learn with --cb_adf; scores of all candidates of the test part [N, K], and the log's own off-policy estimate."""
    import vowpalwabbit  # type: ignore[import-not-found, unused-ignore]

    given, settings = np.load(folder / "given.npz"), json.loads((folder / "given.json").read_text())
    train, test = examples(given, "train", True), examples(given, "test", True)
    scores: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for kind in settings["kinds"]:
        options = f"--cb_adf --cb_type {kind} -q sk --quiet --random_seed 1 -l {settings['rate']:g}"
        started = time.perf_counter()
        learner = vowpalwabbit.Workspace(options)
        for _ in range(settings["passes"]):
            for example in train:
                learner.learn(example)
        seconds = time.perf_counter() - started
        model = folder / f"{kind}.vw"
        learner.save(str(model))
        learner.finish()
        judge = vowpalwabbit.Workspace(f"--quiet -t -i {model}")
        table = np.full(given["test_skill"].shape, np.inf)
        for i, example in enumerate(test):
            costs = judge.predict(example)
            table[i, np.flatnonzero(given["test_skill"][i] >= 0)] = costs
        average = judge.get_sum_loss() / judge.get_weighted_examples()
        judge.finish()
        scores[kind] = table
        found[kind] = {"seconds": seconds, "value": -average}
    np.savez(folder / "found.npz", **scores)  # type: ignore[arg-type, unused-ignore]
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    steps: dict[str, Any] = {"obp": obp, "bts": bts, "vw": vw}
    steps[sys.argv[1]](Path(sys.argv[2]))
