"""The embedded understanding behind its contract: which model it takes, n-best lists, exchange of the model."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from dialog.errors import AssistantError
from dialog.plugin import NLU, ListedNLU
from dialog.registry import Damaged, Registry, RegistryError, UnknownVersion
from dialog.types import Hypothesis, Utterance
from nlu.runtime import Understander
from plugins.understanding import EmbeddedNLU, check, model_folder, nlu
from tests.nlu.versions import another

TEXT = "wake me up at seven tomorrow"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with the versions `one` and `two`; none is in force. Tests put the pointer back."""
    folder = tmp_path_factory.mktemp("registry")
    registry = Registry(folder / "models")
    for name, cooler in (("one", 2.0), ("two", 4.0)):
        registry.add("nlu", name, another(folder, name, cooler))
    return registry


def said(*texts: str) -> Utterance:
    return Utterance("c", tuple(Hypothesis(text, 1 / (1 + at)) for at, text in enumerate(texts)), "m")


def test_which_model_the_options_ask_for(models: Registry, tmp_path: Path) -> None:
    folder = {"models": str(models.folder)}
    shipped = Understander.load().version
    path = models.folder / "nlu" / "one"
    one = Understander.load(path).version
    assert nlu({}).version == nlu(folder).version == shipped  # nothing has been put in force
    assert nlu({**folder, "model": "one"}).version == nlu({"model": str(path)}).version == one
    with pytest.raises(RegistryError, match="no version of nlu has been chosen"):
        nlu({**folder, "model": "current"})
    models.use("nlu", "one")
    assert nlu(folder).version == nlu({**folder, "model": "current"}).version == one
    assert nlu({**folder, "model": "two"}).version == Understander.load(models.folder / "nlu" / "two").version
    assert nlu({}).version == shipped  # without a registry
    models.use("nlu", None)
    with pytest.raises(UnknownVersion, match="there are: one, two"):
        nlu({**folder, "model": "three"})
    with pytest.raises(AssistantError, match="'models'"):
        nlu({"model": "current"})
    with pytest.raises(AssistantError, match=r"nowhere.*cannot be loaded"):
        nlu({**folder, "model": str(tmp_path / "nowhere")})


def test_it_keeps_the_contract_and_follows_only_the_current_version(models: Registry) -> None:
    assert isinstance(nlu({}), NLU) and nlu({}).follower is None
    assert nlu({"models": str(models.folder), "model": "one"}).follower is None
    assert nlu({"models": str(models.folder)}).follower is not None


def test_a_version_may_bring_its_own_encoder(tmp_path: Path) -> None:
    another(tmp_path, "head")
    assert model_folder(tmp_path) == tmp_path / "head" and check(tmp_path).startswith("head+")
    another(tmp_path, "second")
    with pytest.raises(AssistantError, match="holds 2 models"):
        check(tmp_path)
    with pytest.raises(AssistantError, match="holds no models"):
        check(tmp_path / "nowhere")


def test_a_damaged_current_version_is_told_and_the_shipped_one_starts(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    registry.add("nlu", "torn", another(tmp_path, "torn"))
    registry.use("nlu", "torn")
    (registry.folder / "nlu" / "torn" / "head.npz").write_bytes(b"")
    started = nlu({"models": str(registry.folder)})
    assert started.version == Understander.load().version
    assert started.follower is not None and "head.npz" in (started.follower.problem or "")
    with pytest.raises(Damaged, match=r"head\.npz"):
        nlu({"models": str(registry.folder), "model": "current"})


async def test_an_exchange_fits_the_plugins_intents_and_frees_the_old_model(models: Registry, tmp_path: Path) -> None:
    own = EmbeddedNLU(None, models.folder, tmp_path / "cache", 32)
    own.fit({"coin_flip": ["flip a coin", "heads or tails", "toss a coin for me"]})
    assert own.follower is not None
    old, version = weakref.ref(own._understander), own.version
    first = await own.understand(said("toss a coin"))
    assert first.interpretations[0].intent == "coin_flip" and first.nlu == version
    await asyncio.wrap_future(own.follower.use("one"))
    second = await own.understand(said("toss a coin"))
    assert second.interpretations[0].intent == "coin_flip"
    assert second.nlu == own.version != version and second.nlu.startswith("one+")
    async with asyncio.timeout(10):
        while old() is not None:
            await asyncio.sleep(0.05)
            gc.collect()
    await asyncio.wrap_future(own.follower.use(None))
    assert own.version == version
    await own.close()


async def test_all_hypotheses_are_read_by_one_model_whatever_is_put_meanwhile(models: Registry) -> None:
    own = EmbeddedNLU("one", models.folder, None, 4)
    one, two = (Understander.load(models.folder / "nlu" / name) for name in ("one", "two"))
    own.put(one)
    stop = False

    async def exchanging() -> None:
        while not stop:
            own.put(two if own.version == one.version else one)
            await asyncio.sleep(0.0005)

    heard = said(TEXT, "wake me a boat seven tomorrow", "play some jazz", "", "what time is it")
    exchange = asyncio.create_task(exchanging())
    found = []
    for _ in range(8):
        found += await asyncio.gather(*(own.understand(heard) for _ in range(8)))
    stop = True
    await exchange
    expected = {}
    for model in (one, two):
        own.put(model)
        expected[model.version] = await own.understand(heard)
    for understanding in found:
        alone = expected[understanding.nlu]
        assert understanding.interpretations == alone.interpretations
        assert understanding.out_of_scope == alone.out_of_scope
    assert {understanding.nlu for understanding in found} == set(expected)
    await own.close()


async def test_n_best_is_a_mixture_by_confidence() -> None:
    own = nlu({})
    one, other = [await own.understand(said(text)) for text in (TEXT, "play some jazz")]
    both = await own.understand(Utterance("c", (Hypothesis(TEXT, 0.75), Hypothesis("play some jazz", 0.25)), "m"))
    top = both.interpretations[0]
    assert top.intent == one.interpretations[0].intent and top.hypothesis == 0 and both.text == TEXT
    # What the other hypothesis does not say either way costs confidence, and nothing that is kept is new.
    places = {(found.name, found.start, found.end): found.confidence for found in one.interpretations[0].entities}
    assert top.entities
    assert all(found.confidence <= places[found.name, found.start, found.end] for found in top.entities)
    second = both.interpretations[1]
    assert second.intent == other.interpretations[0].intent and second.hypothesis == 1
    assert 0 <= both.out_of_scope <= 1 - sum(found.probability for found in both.interpretations) + 1e-5
    assert (await own.understand(said())).text == ""
    await own.close()


async def test_values_that_plugins_list_are_found_also_by_another_version(models: Registry) -> None:
    understanding = nlu({"models": str(models.folder)})
    assert isinstance(understanding, ListedNLU)
    understanding.know({"device": ["frobnicator nine"]})
    await asyncio.to_thread(understanding.fit, {})
    try:
        for version in (None, "one"):
            loaded = understanding.load(models.open("nlu", version) if version else None)
            understanding.put(loaded)
            reading = (await understanding.understand(said("turn on the frobnicator nine"))).interpretations[0]
            assert ("device", "frobnicator nine") in [(one.name, one.value) for one in reading.entities]
    finally:
        await understanding.close()


async def test_readings_with_the_same_entities_share_them() -> None:
    understanding = nlu({})
    for heard in (said(TEXT), said(TEXT, "wake me up at seven to morrow")):
        readings = (await understanding.understand(heard)).interpretations
        assert len(readings) == 5
        assert len({id(reading.entities) for reading in readings}) == len({reading.entities for reading in readings})
    await understanding.close()
