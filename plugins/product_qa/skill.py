"""The skill that answers questions about products, asks which one is meant, and says where an answer is from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dialog.errors import AssistantError
from dialog.events import Event, slot
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins.product_qa.answer.decisions import called
from plugins.product_qa.answer.sources import safe, spoken
from plugins.product_qa.answering import LOADING, Answering, Outcome
from plugins.product_qa.catalogue import Title
from plugins.product_qa.language.translator import TranslationError
from plugins.product_qa.meaning import Context
from plugins.product_qa.session import PAGE, SLOT, State, asks_why
from plugins.product_qa.shop import Vector
from plugins.product_qa.why import account, explanation, learned, named
from plugins.proposals import proposals

log = logging.getLogger(__name__)
QUESTION, WHICH, WHY = "product_question", "product_which", "product_why"
WHICH_PRODUCT = "Which product do you mean?"
FORGOTTEN = "I have no answer about a product in mind. Ask me about one first."
GONE = "The passages that I answered from are not in the catalogue any more."
LATE = "My product pages are still being opened. Please ask again in a moment."
UNTRANSLATED = "I could not translate your question. Please ask me in English."
UNABLE = "I cannot read my product pages right now."
#: Vectors of another length are not the shared encoder's: the gate then reads the words alone.
DIMENSION = 384
LONGEST_ID = 200


class ProductQuestions(Skill):
    """Answers from the shop's own sources."""

    name, domain = "product_qa", "qa"
    description = "I answer questions about products from the shop's own pages and reviews."

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        most = answering.options.deadline + LOADING + 2
        self.specs = {name: replace(spec, deadline=most) for name, spec in type(self).specs.items()}  # type: ignore[misc]

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Only where gate and names say that a text is about a product or the shop; the NLU has no such intents."""
        if turn.utterance.text.startswith("/"):
            return Skill.propose(self, turn)
        context = self._context(turn)
        if context.following and context.state.evidence and asks_why(turn.text):
            return proposals(self, turn, WHY, True)
        found = self._answering.concerns(turn.text, _vector(turn), context)
        wanted = {"ask": QUESTION, "which": WHICH}.get(found, "")
        return proposals(self, turn, wanted, True) if wanted else []

    def _context(self, turn: TurnContext) -> Context:
        page = turn.utterance.metadata.get(PAGE)
        page = page if isinstance(page, str) and 0 < len(page) <= LONGEST_ID else None
        state = State.from_json(turn.slots.get(SLOT)).at(turn.utterance.time)
        return Context(state, page, turn.view.last_skill == self.name)

    @intent(QUESTION)
    async def question(self, turn: TurnContext) -> AsyncIterator[Reply | Event]:
        """The answer with its sources, or a question which product is meant."""
        async for part in self._asked(turn, turn.text, ""):
            yield part

    @intent(WHICH)
    async def which(self, turn: TurnContext) -> AsyncIterator[Reply | Event]:
        """Goes on with the waiting question once it is known which product is meant."""
        waiting = self._context(turn).state.waiting
        async for part in self._asked(turn, waiting or turn.text, turn.text if waiting else ""):
            yield part

    @intent(WHY)
    async def why(self, turn: TurnContext) -> AsyncIterator[Reply]:
        """The passages that the last answer rests on, in words."""
        state, shop = self._context(turn).state, self._answering.shop
        if shop is None or not state.evidence:
            yield Reply(FORGOTTEN)
            return
        try:
            passages = await asyncio.to_thread(shop.by_key, state.evidence)
        except AssistantError as error:
            log.warning("product_qa: %s", error)
            yield Reply(UNABLE)
            return
        text, said = account(passages)
        yield Reply(text, spoken=said) if text else Reply(GONE)

    async def _asked(self, turn: TurnContext, text: str, choice: str) -> AsyncIterator[Reply | Event]:
        context = self._context(turn)
        try:
            async with asyncio.timeout(self._answering.options.deadline + LOADING):
                await self._answering.ready()
                outcome = await self._answering.answer(text, context, choice)
        except TimeoutError:
            yield Reply(LATE)
            return
        except TranslationError as error:
            log.info("product_qa: %s", error)
            yield Reply(UNTRANSLATED)
            return
        except AssistantError as error:
            log.warning("product_qa: %s", error)
            yield Reply(UNABLE)
            return
        now = turn.utterance.time
        if outcome.answer is None:
            options = [one.id for one in outcome.options]
            yield slot(SLOT, context.state.asked_back(outcome.question, options, now).to_json())
            yield _which(outcome.options)
            return
        keys = [one.passage.key for one in outcome.answer.evidence]
        products = [id for id in outcome.products if id]
        state = context.state.answered(outcome.question, products, keys, now)
        yield replace(slot(SLOT, state.to_json()), metadata=_metadata(turn.text, outcome))
        yield _reply(outcome, context.state.products)


def _vector(turn: TurnContext) -> Vector | None:
    """The turn's sentence vector, where it is one of the shared encoder's length and of the text that is read."""
    vector = turn.understanding.vector
    if vector is None or turn.text != turn.understanding.text or np.shape(vector) != (DIMENSION,):
        return None
    return np.asarray(vector, np.float32)


def _metadata(text: str, outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    assert answer is not None
    titles = [one.title for one in outcome.titles]
    table = explanation(answer, outcome.question, titles, outcome.kind, outcome.threshold, outcome.notes)
    return {"explanation": table, "product_qa": learned(answer, text, outcome.question, outcome.products, outcome.kind)}


def _which(options: Sequence[Title]) -> Reply:
    if not options:
        return Reply(WHICH_PRODUCT)
    names = [called(safe(one.title)) for one in options]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    buttons = tuple({"title": safe(one.title), "payload": safe(one.title)} for one in options)
    text = f"Do you mean {listed}?" if len(names) == 1 else f"Which one do you mean: {listed}?"
    return Reply(text, buttons, spoken=spoken(text))


def _reply(outcome: Outcome, before: Sequence[str]) -> Reply:
    """The answer; the product is named where another one was talked about before."""
    answer = outcome.answer
    assert answer is not None
    text, said = answer.text, answer.spoken
    if len(outcome.titles) == 1 and outcome.products != tuple(before) and _own(outcome):
        name = called(safe(outcome.titles[0].title))
        text, said = f"On {name}: {text}", f"{spoken(f'On {name}')}: {said}"
    sources = [
        {"key": one.passage.key, "source": named(one.passage), "score": round(one.score, 4)}
        for one in answer.evidence[:5]
    ]
    data = {"form": answer.form, "products": list(outcome.products), "sources": sources}
    return Reply(text, spoken=said, data=data)


def _own(outcome: Outcome) -> bool:
    """Whether an answer rests on the product's own passages, or on none."""
    answer = outcome.answer
    return answer is not None and all(one.passage.product for one in answer.evidence)
