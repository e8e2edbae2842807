"""Regular expressions that a rule may use on every turn: refused where some text could keep the matcher busy."""

from __future__ import annotations

import importlib
import math
import re
import warnings
from collections.abc import Iterable
from typing import Any

from policies.errors import PolicyError

#: Characters of a text that a pattern sees. With the budget below no text holds a turn up noticeably.
LIMIT = 200
_BUDGET = 5e7  # ways through the pattern, over all places where a match may start
_LONGEST = 500  # characters of a pattern
_MANY = 100.0  # logarithm of what counts as endless
_parser: Any = importlib.import_module("re._parser")


class Pattern:
    """A regular expression, searched for in the first `LIMIT` characters, without regard to case."""

    def __init__(self, source: str) -> None:
        """Raises `PolicyError` for text that is no expression, matches everything, or could take too long."""
        if len(source) > _LONGEST:
            raise PolicyError(f"is longer than {_LONGEST} characters")
        try:
            with warnings.catch_warnings():  # of what a later Python will read differently
                warnings.simplefilter("error")
                tree = _parser.parse(source, re.IGNORECASE)
                self._compiled = re.compile(source, re.IGNORECASE)
        except (re.error, RecursionError, OverflowError, Warning) as error:
            raise PolicyError(f"is not a regular expression: {error}") from None
        if self._compiled.search("") is not None:
            raise PolicyError("matches every text, also an empty one")
        if _ways(tree) * LIMIT > _BUDGET:
            raise PolicyError(
                "could take too long: repeats within repeats, alternatives that are repeated, or more than two open "
                "repeats such as .*"
            )
        self.source = source

    def found(self, text: str) -> bool:
        """Whether the expression occurs in the text."""
        return self._compiled.search(text[:LIMIT]) is not None


def _ways(tree: Iterable[tuple[Any, Any]]) -> float:
    """An upper bound of the ways in which backtracking may go through a parsed expression from one place."""
    total = 1.0
    for operation, argument in tree:
        total = min(total * _ways_of(str(operation), argument), math.exp(_MANY))
    return total


def _ways_of(operation: str, argument: Any) -> float:
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, body = int(argument[0]), min(int(argument[1]), LIMIT), _ways(argument[2])
        if body == 1.0:
            return float(max(most - least, 0) + 1)
        return math.exp(min(most * math.log(body), _MANY)) * (max(most - least, 0) + 1)
    if operation == "BRANCH":
        return sum(_ways(branch) for branch in argument[1])
    if operation == "SUBPATTERN":
        return _ways(argument[-1])
    if operation == "ATOMIC_GROUP":
        return _ways(argument)
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _ways(argument[1])
    if operation == "GROUPREF_EXISTS":
        return _ways(argument[1]) + (_ways(argument[2]) if argument[2] else 1.0)
    return 1.0
