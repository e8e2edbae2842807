"""Made utterances that name products of a catalogue, as people shorten titles, to fit and measure the resolver."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu.asr_noise import misrecognise
from plugins.product_qa.resolve.words import FUNCTION, words

#: Questions with a name in them, and questions without; even ones are for fitting, odd ones for measuring.
NAMING = (
    "how much does the {} weigh", "is the {} waterproof", "tell me about the {}", "what about the {}",
    "does your {} come with a warranty", "how long does the {} last", "what color is the {}", "is the {} any good",
    "can i return the {}", "what are the dimensions of the {}", "do you have the {} in stock", "how big is the {}",
    "is the {} under fifty dollars", "does the {} need batteries", "i have a question about the {}",
    "what do people say about the {}", "is there a discount on the {}", "would the {} be good for travel",
)  # fmt: skip
SILENT = (
    "how much does it weigh", "is it waterproof", "tell me more", "does it come with a warranty",
    "how long does it last",
    "what color is it", "is it any good", "can i return it", "what are the dimensions", "how big is this one",
    "do you ship to canada", "is it cheaper than fifty dollars", "does it need batteries", "what is your return policy",
    "what do people say about it", "will it work with my phone", "can i put it in the dishwasher",
    "thank you very much",
)  # fmt: skip
_CODE = re.compile(r"\d.*[a-z]|[a-z].*\d")


@dataclass(frozen=True, slots=True)
class Mention:
    """An utterance and the product it names (None: none of the catalogue); `clean` as it was said."""

    text: str
    product: str | None
    clean: str


def shortened(title: str, rivals: Sequence[frozenset[str]], rng: random.Random) -> str:
    """One to five words of a title, in their order, that no other title of the catalogue has all of; the whole title
    where twelve draws find none. Codes are mostly left out, as people leave them out.

    rivals: words of the other titles.
    """
    parts = [word for word in words(title) if word.text not in FUNCTION]
    spoken = [word for word in parts if not _CODE.search(word.text) or rng.random() < 0.15] or parts
    for attempt in range(12):
        size = min(len(spoken), rng.randint(1, 3) + attempt // 4)
        chosen = sorted(rng.sample(range(len(spoken)), size))
        have = {spoken[place].text for place in chosen}
        if not any(have <= rival for rival in rivals):
            return " ".join(title[spoken[place].start : spoken[place].end] for place in chosen)
    return title


def mentions(
    titles: Mapping[str, str], wanted: Sequence[str], wer: float, rng: random.Random, *, odd: bool, none: float = 0.0,
    strangers: Sequence[str] = (), vague: float = 0.0,
) -> list[Mention]:  # fmt: skip
    """An utterance for each wanted id, misheard at a word error rate, and `none` times as many that name none of them.

    titles: the catalogue. odd: which half of the templates. strangers: titles that are not in the catalogue.
    vague: share of the names that may fit other products as well ("the kettle").
    """
    bags = {id: frozenset(word.text for word in words(title)) for id, title in titles.items()}
    having: dict[str, set[str]] = {}
    for id, bag in bags.items():
        for word in bag:
            having.setdefault(word, set()).add(id)
    naming, silent = NAMING[odd::2], SILENT[odd::2]
    out = []
    for id in wanted:
        near = set().union(*(having[word] for word in bags[id] if word not in FUNCTION)) - {id}
        rivals = [] if rng.random() < vague else [bags[other] for other in sorted(near)]
        name = shortened(titles[id], rivals, rng)
        out.append(_heard(rng.choice(naming).format(name), id, wer, rng))
    for number in range(round(none * len(wanted))):
        if number % 2 and strangers:
            name = shortened(rng.choice(strangers), list(bags.values()), rng)
            out.append(_heard(rng.choice(naming).format(name), None, wer, rng))
        else:
            out.append(_heard(rng.choice(silent), None, wer, rng))
    return out


def _heard(text: str, product: str | None, wer: float, rng: random.Random) -> Mention:
    return Mention(misrecognise(text, wer, rng, 1)[0][0], product, text)
