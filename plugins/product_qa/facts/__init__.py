"""Typed attribute values of products, and what questions ask of them: lookup, conditions, comparisons."""

from plugins.product_qa.facts.compare import Comparison, Place, Wish, best, compare, wish
from plugins.product_qa.facts.condition import Condition, Decision, condition, decide
from plugins.product_qa.facts.fact import Fact, facts
from plugins.product_qa.facts.lookup import Match, lookup
from plugins.product_qa.facts.quantity import Quantity, quantities
from plugins.product_qa.facts.topics import TOPICS, Topic, Topics

__all__ = [
    "TOPICS", "Comparison", "Condition", "Decision", "Fact", "Match", "Place", "Quantity", "Topic", "Topics", "Wish",
    "best", "compare", "condition", "decide", "facts", "lookup", "quantities", "wish",
]  # fmt: skip
