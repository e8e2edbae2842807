"""The simulator of logged skill routing: what it draws, what it hides, and that it repeats."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.simulator import (
    REPORT_SEEDS,
    SECOND_SEEDS,
    SHARP,
    TUNE_SEEDS,
    World,
    benchmarks,
    constraints,
    production,
)
from benchmarks.simulator.__main__ import main
from benchmarks.simulator.channel import Channel, weights_of
from benchmarks.simulator.checks import ball_gain, checks, digest, digest_log
from benchmarks.simulator.corpus import Corpus, load, read
from benchmarks.simulator.domains import domain_of, domains_of, traffic
from benchmarks.simulator.seeds import stream
from benchmarks.simulator.speakers import DEVICES, SPOKEN
from benchmarks.simulator.truth import ELSEWHERE, NEAR, whitened
from benchmarks.simulator.variants import ChannelSettings
from policies.bounds import Bounds
from policies.request import FEATURES, Option, Request, context_of, numbers
from tests.benchmarks.made_corpus import made_corpus, made_data

NAMES = """
alarm_query alarm_remove alarm_set audio_volume_down audio_volume_mute audio_volume_up calendar_query calendar_remove
calendar_set cooking_recipe datetime_convert datetime_query email_addcontact email_query email_querycontact
email_sendemail general_affirm general_commandstop general_confirm general_dontcare general_explain general_joke
general_negate general_praise general_quirky general_repeat iot_cleaning iot_coffee iot_hue_lightchange iot_hue_lightdim
iot_hue_lightoff iot_hue_lighton iot_hue_lightup iot_wemo_off iot_wemo_on lists_createoradd lists_query lists_remove
music_likeness music_query music_settings news_query play_audiobook play_game play_music play_podcasts play_radio
qa_currency qa_definition qa_factoid qa_maths qa_stock recommendation_events recommendation_locations
recommendation_movies social_post social_query takeaway_order takeaway_query transport_query transport_taxi
transport_ticket transport_traffic weather_query
"""
HWU64 = NAMES.split()


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return made_corpus()


@pytest.fixture(scope="module")
def world(corpus: Corpus) -> World:
    return World(100, corpus=corpus)


def test_exactly_27_domains() -> None:
    names, domain = domains_of(HWU64)
    assert len(HWU64) == 64 and len(names) == 27 and len(domain) == 64
    assert domain_of("iot_wemo_on") == "iot_appliance" and domain_of("iot_hue_lightup") == "iot_light"
    assert domain_of("play_podcasts") == "play_radio" and domain_of("email_querycontact") == "email_read"
    assert domain_of("transport_traffic") == "transport_info" and domain_of("cooking_recipe") == "cooking"
    declared = {name for bounds in (constraints.critical(), constraints.explore()) for name in bounds["by_domain"]}
    assert declared <= set(names)


def test_traffic_is_one_over_rank() -> None:
    shares = traffic(27, 1.0, stream(0, "a"))
    assert sorted(shares, reverse=True)[0] == pytest.approx(0.257, abs=5e-4)
    assert shares.min() == pytest.approx(0.0095, abs=5e-5) and shares.sum() == pytest.approx(1.0)
    assert not np.array_equal(shares, traffic(27, 1.0, stream(1, "a")))


def test_seeds_for_tuning_are_not_reported() -> None:
    assert not set(TUNE_SEEDS) & (set(REPORT_SEEDS) | set(SECOND_SEEDS))
    assert len(REPORT_SEEDS) == 8 and len(SECOND_SEEDS) == 5


def test_what_the_understanding_learned_from_is_not_in_traffic(world: World) -> None:
    requests = world.week(5_000, 1)
    trained = world.readings.trained
    assert 0.3 < trained[world.corpus.intent >= 0].mean() < 0.5
    assert not trained[requests.utterance].any()
    assert (world.corpus.utterance[requests.dataset.text] == requests.utterance).all()


def test_features_and_context_are_those_of_serving(world: World) -> None:
    requests = world.week(300, 1)
    data = requests.dataset.checked()
    for row in range(0, 300, 10):
        options = []
        for k in np.flatnonzero(data.mask[row]):
            skill = int(data.skill[row, k])
            raw = dict(zip(FEATURES, map(float, data.numeric[row, k]), strict=True))
            features = {name: raw[name] for name in ("probability", "margin", "confidence", "prior")}
            intent, domain = int(world.skills.intent[skill]), int(world.skills.domain[world.skills.intent[skill]])
            names = world.skills.names[skill], world.corpus.intents[intent], data.tables.domains[domain]
            options.append(Option(*names, features | {"rank": 10 * raw["rank"]}))
        assert np.allclose(numbers(options), data.numeric[row, : len(options)], atol=1e-6)
        last = None if data.last[row] < 0 else world.skills.names[data.last[row]]
        channel = list(DEVICES)[world.speakers.device[requests.user[row]]]
        request = Request(tuple(options), None, last, None, channel, float(requests.time[row]))
        assert request.domain == data.tables.domains[data.domain[row]]
        assert np.allclose(context_of(request), data.context[row], atol=1e-6)
        assert (channel in SPOKEN) or requests.errors[row] == 0


def test_candidates_are_present_skills_best_first(world: World) -> None:
    for week in (0, 11):
        data = world.week(500, week).dataset
        assert world.skills.present(week)[data.skill[data.mask]].all() and (data.mask == data.open).all()
        score = data.numeric[:, :, FEATURES.index("probability")] * data.numeric[:, :, FEATURES.index("prior")]
        assert (np.diff(score, axis=1) <= 1e-7).all()
        assert data.mask.sum(axis=1).min() >= 4 and data.skill.shape[1] == 6
        assert np.isnan(data.reward).all() and (data.action == -1).all() and not data.logged.any()


def test_truth_is_the_stated_formula(world: World) -> None:
    requests = world.week(2_000, 3)
    data, truth = requests.dataset, world.truth
    for row in range(0, 2_000, 97):
        for k, skill in enumerate(data.skill[row]):
            if skill < 0:
                assert requests.truth[row, k] == 0
                continue
            offered, meant = world.skills.intent[skill], requests.intent[row]
            logit = truth.logit[3, skill] + truth.affinity[skill] @ truth.meaning[requests.utterance[row]]
            share = 1.0 if offered == meant else NEAR
            near = meant >= 0 and world.skills.domain[offered] == requests.meant[row]
            assert requests.truth[row, k] == pytest.approx(share / (1 + np.exp(-logit)) if near else ELSEWHERE)
    assert np.array_equal(world.truth_of(data, 3), requests.truth)
    assert (requests.intent == -1).mean() == pytest.approx(0.03, abs=0.012)


def test_meaning_is_white(corpus: Corpus) -> None:
    found = whitened(corpus, 8)
    assert np.allclose(found.mean(axis=0), 0, atol=1e-9) and np.allclose(
        found.T @ found / len(found), np.eye(8), atol=1e-6
    )
    assert not whitened(corpus, 60)[:, 24:].any()  # there are no more components than dimensions


def test_skills_drift_retire_and_launch(world: World) -> None:
    skills, logit = world.skills, world.truth.logit
    steps = np.diff(logit, axis=0)
    assert steps.std() == pytest.approx(world.variant.drift, rel=0.15)
    assert (skills.launched > 0).any() and not np.array_equal(skills.present(0), skills.present(11))
    assert (skills.by_intent(11) >= 0).any(axis=1).all()  # an intent never loses its last skill
    assert skills.prior[skills.launched > 0].max() <= 0.3 < skills.prior[skills.launched == 0].mean()
    assert np.allclose(np.linalg.norm(skills.vectors, axis=1), 1, atol=1e-5) and len(set(skills.names)) == len(skills)


def test_propensities_of_production(world: World) -> None:
    requests = world.week(20_000, 0, "another")
    for top in (0.8, SHARP):
        shares = world.base_propensities(requests, top)
        mask = requests.dataset.mask
        assert np.allclose(shares.sum(axis=1), 1) and not shares[~mask].any()
        assert (shares >= np.where(mask, 0.03 / mask.sum(axis=1, keepdims=True), 0) - 1e-12).all()
        assert shares.max(axis=1).mean() == pytest.approx(top, abs=0.02)
    with pytest.raises(ValueError, match=r"top probability 0\.99"):
        world.base_propensities(requests, 0.99)
    close = np.log(np.array([[0.7, 0.69999, 0.1], [0.5, 0.4, 0.3]]))
    found = production.temperature(close, 0.03, 0.97)
    assert production.propensities(close, found, 0.03).max(axis=1).mean() == pytest.approx(0.97)


def test_a_log_has_the_drawn_actions_and_their_rewards(world: World) -> None:
    requests = world.week(20_000, 1)
    shares = world.base_propensities(requests)
    log = world.log(requests, shares, 4)
    rows = np.arange(20_000)
    assert log.dataset.mask[rows, log.dataset.action].all() and np.array_equal(log.dataset.logged, shares)
    assert np.bincount(log.dataset.action, minlength=6) / 20_000 == pytest.approx(shares.mean(axis=0), abs=0.012)
    assert log.outcome.satisfied.mean() == pytest.approx(requests.value(shares), abs=0.012)
    lost = np.isnan(log.dataset.reward)
    assert np.array_equal(lost, ~log.outcome.seen) and not log.weights[lost].any()
    assert log.weights.mean() == pytest.approx(1.0, abs=0.02)
    assert len(log.naive()) == (~lost).sum() and not np.isnan(log.corrected().reward).any()
    assert len(log.corrected()) == 20_000 and log.oracle().reward.mean() == pytest.approx(log.outcome.satisfied.mean())


def test_expected_rewards_are_what_a_whole_log_averages(world: World) -> None:
    requests = world.week(30_000, 1)
    shares = world.base_propensities(requests)
    log = world.log(requests, shares)
    expected = float((world.expected(requests) * shares).sum(axis=1).mean())
    assert log.matured().reward.mean() == pytest.approx(expected, abs=0.01)
    part = log.take(np.arange(10))
    assert len(part.requests) == len(part.dataset) == len(part.weights) == len(part.outcome.delay) == 10


def test_a_log_refuses_what_is_no_distribution(world: World) -> None:
    requests = world.week(50, 1)
    shares = world.base_propensities(requests)
    with pytest.raises(ValueError, match="shape"):
        world.log(requests, shares[:, :3])
    with pytest.raises(ValueError, match=r"requests \[0, 1"):
        world.log(requests, shares * 0.9)


def test_the_channel_keeps_its_settings() -> None:
    settings = ChannelSettings()
    channel, rng = Channel(settings, 0.4), stream(1, "channel")
    satisfied, careful = rng.random(200_000) < 0.6, np.zeros(200_000, np.bool_)
    outcome = channel.observe(satisfied, careful, rng)
    hits = (~satisfied & ~outcome.good).sum()
    assert hits / (~outcome.good).sum() == pytest.approx(0.78, abs=0.005)
    assert hits / (~satisfied).sum() == pytest.approx(0.83, abs=0.005)
    assert (~outcome.seen)[satisfied].mean() == pytest.approx(0.06, abs=0.003)
    assert (~outcome.seen)[~satisfied].mean() == pytest.approx(0.14, abs=0.003)
    assert outcome.reward.mean() == pytest.approx(channel.expected(satisfied.astype(np.float64)).mean(), abs=0.005)
    careless = channel.observe(satisfied, ~careful, rng)
    assert careless.reward[satisfied].mean() - careless.reward[~satisfied].mean() < 0.1
    graded = Channel(replace(settings, graded=True), 0.4).observe(satisfied, careful, rng)
    expected = Channel(replace(settings, graded=True), 0.4).expected(satisfied.astype(np.float64))
    assert graded.reward.mean() == pytest.approx(expected.mean(), abs=0.005) and len(np.unique(graded.reward)) > 1_000


def test_weights_undo_most_of_the_loss() -> None:
    channel, rng = Channel(ChannelSettings(), 0.4), stream(2, "weights")
    careful = np.zeros(100_000, np.bool_)
    outcome, older = (channel.observe(rng.random(100_000) < 0.6, careful, rng) for _ in range(2))
    weights, whole = weights_of(outcome, older), float(outcome.reward.mean())
    naive = float(outcome.reward[outcome.seen].mean())
    weighted = float((weights * outcome.reward).sum() / weights.sum())
    assert naive - whole > 0.008 and abs(weighted - whole) < 0.004


def test_conversations_have_one_user_and_stay_near_their_domain(world: World) -> None:
    requests = world.week(20_000, 2)
    same = requests.conversation[1:] == requests.conversation[:-1]
    assert (requests.user[1:] == requests.user[:-1])[same].all() and (np.diff(requests.time)[same] > 0).all()
    assert ((requests.turn == 0) == (requests.dataset.last == -1)).all()
    assert 2 < 20_000 / (requests.conversation[-1] + 1) < 4
    stays = (requests.meant[1:] == requests.meant[:-1])[same].mean()
    shares = np.bincount(requests.meant[requests.meant >= 0], minlength=len(world.shares)) / (requests.meant >= 0).sum()
    assert stays > 0.5 and np.abs(shares - world.shares).max() < 0.03
    assert world.speakers.wer.mean() == pytest.approx(0.18, abs=0.01)


def test_shifted_traffic_has_other_domains_and_more_errors(world: World) -> None:
    usual, shifted = world.week(10_000, 2), world.shifted(10_000, 2)
    assert shifted.errors.mean() > usual.errors.mean() * 1.1
    counts = [np.bincount(part.dataset.domain, minlength=8) / 10_000 for part in (usual, shifted)]
    assert np.abs(counts[0] - counts[1]).max() > 0.05


def test_worlds_repeat_bit_for_bit_and_differ_by_seed_and_variant(world: World, corpus: Corpus) -> None:
    again = World(100, corpus=corpus)  # draws its weeks in another order
    week = again.week(3_000, 1)
    assert digest(week) == digest(world.week(3_000, 1))
    logs = [one.log(week, one.base_propensities(week), 7) for one in (again, world)]
    assert digest_log(logs[0]) == digest_log(logs[1])
    assert digest_log(logs[0]) != digest_log(world.log(week, world.base_propensities(week), 8))
    assert digest(world.week(3_000, 1, "valid")) != digest(week)
    assert digest(World(101, corpus=corpus).week(3_000, 1)) != digest(week)
    quiet = replace(world.variant, name="quiet", channel=ChannelSettings(1.0, 1.0, (0.0, 0.0), careless=0.0))
    plain = World(100, quiet, corpus=corpus)
    clear = plain.log(calm := plain.week(3_000, 1), plain.base_propensities(calm))
    assert np.array_equal(clear.dataset.reward, clear.outcome.satisfied)
    second = World(100, "second", corpus=corpus)
    assert digest(second.week(3_000, 1)) != digest(week) and second.shares.max() < world.shares.max()


def test_users_of_the_second_variant_have_preferences(corpus: Corpus) -> None:
    second = World(0, "second", corpus=corpus)
    requests = second.week(3_000, 1)
    assert not np.allclose(second.truth_of(requests.dataset, 1), requests.truth)
    liked = np.einsum("nd,sd->ns", second.truth.liked, second.truth.liking)
    assert liked.std() == pytest.approx(0.3, rel=0.25)
    reward = second.log(requests, second.base_propensities(requests)).dataset.reward
    assert len(np.unique(reward[~np.isnan(reward)])) > 100


def test_bounds_are_in_the_form_of_the_configuration() -> None:
    names, _ = domains_of(HWU64)
    found = benchmarks(names)
    assert len(found) == 4 + constraints.DRAWS
    parsed = {name: Bounds.parse(mapping) for name, mapping in found.items()}
    assert parsed["global"].of("weather") == (0.99, 1.0) == parsed["shift"].of("iot_light")
    assert parsed["critical"].of("alarm") == (0.995, 1.0) and parsed["critical"].of("weather") == (0.98, 1.0)
    assert parsed["explore"].of("qa_maths") == (0.85, 0.95) and parsed["explore"].of("lists") == (0.995, 1.0)
    low, high = zip(*(parsed[f"tight-{draw}"].arrays(names) for draw in range(constraints.DRAWS)), strict=True)
    assert np.min(low) >= 0.9 and np.max(low) <= 0.999 and (np.array(low) < np.array(high)).all()
    assert 0.15 < (np.array(high) < 1).mean() < 0.45
    with pytest.raises(ValueError, match="draws 0 to 19"):
        constraints.tight(20, names)


def test_all_self_checks_hold_on_the_made_world(world: World, corpus: Corpus) -> None:
    rows = checks(world, lambda: World(100, corpus=corpus), 20_000)
    bars = [line for line in rows if line.bar is not None]
    assert len(bars) == 9 and [line.metric for line in bars if not line.met] == []
    json.dumps([asdict(line) for line in rows])


def test_the_oracle_gains_more_in_a_larger_ball(world: World) -> None:
    requests = world.week(2_000, 1)
    shares = world.base_propensities(requests)
    gains = [ball_gain(requests, shares, size) for size in (0.0, 0.01, 0.1, 1.0)]
    assert gains[0] == 0 and gains == sorted(gains)
    assert requests.value(shares) + gains[-1] == pytest.approx(requests.truth.max(axis=1).mean())


def test_bad_arguments_are_named(world: World, corpus: Corpus) -> None:
    for call, words in (
        (lambda: World(1), "give data"),
        (lambda: World(1, "third", corpus=corpus), "no variant 'third'"),
        (lambda: world.week(10, 12), "week from 0 to 11"),
        (lambda: world.week(0, 1), "at least one"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_the_public_form_is_read_and_cached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, cache = made_data(tmp_path / "data"), tmp_path / "cache"
    said = {item.text: item for item in read(data)}
    assert len(said) == 129 and said["what is the oos_val of 1"].intent is None
    assert said["set the alarm for number 3 today"].heard == ("set the lamb for number 3 today", "the alarm three")
    corpus = load(data, cache)
    files = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert len(files) == 2 and corpus.errors.max() >= 3 and not any(".part" in name for name in files)
    load.cache_clear()
    again = load(data, cache)
    assert again.texts == corpus.texts and np.array_equal(again.vectors, corpus.vectors)
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == files
    load.cache_clear()
    assert main(["--data", str(tmp_path / "nowhere"), "--cache", str(cache)]) == 2
    assert "data file is missing" in capsys.readouterr().err
