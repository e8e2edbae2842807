"""The shipped model through its serving interface."""

import json
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nlu.runtime import HEAD_FOLDER, MODELS, Understander
from nlu.types import Parse

ROOT = Path(__file__).parents[2]
NEIGHBOURS = [
    "play some music",
    "what's the weather like in berlin tomorrow morning",
    "no",
    "",
    "turn the lights off please",
    "send an email to anna about the meeting on friday at nine and tell her that i will be a little late",
    "asdkjh qwe",
    "Remind me to water the plants.",
    "how old is the queen of england",
    "🎉🎉",
    "stop the music now",
]


def same(a: Parse, b: Parse) -> bool:
    return (
        a.vector.tobytes() == b.vector.tobytes()
        and a.intents == b.intents
        and a.entities == b.entities
        and a.out_of_scope == b.out_of_scope
    )


def entities(parse: Parse) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for entity in parse.entities:
        assert parse.text[entity.start : entity.end] == entity.value
        assert 0 < entity.confidence <= 1
        out.setdefault(entity.name, []).append(entity.value)
    return out


@pytest.mark.parametrize("neighbours", [0, 7, 63])
@pytest.mark.parametrize(
    "text", ["wake me up at seven tomorrow", "what is on my shopping list", "x", "Tell me a joke!"]
)
def test_alone_is_in_any_batch(understander: Understander, text: str, neighbours: int) -> None:
    alone = understander.parse([text])[0]
    rng = random.Random(neighbours)
    words = [
        "what",
        "is",
        "the",
        "time",
        "in",
        "my",
        "kitchen",
        "list",
        "of",
        "seven",
        "songs",
        "tomorrow",
        "please",
    ]
    for _ in range(3):
        others = [
            rng.choice(NEIGHBOURS)
            if rng.random() < 0.5
            else " ".join(rng.choices(words, k=rng.randint(1, 14)))
            for _ in range(neighbours)
        ]
        place = rng.randint(0, neighbours)
        batch = [*others[:place], text, *others[place:]]
        assert same(understander.parse(batch)[place], alone)
        assert understander.encode(batch)[place].tobytes() == alone.vector.tobytes()


def test_equal_length_neighbours_share_a_run_and_change_nothing(understander: Understander) -> None:
    texts = [
        f"wake me up at {hour} tomorrow"
        for hour in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    ] * 7
    batch = understander.parse(texts)
    assert all(
        same(parse, understander.parse([text])[0]) for text, parse in zip(texts[:10], batch, strict=False)
    )
    assert all(same(batch[i], batch[i % 10]) for i in range(len(texts)))


def test_wake_me_up(understander: Understander) -> None:
    parse = understander.parse(["wake me up at seven tomorrow"])[0]
    assert parse.intent == "alarm_set"
    found = {(e.name, e.value, e.start, e.end) for e in parse.entities}
    assert ("time", "seven", 14, 19) in found and ("date", "tomorrow", 20, 28) in found


def test_everyday_sentences(understander: Understander) -> None:
    tokyo, typed, add, query = understander.parse(
        [
            "what time is it in tokyo",
            "What time is it in Tokyo?",
            "add milk and eggs to my shopping list",
            "what is on my shopping list",
        ]
    )
    assert tokyo.intent == typed.intent == "datetime_query"
    assert entities(tokyo) == {"place_name": ["tokyo"]}
    assert entities(typed) == {"place_name": ["Tokyo"]}
    assert add.intent == "lists_createoradd"
    assert entities(add) == {"list_item": ["milk", "eggs"], "list_name": ["shopping"]}
    assert query.intent == "lists_query"


def test_probabilities_are_ranked_and_sum_to_one(understander: Understander) -> None:
    for parse in understander.parse(NEIGHBOURS):
        chances = [chance for _, chance in parse.intents]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) + parse.out_of_scope == pytest.approx(1, abs=1e-6)
        assert {name for name, _ in parse.intents} == set(understander.intents)
        assert parse.vector.dtype == np.float32 and parse.vector.shape == (384,)
        assert float(np.linalg.norm(parse.vector)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n ",
        "asdkjfh qwoeiru zxmcnb",
        "qqqq wwww eeee",
        "sdfg hjkl sdfg",
        "#$%^&*()",
        "kjhgfd lkjhgf",
        "x7x7x7 q9q9",
    ],
)
def test_noise_is_mostly_out_of_scope(understander: Understander, text: str) -> None:
    assert understander.parse([text])[0].out_of_scope > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00\x01\x02\x1b[31m",
        "\ud800",
        "wake \udfff me \ud83d up",
        "🎉" * 50,
        "مرحبا كم الساعة",
        "‮abc‬",
        "a" * 100_000,
        "wake me up " * 10_000,
        "\n" * 5000,
        "e\u0301" * 300,
        "\u200b\ufeff",
        "ﷺ" * 40,
        "你好吗" * 100,
        "[MASK] [CLS] [SEP] [PAD]",
        "%s %n {} ${jndi:x}",
    ],
)
def test_hostile_text_never_raises(understander: Understander, text: str) -> None:
    parse = understander.parse([text])[0]
    assert parse.text == text
    entities(parse)
    assert np.isfinite(parse.vector).all()


def test_offsets_are_those_of_the_original_text(understander: Understander) -> None:
    for prefix in ("", "🎉🎉 ", "e\u0301e\u0301 ", "\x00\x07  ", "\ud800 ", "  \n\t "):
        text = prefix + "Wake  me up at SEVEN tomorrow!"
        found = entities(understander.parse([text])[0])
        assert found.get("time") == ["SEVEN"], prefix
        assert found.get("date") == ["tomorrow"], prefix


def test_long_text_keeps_offsets(understander: Understander) -> None:
    text = "wake me up at seven tomorrow " + "please " * 15_000
    assert entities(understander.parse([text])[0])["time"][0] == "seven"


def test_threads_agree(understander: Understander) -> None:
    expected = understander.parse(NEIGHBOURS)
    with ThreadPoolExecutor(4) as pool:
        for parses in pool.map(lambda _: understander.parse(NEIGHBOURS), range(12)):
            assert all(same(a, b) for a, b in zip(parses, expected, strict=True))


def test_versions_name_the_models(understander: Understander) -> None:
    assert understander.version.startswith("slurp-joint-2+")
    assert understander.encoder_version.startswith("minilm-l6-int8+")


def test_nothing_to_do(understander: Understander) -> None:
    assert understander.parse([]) == []
    assert understander.encode([]).shape == (0, 384)


def test_serving_needs_no_training_library() -> None:
    code = (
        "import sys, nlu.runtime, nlu.batching, nlu.asr_noise\n"
        "nlu.runtime.Understander.load().parse(['hi'])\n"
        "heavy = ('torch', 'transformers', 'sklearn', 'onnx', 'scipy', 'safetensors')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_runtime_leaves_no_trace_and_reports_nothing(tmp_path: Path) -> None:
    """Its telemetry would keep a device id below HOME; it holds still by itself where CI is set, so that is unset."""
    quiet = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    code = "from nlu.runtime import HEAD_FOLDER, MODELS, Understander; Understander.load().parse(['hello there'])"
    environment = quiet | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []


def test_a_folder_with_examples_adds_its_intents(tmp_path: Path) -> None:
    """They are there after loading, and a plugin's examples join them instead of replacing them."""
    folder = tmp_path / "extended"
    shutil.copytree(MODELS / HEAD_FOLDER, folder)
    own = {"ferry_times": ["when does the ferry leave", "next boat to the island", "is there a ferry at noon"]}
    (folder / "examples.json").write_text(json.dumps(own), encoding="utf-8")
    loaded = Understander.load(folder)
    assert loaded.parse(["when is the next ferry"])[0].intent == "ferry_times"
    both = loaded.with_examples({"coin_flip": ["flip a coin", "heads or tails", "toss a coin for me"]})
    assert {"ferry_times", "coin_flip"} <= set(both.intents)
    assert both.parse(["when is the next ferry"])[0].intent == "ferry_times"
    assert both.parse(["toss a coin"])[0].intent == "coin_flip"
