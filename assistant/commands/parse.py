"""`assistant parse`: show what is understood of a text."""

from __future__ import annotations

import argparse
import asyncio
import time

from assistant.building import load_host
from assistant.commands.options import add_config, add_json, clean, configuration, print_json
from assistant.config import Config
from assistant.parse import to_rasa
from dialog.errors import AssistantError, BadUtterance
from dialog.route import explicit
from dialog.types import Hypothesis, Understanding, Utterance


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant parse`."""
    parser.add_argument("text", metavar="TEXT", help="what was said, or an intent such as /greet")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Understand one text and print the result; nothing is logged."""
    understanding = asyncio.run(_understand(configuration(args), clean(args.text)))
    if args.json:
        print_json(to_rasa(understanding) | {"out_of_scope": float(understanding.out_of_scope)})
        return 0
    for reading in understanding.interpretations[:5]:
        found = [f"{entity.name}={entity.value!r} [{entity.start}:{entity.end}]" for entity in reading.entities]
        print(f"{reading.probability:.3f}  {reading.intent}  {', '.join(found)}".rstrip())
    print(f"{understanding.out_of_scope:.3f}  none of these")
    return 0


async def _understand(config: Config, text: str) -> Understanding:
    """Ask the understanding alone: the log stays free for an assistant that is running."""
    limit = config.dialog.max_text
    if len(text) > limit:
        raise BadUtterance(f"the text has {len(text)} characters; at most {limit} are taken")
    utterance = Utterance(
        "parse", (Hypothesis(text),), "parse", channel="parse", locale=config.assistant.locale, time=time.time()
    )
    known = explicit(utterance)
    if known is not None:
        return known
    host = load_host(config)
    nlu = host.nlu()
    try:
        host.teach(nlu)
        async with asyncio.timeout(config.dialog.understand_deadline):
            return await nlu.understand(utterance)
    except TimeoutError:
        raise AssistantError("the understanding did not answer in time") from None
    finally:
        await nlu.close()
