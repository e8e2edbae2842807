"""The model goes away while questions are asked: what is answered, and how long a question waits for nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.math_endpoint_ask import MODES, Question, endpoint, questions
from benchmarks.math_endpoint_model import Model, serving
from plugins.math.channels import Channel, Derivation, PromptChannel, derivation
from plugins.math.consensus import solve
from plugins.math.program import program_of
from plugins.math.template import template_of
from plugins.math.types import Template

#: Seconds a question may take, and seconds after which the model is killed while one is worked on.
DEADLINE, KILL_AFTER = 6.0, 0.15


class Sum:
    """A channel that needs nobody: all numbers together. Poor, but there."""

    name = "sum"

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        """One attempt."""
        source = " + ".join(template.letters)
        return [derivation(self.name, source, program_of(source, template.letters), template)]


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """Asks `count` questions in turn and kills the model while the middle one is worked on.

    Keys of the result: `seconds` of each question, `answered`: whether each got a reading at all, `from_model`:
    how many attempts of each the model contributed.
    """
    sample = questions(data, cell["count"], cell["seed"])
    logging.getLogger("plugins.math.endpoint").setLevel(logging.ERROR)
    with serving() as model:
        return asyncio.run(_all(model, sample))


async def _all(model: Model, sample: list[Question]) -> dict[str, Any]:
    far = endpoint(model.url, 0.0, 0, timeout=DEADLINE / 2, retries=2)
    seconds, answered, contributed = [], [], []
    try:
        for place, question in enumerate(sample):
            far.template = template = template_of(question.text)
            far.took.clear()
            channels: list[Channel] = [*(PromptChannel(prompt, far, DEADLINE) for prompt in MODES["schema"]), Sum()]
            asked = asyncio.create_task(solve(channels, template, None, floor=0.0, rounds=1, deadline=DEADLINE))
            started = time.perf_counter()
            if place == len(sample) // 2:
                await asyncio.sleep(KILL_AFTER)
                await asyncio.to_thread(model.kill)
            verdict = await asked
            seconds.append(time.perf_counter() - started)
            answered.append(bool(verdict.groups))
            contributed.append(sum(texts for _, _, texts, _ in far.took))
    finally:
        await far.close()
    return {"seconds": seconds, "answered": answered, "from_model": contributed}
