"""A small product to ask about."""

from __future__ import annotations

from plugins.product_qa.catalogue.passages import passages_of
from plugins.product_qa.types import Attribute, Product, Ranked

KETTLE = Product(
    "k",
    "Trail Kettle, 1.2 litre",
    (
        Attribute("item weight", "1.2", "kg"),
        Attribute("is dishwasher safe", "no"),
        Attribute("colour", "green"),
        Attribute("dimensions", "12 x 30 x 4 inches"),
    ),
    ("Boils a litre in 4 minutes",),
    "The handle folds flat. It is made for gas stoves.",
    (
        "Very quiet, I love it. I use it outside.",
        "It is not quiet at all.",
        "Quiet and light!",
        "So quiet. But the lid leaks.",
        "My kettle is loud and noisy.",
        "Arrived on a Tuesday.",
    ),
    (("can i use it on induction?", "No, it only works on gas."),),
    category="kettle",
)
TENT = Product("t", "Ridge Tent", (Attribute("item weight", "2.4 kg"),), category="tent")
MUG = Product("m", "Mug")
PASSAGES = passages_of(KETTLE)


def about(words: str, score: float = 0.9) -> list[Ranked]:
    """The kettle's passages that hold these words, with falling scores."""
    found = [one for one in PASSAGES if words in one.text]
    return [Ranked(one, score - 0.01 * place) for place, one in enumerate(found)]
