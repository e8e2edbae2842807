"""Training on tiny made-up dialogs: it learns, it repeats itself, the list helps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlu.backbone import Backbone
from nlu.nbest.fit import Settings, Trainer
from nlu.nbest.frames import FrameSpace, counts, item_f1
from nlu.nbest.linear import LinearFrames
from nlu.nbest.states import StateStore
from nlu.nbest.turns import Turn, read_turns
from tests.nlu.nbest.callers import write

Parts = tuple[list[Turn], list[Turn], FrameSpace]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    path = write(tmp_path_factory.mktemp("callers"))
    train = read_turns(path, "train")
    return train, read_turns(path, "dev"), FrameSpace.of([turn.items for turn in train])


@pytest.fixture(scope="module")
def store(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    turns = parts[0] + parts[1]
    texts = [text for turn in turns for text, _ in turn.hypotheses] + [turn.reference for turn in turns]
    return StateStore.of(texts, Backbone(), tmp_path_factory.mktemp("states"))


def trained(parts: Parts, store: StateStore, settings: Settings) -> tuple[float, np.ndarray]:
    train, dev, space = parts
    trainer = Trainer(train, space, store, settings).fit()
    found = trainer.probabilities(dev, trainer.encoded(dev), 10, 1.0, settings.pool)
    return item_f1(counts(space.decode(found), [turn.items for turn in dev])), found


SMALL = {"texts": 1200, "batch": 48, "rate": 3e-4, "head_rate": 5e-3}


@pytest.mark.parametrize(
    "changes",
    [{}, {"hypotheses": 2, "pool": True, "consistency": 0.3, "teacher": 0.5, "floor": True}],
    ids=["drawn", "everything"],
)
def test_it_learns(parts: Parts, store: StateStore, changes: dict[str, object]) -> None:
    score, found = trained(parts, store, Settings(**(SMALL | changes)))  # type: ignore[arg-type]
    assert score > 0.8
    assert found.min() >= 0 and found.max() <= 1


def test_the_same_seed_gives_the_same_model(parts: Parts, store: StateStore) -> None:
    settings = Settings(texts=96, batch=48, hypotheses=2, pool=True)
    assert np.array_equal(trained(parts, store, settings)[1], trained(parts, store, settings)[1])


def test_the_linear_floor_is_better_on_the_list(parts: Parts) -> None:
    train, dev, space = parts
    gold = [turn.items for turn in dev]

    def score(how: str) -> float:
        model = LinearFrames(how=how).fit(train, space.targets([turn.items for turn in train]))
        return item_f1(counts(space.decode(model.probabilities(dev)), gold))

    assert score("clean") == 1.0
    assert score("nbest") > score("best")


def test_states_are_kept_and_checked(tmp_path: Path) -> None:
    backbone = Backbone()
    texts = ["thai food", "", "good bye", "thai food"]
    first = StateStore.of(texts, backbone, tmp_path)
    again = StateStore.of(reversed(texts), backbone, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert [len(first[row]) for row in range(3)] == [2, 4, 4]
    alone = backbone.states(["thai food"])[0]
    assert np.array_equal(again[again.row("thai food")].numpy(), alone.numpy())
    with pytest.raises(KeyError):
        first.row("unheard")
    with pytest.raises(ValueError, match="holds 3 texts, not 1"):
        StateStore(next(tmp_path.iterdir()), ["thai food"])


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="not 'tree'"):
        LinearFrames("tree")
