"""Configuration, split, classifier, calibration and graph writer, each for itself."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nlu.data import OUT_OF_SCOPE
from nlu.encoder import Encoder, open_session
from nlu.formats import Corpus, DataError, read
from nlu.runtime import ENCODER_FOLDER, HEAD_FOLDER, MODELS
from nlu.train_data import Labels
from nlu.training import display
from nlu.training.cache import MAX_TOKENS, TrunkOnly, cached
from nlu.training.calibration import calibrate, fit_scale
from nlu.training.config import load_config
from nlu.training.softmax import Plan, fit, scores
from nlu.training.split import heard_rows, hold_out, make_split, token_notes
from nlu.training.wire import WireGraph, fields_of, message

from .data import sentences, write_data


def config_file(folder: Path, text: str) -> Path:
    path = folder / "train.yml"
    path.write_text(text)
    return path


def test_settings_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    config = load_config(config_file(tmp_path, "epochs: 3\nrates:\n  layers: 1e-4\n"), seed=7)
    assert (config.epochs, config.rates.layers, config.rates.heads, config.seed) == (3, 1e-4, 2e-3, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: 3\nepoch: 4\n", ":2:1: epoch: unknown key (there are: epochs, batch,"),
        ("rates:\n  layer: 1\n", ":2:3: rates.layer: unknown key (there are: layers, heads)"),
        ("epochs: 0\n", ":1:1: epochs: input should be greater than 0"),
        ("epochs: many\n", ":1:1: epochs: input should be a valid integer"),
        ("pooling: sum\n", ":1:1: pooling: input should be 'mean', 'max' or 'mean-max'"),
        ("frozen: 2\n", ":1:1: frozen: input should be greater than or equal to 3"),
        ("noise: 3\n", ":1:1: noise: input should be a valid dictionary"),
        ("noise: {share: 2}\n", ":1:9: noise.share: input should be less than or equal to 1"),
        ("- epochs\n", ":1: a configuration must be a mapping"),
        ("epochs: [\n", ":2:1: broken YAML"),
        ("", ": the file is empty"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = config_file(tmp_path, text)
    with pytest.raises(DataError) as error:
        load_config(path)
    assert str(error.value).startswith(f"{path}{message}")


def test_the_split_is_stratified_and_has_no_text_twice(tmp_path: Path) -> None:
    corpus = read(write_data(tmp_path))
    doubled = Corpus((*corpus.samples, *corpus.samples))
    train, held = hold_out(doubled.samples, 0.25, 3)
    assert (train, held) == hold_out(doubled.samples, 0.25, 3) != hold_out(doubled.samples, 0.25, 4)
    assert not {s.text for s in train} & {s.text for s in held}
    for intent in corpus.intents:
        assert sum(s.intent == intent for s in held) == 2 * 4
    russian = read(write_data(tmp_path, {"a": ["раз", "два", "три", "четыре"], "b": ["五", "六", "七", "八"]}))
    assert len(hold_out(russian.samples, 0.25, 3)[1]) == 2
    few = Corpus(corpus.samples[:3])
    assert hold_out(few.samples, 0.25, 3) == (list(few.samples), [])


def test_out_of_scope_is_made_up_or_the_data_s_own(tmp_path: Path) -> None:
    corpus = read(write_data(tmp_path))
    split = make_split(corpus, None, 0.2, 0)
    assert split.made_up and sum(row.intent == OUT_OF_SCOPE for row in split.train) == 20
    assert all(row.intent != OUT_OF_SCOPE for row in split.dev) and len(split.outside) == 20
    assert len(split.samples) == len(split.train) - 20
    own = read(write_data(tmp_path, sentences() | {"oos": [f"is it number {n}" for n in range(10)]}))
    split = make_split(own, None, 0.2, 0, "oos")
    assert not split.made_up and len(split.outside) == 2
    assert {row.intent for row in split.train} == {"book_flight", "cook", "leave", OUT_OF_SCOPE}


def test_labels_of_dev_that_training_lacks(tmp_path: Path) -> None:
    corpus = read(write_data(tmp_path))
    dev = read(write_data(tmp_path, {"leave": ["bye"], "stay": ["i [remain](verb)"]}, "dev.yml"))
    with pytest.raises(DataError, match=r"dev.yml:7: intent 'stay' .* \(and 1 more labels; --allow-unknown"):
        make_split(corpus, dev, 0.1, 0)
    outside = read(write_data(tmp_path, {"out_of_scope": ["what"]}, "outside.yml"))
    with pytest.raises(DataError, match=r"outside.yml:4: all held-out sentences are 'out_of_scope'"):
        make_split(corpus, outside, 0.1, 0)
    split = make_split(corpus, dev, 0.1, 0, allow_unknown=True)
    assert len(split.dev) == 2 and len(split.notes) == 2


def test_what_a_recogniser_hears(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(
        '{"text": "fly to rome", "intent": "fly", "alternatives": ["fly to room"],'
        ' "entities": [{"entity": "city", "start": 7, "end": 11}]}\n{"text": "cook some rice now", "intent": "cook"}\n'
    )
    corpus = read(path)
    first, second = heard_rows(corpus.rows, corpus.samples, 0.5, 0)
    assert first.text == "fly to room" and [(s.name, s.start, s.end) for s in first.spans or ()] == [("city", 7, 11)]
    assert second.intent == "cook" and heard_rows(corpus.rows, corpus.samples, 0.5, 0) == [first, second]


@pytest.mark.parametrize("hidden", [0, 8])
def test_the_classifier_learns(hidden: int) -> None:
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((400, 2)) * 3 + 5).astype(np.float32)
    high = x > 5
    labels = (high[:, 0] ^ high[:, 1]).astype(np.int64) if hidden else high[:, 0].astype(np.int64)  # xor needs a layer
    scale = (x.mean(axis=0), x.std(axis=0))
    plan = Plan(60, 0.02, 32, hidden, seed=1, dropout=0.0)
    told: list[float] = []
    maps = fit(lambda chosen: x[chosen], labels, 2, scale, plan, told.append)
    assert (scores(maps, x).argmax(axis=1) == labels).mean() > 0.95
    assert told == sorted(told) and 0 < told[-1] <= 1
    again = fit(lambda chosen: x[chosen], labels, 2, scale, plan)
    assert all(a.weight.tobytes() == b.weight.tobytes() for a, b in zip(maps, again, strict=True))


def test_calibration_finds_the_temperature() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((20_000, 4)) * 2
    shifted = logits.copy()
    shifted[:, -1] += 1.0
    chances = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) < rng.random((len(chances), 1))).sum(axis=1)
    temperature, bias = fit_scale(logits * 3, labels, np.ones(len(labels)), bias=True)
    assert temperature == pytest.approx(3, rel=0.05) and bias == pytest.approx(1, abs=0.06)
    sure = fit_scale(np.eye(4)[[0, 1, 2]] * 9, np.array([0, 1, 2]), np.ones(3), bias=False)
    assert sure[0] >= 0.2 and np.isfinite(sure).all()
    wrong = fit_scale(np.eye(4)[[0, 1, 2]] * 9, np.array([1, 2, 0]), np.ones(3), bias=False)
    assert wrong[0] <= 5.0


def test_calibration_without_entities_or_outside() -> None:
    numbers = calibrate(np.eye(3)[[0, 1, 0]], np.array([0, 1, 1]), np.zeros((0, 1)), np.zeros(0, int))
    assert numbers["tag_temperature"] == 1.0 and numbers["out_of_scope_bias"] == 0.0


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 2**63 - 1) | st.binary(max_size=300)), max_size=6))
def test_messages_come_back(parts: list[tuple[int, int | bytes]]) -> None:
    raw = message(*parts)
    assert list(fields_of(raw)) == parts
    for cut in range(1, min(len(raw), 4)):
        if isinstance(parts[-1][1], bytes) and len(parts[-1][1]) >= cut:
            with pytest.raises(ValueError, match="ends within"):
                list(fields_of(raw[:-cut]))


def test_a_graph_grown_on_another(tmp_path: Path) -> None:
    base, path = MODELS / HEAD_FOLDER / "branch.onnx", tmp_path / "new.onnx"
    graph = WireGraph()
    graph.take(base, "states", "branch")
    weight = np.random.default_rng(0).standard_normal((5, 384)).astype(np.float32)
    graph.linear(graph.node("Identity", ["branch"], ["states"]), weight, np.ones(5, np.float32), "tags")
    shape = ["batch", "length"]
    graph.save(path, {"trunk": [*shape, 384]}, {"states": [*shape, 384], "tags": [*shape, 5]})
    onnx.checker.check_model(str(path))
    trunk = np.random.default_rng(1).standard_normal((2, 7, 384)).astype(np.float32)
    states, tags = open_session(path).run(["states", "tags"], {"trunk": trunk})
    assert states.tobytes() == open_session(base).run(["states"], {"trunk": trunk})[0].tobytes()
    exact = states @ weight.T + 1
    assert np.abs(tags - exact).max() < 0.05 * np.abs(exact).max()
    with pytest.raises(ValueError, match="no output 'nothing'"):
        WireGraph().take(base, "nothing", "x")
    (tmp_path / "broken.onnx").write_bytes(b"")
    with pytest.raises(ValueError, match="not an ONNX model"):
        WireGraph().take(tmp_path / "broken.onnx", "states", "x")


def test_ten_thousand_words_train_as_far_as_serving_reads(tmp_path: Path) -> None:
    path = write_data(tmp_path, {"long": ["word " * 10_000 + "end"], "short": ["[one](n) word"]})
    corpus = read(path)
    rows, encoder = corpus.rows, Encoder(MODELS / ENCODER_FOLDER)
    source = TrunkOnly(encoder)
    found = cached(rows, Labels.of(rows), source, "encoding")
    assert [len(example.trunk) for example in found] == [MAX_TOKENS, 4]
    assert found[1].trunk.tobytes() == encoder.encode(["one word"])[0].trunk.astype(np.float16).tobytes()
    notes = token_notes(rows, corpus.samples, source.ends, MAX_TOKENS)
    assert [str(note) for note in notes] == [
        f"{path}:4: more than 128 tokens: only the first 629 of 4096 characters are learned"
    ]


def test_a_bar_on_a_terminal_and_a_line_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with display.bar("learning", 10) as tell:
        tell(5, "half")
    assert capsys.readouterr().err.startswith("learning: 0.0 s")
    screen = io.StringIO()
    monkeypatch.setattr(display, "Console", lambda **_: Console(file=screen, force_terminal=True, width=100))
    with display.bar("learning", 10) as tell:
        tell(5, "half")
    assert "learning" in screen.getvalue() and "5/10" in screen.getvalue() and "half" in screen.getvalue()
