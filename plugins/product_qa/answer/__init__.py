"""Answers from evidence: composed, counted, decided, checked against what they rest on, and phrased."""

from plugins.product_qa.answer.composer import compose
from plugins.product_qa.answer.grounding import grounded
from plugins.product_qa.answer.phrasing import Phrased, phrase

__all__ = ["Phrased", "compose", "grounded", "phrase"]
