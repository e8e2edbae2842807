"""The rewordings of a question that found no answer, in the order to try them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plugins.product_qa.facts.topics import TOPICS, Topics
from plugins.product_qa.gate.features import words
from plugins.product_qa.reformulate.generalise import generalised
from plugins.product_qa.reformulate.repair import repaired
from plugins.product_qa.reformulate.reshape import reshaped

Operator = Literal["repair", "reshape", "generalise"]
MOST = 4


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A rewording. A "repair" asks the same; an answer to one of the others is an answer to a related question, and
    should say so."""

    operator: Operator
    text: str


def reformulations(question: str, topics: Topics = TOPICS) -> list[Relaxed]:
    """At most four different rewordings, the one closest to the question first (SURF, section 3.2: REP, ROO, GEN, and
    GEN of ROO's result). Empty where the question is plain already. CPU-bound, below 2 ms; never fails on any text."""
    fixed = repaired(question)
    wanted = reshaped(fixed, topics)
    found: list[Relaxed] = [Relaxed("repair", fixed)]
    wide = generalised(fixed)
    found.append(Relaxed("generalise", wide))
    found.append(Relaxed("reshape", wanted))
    if wide:
        found.append(Relaxed("reshape", reshaped(wide, topics)))
    if wanted:
        found.append(Relaxed("generalise", generalised(wanted)))
    seen = {" ".join(words(question))}
    out: list[Relaxed] = []
    for one in found:
        key = " ".join(words(one.text))
        if key and key not in seen:
            seen.add(key)
            out.append(one)
    return out[:MOST]
