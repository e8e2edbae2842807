"""Word problems by schema: the situations that elementary arithmetic is about, told in many ways.

The schemas are those of the literature on word problems, the words our own; no test set was read for them.
"""

from __future__ import annotations

from plugins.math.training.synthetic.catalog import HELD_OUT, SCHEMAS
from plugins.math.training.synthetic.generator import generate

__all__ = ["HELD_OUT", "SCHEMAS", "generate"]
