"""Passages found by words and by meaning: a persistent, memory-mapped index that is changed piece by piece."""

from plugins.product_qa.index.arrays import IndexDamaged
from plugins.product_qa.index.bm25 import Bm25
from plugins.product_qa.index.hybrid import Fusion, Hit
from plugins.product_qa.index.store import Index, ProductHit
from plugins.product_qa.index.writer import Changes, Encode, Progress

__all__ = ["Bm25", "Changes", "Encode", "Fusion", "Hit", "Index", "IndexDamaged", "ProductHit", "Progress"]
