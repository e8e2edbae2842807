"""The ranker: how probably a passage answers a question, and a question can be answered at all."""

from plugins.product_qa.ranker.runtime import Ranker
from plugins.product_qa.ranker.weights import RankerError

__all__ = ["Ranker", "RankerError"]
