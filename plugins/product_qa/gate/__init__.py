"""What a text in a shop is, and the question that keywords stand for."""

from plugins.product_qa.gate.keywords import keywords_of
from plugins.product_qa.gate.model import Gate, Gated
from plugins.product_qa.gate.rewrite import Question, question_of

__all__ = ["Gate", "Gated", "Question", "keywords_of", "question_of"]
