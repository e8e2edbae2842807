"""Prints what the corpus is made of: `python -m plugins.math.training.report --data DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dialog.errors import AssistantError
from nlu.training.display import bar
from plugins.math.solver.symbols import operators
from plugins.math.training.corpus import corpus
from plugins.math.training.test_sets import CONTROLS, NAMES, test_set


def gathered(data: Path, seed: int, synthetic: int, noised: float) -> dict[str, Any]:
    """All counts of a corpus and of the test sets as plain data. Raises DataError."""
    made = corpus(data, seed, synthetic, noised)
    lengths = Counter(operators(problem.prefix) for problem in made.train)
    report = made.report
    sets: dict[str, dict[str, int]] = {}
    with bar("test sets", len(NAMES + CONTROLS)) as tell:
        for place, name in enumerate(NAMES + CONTROLS, 1):
            questions = test_set(data, name)
            tags = Counter(tag for question in questions for tag in question.tags)
            aligned = sum(question.prefix is not None for question in questions)
            sets[name] = {"questions": len(questions), "with formula": aligned, **dict(sorted(tags.items()))}
            tell(place, name)
    return {
        "read": dict(report.read),
        "dropped": {name: dict(counts.most_common()) for name, counts in report.dropped.items()},
        "leaked": {name: dict(counts) for name, counts in report.leaked.items() if counts},
        "constants": {name: dict(counts.most_common()) for name, counts in report.constants.items()},
        "parts": dict(report.parts),
        "operators": {str(length): lengths[length] for length in sorted(lengths)},
        "test sets": sets,
    }


def table(found: dict[str, Any]) -> str:
    """The counts as indented text."""
    lines: list[str] = []
    for title, part in found.items():
        lines.append(title)
        for name, counts in part.items():
            if isinstance(counts, dict):
                shown = ", ".join(f"{key} {count}" for key, count in counts.items())
                lines.append(f"  {name:18} {sum(counts.values()) if title == 'dropped' else ''} {shown}".rstrip())
            else:
                lines.append(f"  {name:22} {counts:>7}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 where the data is missing or damaged."""
    parser = argparse.ArgumentParser(prog="python -m plugins.math.training.report", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--synthetic", type=int, default=0, metavar="N", help="problems of our own schemas")
    parser.add_argument("--noised", type=float, default=0.0, metavar="SHARE", help="share of noised copies")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    try:
        found = gathered(options.data, options.seed, options.synthetic, options.noised)
    except AssistantError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2) if options.json else table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
