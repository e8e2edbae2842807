"""From what a customer said to an answer with its evidence: which product, which question, what the sources say.

`Answering` puts the parts together and is the only one that knows their order. One serves all conversations.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dialog.errors import AssistantError
from plugins.math.endpoint import Endpoint
from plugins.product_qa.answers import answered
from plugins.product_qa.catalogue import Title
from plugins.product_qa.facts.topics import TOPICS
from plugins.product_qa.hints import everyday
from plugins.product_qa.meaning import ASKING, OF_SHOP, Context, chooses, chosen, meant
from plugins.product_qa.resolve.references import reference
from plugins.product_qa.session import echoes, led, only_names
from plugins.product_qa.settings import Options
from plugins.product_qa.shop import Parts, Shop, Vector
from plugins.product_qa.types import Answer, CatalogueError, Kind

log = logging.getLogger(__name__)
#: Seconds after the start until the catalogue and its index are opened, where nobody asks before.
SETTLE = 3.0
#: Seconds that the first question may take more, and that one waits for an index that is being brought up to date.
LOADING, PATIENCE = 20.0, 1.0
#: How sure the gate must be: its own threshold is for texts of which nothing else is known. Where a text names a
#: product, all its words stand on the shop's pages, or it points at the product of the turn before, less is enough.
SURE, HALF, WITH_NAME, WITH_SHOP, WITH_POINTING = 0.9, 0.5, 0.1, 0.03, 0.3
_BOTH = re.compile(r"\b(?:which (?:one|of)|both|either|the two|of (?:them|these|those))\b", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """What came of a question. Without an `answer` it has to be asked which product is meant: one of `options`, or any.

    question: what was asked of the sources; products: ids, "" for the shop.
    """

    answer: Answer | None
    question: str
    products: tuple[str, ...] = ()
    titles: tuple[Title, ...] = ()
    options: tuple[Title, ...] = ()
    kind: Kind = "question"
    threshold: float = 0.5
    notes: tuple[str, ...] = ()


class Answering:
    """Answers questions about products. `parts` stands in for shipped parts (tests, other models); `config` is the
    mapping that the options were read from."""

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str] = os.environ,
        parts: Parts | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.options, self.config = options, config
        self.problem = "" if options.folder is not None else "no folder is configured for a catalogue"
        self.shop = Shop(options, options.folder, parts) if options.folder is not None else None
        self._tasks: list[asyncio.Task[None]] = []
        self._following: asyncio.Task[None] | None = None
        self._endpoint = Endpoint(options.endpoint, environ=environ) if options.endpoint else None
        self._translator: Any = None
        if options.translator is not None:
            from plugins.product_qa.language.translator import named

            self._translator = named(options.translator)

    # life

    def start(self) -> None:
        """Begin to prepare; the catalogue and its index follow a little later, or with the first question."""
        if self.shop is not None and not self._tasks:
            self._tasks = [
                asyncio.create_task(self._prepare(self.shop), name="product_qa: preparing"),
                asyncio.create_task(self._settle(), name="product_qa: settling"),
            ]

    async def ready(self) -> None:
        """Wait until questions are recognised. Raises `TimeoutError` after `LOADING` seconds."""
        self.start()
        if self._tasks:
            await asyncio.wait_for(asyncio.shield(self._tasks[0]), LOADING)

    async def stop(self) -> None:
        """End what runs, wait for what is being written, close the files and connections."""
        for task in self._tasks[1:]:
            task.cancel()
        if self.shop is not None:
            self.shop.halt()
        waiting = [task for task in (*self._tasks, self._following) if task is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=LOADING)
        if self.shop is not None:
            await asyncio.to_thread(self.shop.close)
        if self._endpoint is not None:
            await self._endpoint.close()

    async def _prepare(self, shop: Shop) -> None:
        try:
            await asyncio.to_thread(shop.prepare)
        except AssistantError as error:
            self.problem = str(error)
            log.warning("product_qa: %s", error)

    async def _settle(self) -> None:
        await asyncio.sleep(SETTLE)
        await self._fresh(LOADING)

    async def _fresh(self, patience: float) -> bool:
        """Bring the index up to date; False where that takes longer than `patience` seconds (it goes on)."""
        shop = self.shop
        if shop is None or self.problem:
            return False
        if self._following is None or self._following.done():
            if not await asyncio.to_thread(shop.behind):
                return True
            if self._following is None or self._following.done():
                self._following = asyncio.create_task(self._follow(shop), name="product_qa: following")
        done, _ = await asyncio.wait([self._following], timeout=patience)
        return bool(done)

    @staticmethod
    async def _follow(shop: Shop) -> None:
        try:
            await asyncio.to_thread(shop.follow)
        except AssistantError as error:
            log.warning("product_qa: the index is not up to date: %s", error)

    # proposing: quick, on the event loop

    def concerns(self, text: str, vector: Vector | None, context: Context) -> str:
        """What a text is to this skill: "ask", "which" (an answer to the question which product is meant), or "" where
        it is for others. Takes well below a millisecond."""
        hints, gate = (self.shop.hints, self.shop.gate) if self.shop is not None else (None, None)
        if hints is None or gate is None:
            return ""
        if context.following and context.state.waiting and chooses(text, hints):
            return "which"
        if everyday(text):
            return ""
        body, tied = led(text)
        topical = bool(TOPICS.asked(body))
        named = hints.named(body)
        near = bool(context.page or context.state.recent)
        if context.following and near and echoes(text) and context.state.question:
            return "ask"
        if context.following and near and body and tied and (topical or named or only_names(body, None)):
            return "ask"
        asking = ASKING.match(body) is not None
        if tied and not asking:
            return ""
        gated, shop = gate(text, vector), hints.of_shop(text)
        low, enough = gated.intent, gated.kind != "chat"
        pointing = reference(text).pointing
        if context.following and near and (only_names(body, None) or (asking and topical and _BOTH.search(body))):
            return "ask"
        if (asking and len(body.split()) > 1) or low >= HALF:
            if (named > 1 and low >= WITH_NAME) or (shop == 1 and low >= WITH_SHOP):
                return "ask"
            if near and pointing and topical and low >= (WITH_POINTING if context.following else HALF):
                return "ask"
            if context.following and pointing == "it" and low >= SURE:
                return "ask"
        if not enough:
            return "ask" if self._foreign(text) and (near or named) else ""
        if (named and topical) or shop >= OF_SHOP:
            return "ask"
        if near and pointing and low >= SURE:
            return "ask"
        return "ask" if topical and pointing in ("it", "this") and low >= SURE else ""

    def _foreign(self, text: str) -> str:
        """The language of a text that is to be translated; empty where it is none."""
        if self._translator is None:
            return ""
        from plugins.product_qa.language.detect import detect

        found = detect(text)
        return found.language if found.language in self.options.languages and found.share > 0.5 else ""

    # answering

    async def answer(self, text: str, context: Context, choice: str = "") -> Outcome:
        """The answer to a text, within the deadline of the options. `choice` is what was said when it was asked which
        product the waiting question is about.

        Raises `TimeoutError`, and `AssistantError` where catalogue, index or ranker cannot be read.
        """
        shop = self.shop
        if shop is None or self.problem:
            raise CatalogueError(self.problem)
        fresh = await self._fresh(PATIENCE)
        notes = () if fresh else ("the index is being brought up to date",)
        language = self._foreign(text)
        if not language:
            outcome = await self._english(shop, text, context, choice)
            return replace(outcome, notes=(*notes, *outcome.notes))
        from plugins.product_qa.language.strategies import translate_test

        found: list[Outcome] = []

        async def ask(english: str) -> Answer:
            outcome = await self._english(shop, english, context, choice)
            found.append(outcome)
            return outcome.answer or Answer("", "", "none", (), 0.0)

        foreign = await translate_test(
            text, ask, self._translator, language=language, deadline=self.options.deadline / 3
        )
        told = (f"translated from {language}: {foreign.english}", foreign.problem)
        outcome = found[0]
        answer = foreign.answer if outcome.answer is not None else None
        return replace(outcome, answer=answer, notes=(*notes, *outcome.notes, *filter(None, told)))

    async def _english(self, shop: Shop, text: str, context: Context, choice: str) -> Outcome:
        outcome = await asyncio.to_thread(self._work, shop, text, context, choice)
        if outcome.answer is None or self._endpoint is None:
            return outcome
        from plugins.product_qa.answer import phrase

        phrased = await phrase(outcome.question, outcome.answer, self._endpoint, self.options.deadline / 2)
        note = f"phrased by the language model{f': no, {phrased.kept}' if phrased.kept else ''}"
        return replace(outcome, answer=phrased.answer, notes=(*outcome.notes, note))

    @staticmethod
    def _work(shop: Shop, text: str, context: Context, choice: str) -> Outcome:
        found = chosen(shop, text, choice, context.state.shown) if choice else meant(shop, text, context)
        if not found.products:
            return Outcome(None, found.question, options=tuple(shop.titles(found.options)), kind=found.kind)
        threshold = shop.threshold
        answer = answered(shop, found.question, found.products, threshold)
        titles = tuple(shop.titles(found.products))
        return Outcome(answer, found.question, found.products, titles, (), found.kind, threshold)
