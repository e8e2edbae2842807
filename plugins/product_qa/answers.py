"""What the sources say to a question on one product, several, or the shop; simplified where they say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugins.product_qa.types import Answer, Passage, Product, Ranked

if TYPE_CHECKING:
    from plugins.product_qa.catalogue import Title
    from plugins.product_qa.shop import Shop

#: Stands for the shop's own pages among the ids of products.
SHOP = ""


def answered(shop: Shop, question: str, products: Sequence[str], threshold: float) -> Answer:
    """The answer about `products` (ids; several are compared). Blocks for some tens of milliseconds."""
    from plugins.product_qa.facts import wish

    if len(products) == 1:
        return one(shop, question, products[0], threshold)
    if wish(question) is not None:
        return compared(shop, question, products, threshold)
    return joined([(title, one(shop, question, title.id, threshold)) for title in shop.titles(products)])


def compared(shop: Shop, question: str, ids: Sequence[str], threshold: float) -> Answer:
    """Which of several products has more or less of something."""
    from plugins.product_qa.answer import compose

    products = [found for found in map(shop.product, ids) if found is not None]
    others: dict[str, Sequence[Passage]] = {product.id: shop.passages(product.id) for product in products}
    ranked = shop.ranked(question, ids, shop.options.top)
    return compose(question, ranked, others=others, compared=products, threshold=threshold)


def one(shop: Shop, question: str, id: str, threshold: float) -> Answer:
    """The answer about one product, or the shop; where the sources do not say, to the question in a simpler form."""
    from plugins.product_qa.reformulate import reformulations

    product = shop.product(id) if id else None
    passages = shop.passages(id) if id else []
    answer = _composed(shop, question, id, product, passages, threshold)
    if answer.form != "none" or not shop.options.relax:
        return answer
    for other in reformulations(question):
        if other.operator == "repair":
            tried = _composed(shop, other.text, id, product, passages, threshold)
        else:
            tried = _composed(shop, question, id, product, passages, threshold, other.text)
        if tried.form != "none":
            return tried
    return answer


def _composed(
    shop: Shop,
    question: str,
    id: str,
    product: Product | None,
    passages: Sequence[Passage],
    threshold: float,
    relaxed: str = "",
) -> Answer:
    from plugins.product_qa.answer import compose

    ranked = shop.ranked(relaxed or question, tuple(dict.fromkeys((id, SHOP))), shop.options.top)
    return compose(question, ranked, product, passages=passages, threshold=threshold, relaxed=relaxed)


def joined(answers: Sequence[tuple[Title, Answer]]) -> Answer:
    """One answer out of one for each product."""
    from plugins.product_qa.answer.decisions import called

    names = [name[:1].upper() + name[1:] for name in (called(title.title) for title, _ in answers)]
    said = list(zip(names, (answer for _, answer in answers), strict=True))
    evidence: list[Ranked] = [passage for _, answer in said for passage in answer.evidence]
    considered = [passage for _, answer in said for passage in answer.considered if passage not in evidence]
    stated = [answer for _, answer in said if answer.form != "none"]
    return Answer(
        " ".join(f"{name}: {answer.text}" for name, answer in said),
        " ".join(f"{name}: {answer.spoken}" for name, answer in said),
        "comparison" if stated else "none",
        tuple(evidence),
        min((answer.probability for answer in stated), default=0.0),
        considered=tuple(sorted(considered, key=lambda passage: -passage.score)),
    )
