"""Product questions in a real assistant: which product, follow-ups, comparisons, sources, what is missing."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from assistant.repl.why import why
from assistant.testing import FakeClock
from dialog.types import Turn
from plugins.product_qa import skill as module
from plugins.product_qa.catalogue import Catalogue
from plugins.product_qa.session import FRESH
from plugins.product_qa.shop import Parts
from plugins.product_qa.types import Attribute, CatalogueError, Product
from tests.plugins.math.server import says, serving
from tests.plugins.product_qa.small_shop import ROWS, Overlap, Shopper, Vectors, answering, catalogue, gate


def skill_of(turn: Turn) -> str:
    return turn.decision.candidates[turn.decision.executed].skill


async def test_a_conversation_in_a_shop(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        (reply,) = (await user.turn("is the gooseneck kettle dishwasher safe?")).replies
        assert reply.text.startswith("On the Brookfell Gooseneck Kettle: No.")
        assert "according to the product details" in reply.text
        assert reply.data is not None and reply.data["products"] == ["k1"]
        assert reply.data["sources"][0]["source"] == "the product details"
        assert reply.spoken is not None and "dB" not in reply.spoken
        (heavy,) = await user.say("how heavy is it?")
        assert "1.2 kilograms" in heavy and not heavy.startswith("On ")
        (other,) = await user.say("and the travel kettle?")
        assert other.startswith("On the Fernaby Travel Kettle") and "600 grams" in other
        (waterproof,) = await user.say("and is it dishwasher safe?")
        assert "It is dishwasher safe" in waterproof
        (again,) = await user.say("are you sure?")
        assert again == waterproof
        assert (await user.say("how do you know?"))[0].startswith("The product details say: ‘dishwasher safe: yes")
        (back,) = await user.say("how do i return a package")
        assert "30 days" in back and "the shop" in back.lower()
        turn = await user.turn("what about tomorrow")
        assert skill_of(turn) != "product_qa"


async def test_it_asks_which_one_is_meant(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        (reply,) = (await user.turn("is the kettle dishwasher safe?")).replies
        names = [button["title"] for button in reply.buttons]
        assert sorted(names) == ["Brookfell Gooseneck Kettle", "Fernaby Travel Kettle"]
        assert reply.text == f"Which one do you mean: the {names[0]} or the {names[1]}?"
        (answer,) = await user.say("the second one")
        assert answer.startswith(f"On the {names[1]}: ") and "dishwasher safe" in answer
        await user.say("is the kettle dishwasher safe?")
        (fresh,) = await user.say("is the family tent waterproof")
        assert fresh.startswith("On the Tarnholt Family Tent: "), "another question leaves the waiting one"


async def test_a_choice_by_its_name(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        await user.say("is the kettle dishwasher safe?")
        (answer,) = await user.say("the gooseneck")
        assert answer.startswith("On the Brookfell Gooseneck Kettle: No.")


async def test_products_are_compared(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        turn = await user.turn("which one is heavier, the gooseneck kettle or the family tent?")
        assert turn.replies[0].text.startswith("The Tarnholt Family Tent is heavier: 8.4 kilograms")
        (lighter,) = await user.say("which one is lighter?")
        assert "1.2 kilograms" in lighter and "8.4 kilograms" in lighter
        (both,) = await user.say("and are both dishwasher safe?")
        assert "Brookfell Gooseneck Kettle: No." in both


async def test_nothing_is_stated(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        turn = await user.turn("does the family tent have a bluetooth antenna?")
        (reply,) = turn.replies
        assert "The shop's pages do not say" in reply.text and reply.data is not None and reply.data["form"] == "none"


async def test_the_product_on_the_page(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        for page, start in (
            ("k2", "On the Fernaby Travel Kettle: It is dishwasher"),
            (["k2"], "Which product"),
            ("gone", "Which"),
        ):
            heard = user.assistant.utterance("is it dishwasher safe?", f"on {page}", "tester", "web")
            turn = await user.assistant.dialog.send(replace(heard, metadata={"product_id": page})).turn()
            assert turn.replies[0].text.startswith(start), turn.replies


async def test_it_survives_a_restart_and_fades(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        await user.say("is the travel kettle dishwasher safe?")
    clock = FakeClock()
    async with Shopper(tmp_path, clock=clock) as user:
        (answer,) = await user.say("and how heavy is it?")
        assert "600 grams" in answer
        clock.advance(FRESH + 1)
        (answer,) = await user.say("is it dishwasher safe?")
        assert answer == "Which product do you mean?"


async def test_other_requests_are_left_to_others(tmp_path: Path) -> None:
    async with Shopper(tmp_path, Parts(None, Overlap(), Vectors())) as user:
        await user.say("is the travel kettle dishwasher safe?")
        assert await user.say("add the kettle to my shopping list") == ["I added kettle to your shopping list."]
        for text in ("set an alarm for seven", "what is 5 times 7", "and the weather?", "what time is it", "thank you"):
            assert skill_of(await user.turn(text)) != "product_qa", text


async def test_why_lists_the_sources_and_the_turn_can_be_learned_from(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        turn = await user.turn("is the gooseneck kettle dishwasher safe?")
        out = Console(file=(page := io.StringIO()), width=200)
        out.print(why(turn))
        shown = page.getvalue()
        assert "evidence on Brookfell Gooseneck Kettle: polar" in shown and "dishwasher safe: no" in shown
        (event,) = [one for one in turn.events if "product_qa" in one.metadata]
        record = event.metadata["product_qa"]
        assert record["question"] == "is the gooseneck kettle dishwasher safe?" and record["products"] == ["k1"]
        assert record["evidence"][0]["used"] and set(record["evidence"][0]) >= {"key", "source", "score"}
        assert len(json.dumps(event.metadata)) < 20_000
        await user.assistant.dialog.reward(user.conversation, 1.0)
        keys = [one["key"] for one in record["evidence"]]
        assert user.answering.shop is not None and len(user.answering.shop.by_key(keys)) == len(keys)


async def test_changes_by_another_process_are_followed(tmp_path: Path) -> None:
    vectors = Vectors()
    async with Shopper(tmp_path, Parts(gate, Overlap(), vectors)) as user:
        assert "600 grams" in (await user.say("how heavy is the travel kettle?"))[0]
        encoded = vectors.asked
        with Catalogue.open(tmp_path / "products") as other:
            other.upsert([Product("k2", "Fernaby Travel Kettle", (Attribute("item weight", "700 g"),))])
            other.upsert([Product("m1", "Moonbeam Toaster", (Attribute("item weight", "3 kg"),))])
            other.delete(["t1"])
        assert "700 grams" in (await user.say("how heavy is the travel kettle?"))[0]
        assert "3 kilograms" in (await user.say("how heavy is the moonbeam toaster?"))[0]
        assert vectors.asked - encoded < 12, "only what is new is encoded"
        turn = await user.turn("how heavy is the tarnholt tent?")
        assert all("8.4" not in reply.text for reply in turn.replies)


async def test_markup_is_neither_shown_nor_spoken(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        turn = await user.turn("what are the poles of the family tent made of")
        (reply,) = turn.replies
        assert "aluminium" in reply.text and "alert" not in f"{reply.text}{reply.spoken}" and "<" not in reply.text


async def test_a_damaged_index_is_built_anew(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        await user.say("is the travel kettle dishwasher safe?")
    for path in (tmp_path / "products" / "index").iterdir():
        path.write_bytes(b"damaged")
    async with Shopper(tmp_path) as user:
        assert "600 grams" in (await user.say("how heavy is the travel kettle?"))[0]


async def test_what_cannot_be_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Overlap):
        def score(self, *_: object, **__: object) -> list[float]:
            raise CatalogueError("the ranker's files are damaged")

    async with Shopper(tmp_path, Parts(gate, Broken(), Vectors())) as user:
        assert await user.say("is the travel kettle dishwasher safe?") == [module.UNABLE]
        assert "the ranker's files are damaged" in caplog.text
    (tmp_path / "products" / "catalogue.db").write_bytes(b"no database at all" * 100)
    async with Shopper(tmp_path) as user:
        turn = await user.turn("is the travel kettle dishwasher safe?")
        assert skill_of(turn) != "product_qa", "without names nothing is proposed"
        assert "catalogue.db" in caplog.text


async def test_a_question_is_translated_there_and_back(tmp_path: Path) -> None:
    options: dict[str, Any] = {"translator": "tests.plugins.product_qa.small_shop:Dictionary", "languages": ["de"]}
    async with Shopper(tmp_path, **options) as user:
        turn = await user.turn("wie schwer ist der Fernaby Travel Kettle?")
        assert turn.replies[0].text.endswith("Er wiegt 600 Gramm.")
        (event,) = [one for one in turn.events if "explanation" in one.metadata]
        notes = event.metadata["explanation"]["notes"]
        assert "translated from de: how heavy is the Fernaby Travel Kettle?" in notes
        assert await user.say("ist der Fernaby Travel Kettle für die Maschine?") == [module.UNTRANSLATED]


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("It weighs 600 grams, according to the product details.", True),
        ("It weighs 9 kilograms, says the product page.", False),
    ],
)
async def test_a_language_model_phrases_within_the_evidence(tmp_path: Path, said: str, taken: bool) -> None:
    async def model(_: object) -> bytes:
        return says(said)

    async with serving(model) as server:
        options: dict[str, Any] = {"deadline": 60, "endpoint": {"base_url": server.url, "model": "m", "retries": 0}}
        async with Shopper(tmp_path, **options) as user:
            turn = await user.turn("how heavy is the travel kettle?")
    assert "600 grams" in turn.replies[0].text and "9 kilograms" not in turn.replies[0].text
    (event,) = [one for one in turn.events if "explanation" in one.metadata]
    notes = event.metadata["explanation"]["notes"]
    assert ("phrased by the language model" in notes) is taken, notes


async def test_a_slow_index_does_not_hold_up_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.product_qa.answering.PATIENCE", 0.0)
    async with Shopper(tmp_path) as user:
        turn = await user.turn("is the gooseneck kettle dishwasher safe?")
        assert turn.replies[0].text.startswith("On the Brookfell Gooseneck Kettle: No.")
        (event,) = [one for one in turn.events if "explanation" in one.metadata]
        assert "the index is being brought up to date" in event.metadata["explanation"]["notes"]


async def test_explicit_intents_and_forgotten_answers(tmp_path: Path) -> None:
    async with Shopper(tmp_path) as user:
        assert await user.say("/product_why") == [module.FORGOTTEN]
        assert len(await user.say("/product_which")) == 1


async def test_the_quick_look_writes_nothing(tmp_path: Path) -> None:
    found = answering(tmp_path)
    await found.ready()
    try:
        assert not (tmp_path / "products").exists()
        assert found.shop is not None and found.shop.hints is not None and "kettle" in found.shop.hints.nouns
    finally:
        await found.stop()


def test_the_small_catalogue_is_whole(tmp_path: Path) -> None:
    assert len(catalogue(tmp_path / "shop.jsonl").read_text().splitlines()) == len(ROWS)
