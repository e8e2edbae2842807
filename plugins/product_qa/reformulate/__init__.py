"""Rewordings of a question that found no answer: repaired, reshaped, generalised."""

from plugins.product_qa.reformulate.kinds import QuestionKind, kind_of
from plugins.product_qa.reformulate.relax import Relaxed, reformulations
from plugins.product_qa.reformulate.repair import repaired

__all__ = ["QuestionKind", "Relaxed", "kind_of", "reformulations", "repaired"]
