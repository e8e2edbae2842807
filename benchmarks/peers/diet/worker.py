"""Runs inside Rasa's own Python: `train FOLDER` trains FOLDER/nlu.yml, `read FOLDER` reads FOLDER/texts.json.

Each prints nothing of its own; it leaves FOLDER/trained.json or FOLDER/parsed.json. Only this Python's packages and
Rasa's are imported, so that the peer carries none of our code.
"""

import asyncio
import json
import logging
import resource
import sys
import time
from pathlib import Path


def used() -> dict[str, float]:
    """CPU-seconds of this process so far, and its peak resident memory in MB (10^6 bytes; Linux counts KiB)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss * 1024 / 1e6}


def train(folder: Path) -> None:
    """Train the NLU model as `rasa train nlu` does; leaves FOLDER/model.tar.gz."""
    from rasa.model_training import train_nlu  # type: ignore[import-not-found, unused-ignore]

    started = time.perf_counter()
    path = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder), fixed_model_name="model")
    if path is None:
        raise SystemExit("Rasa trained no model")
    figures = {**used(), "seconds": time.perf_counter() - started}
    (folder / "trained.json").write_text(json.dumps(figures))


async def read(folder: Path) -> None:
    """Parse the texts one after the other, as the agent of a running server does."""
    from rasa.core.agent import Agent  # type: ignore[import-not-found, unused-ignore]
    from rasa.utils.log_utils import configure_structlog  # type: ignore[import-not-found, unused-ignore]

    configure_structlog(logging.WARNING)  # its server has no debug messages either
    agent = Agent.load(str(folder / "model.tar.gz"))
    texts = json.loads((folder / "texts.json").read_text())
    for text in texts[:20]:
        await agent.parse_message(text)
    out = []
    for text in texts:
        started = time.perf_counter()
        found = await agent.parse_message(text)
        seconds = time.perf_counter() - started
        intent = found["intent"]
        ranking = found.get("intent_ranking") or []
        named = [entry for entry in ranking if entry["name"] != "nlu_fallback"]
        entities = [(entity["entity"], entity["start"], entity["end"]) for entity in found["entities"]]
        top = named[0] if named else intent
        out.append(
            {
                "intent": top["name"],
                "confidence": float(top["confidence"]),
                "accepted": intent["name"] not in (None, "nlu_fallback"),
                "entities": entities,
                "seconds": seconds,
            }
        )
    (folder / "parsed.json").write_text(json.dumps({"parses": out, **used()}))


def main() -> None:
    """See the module."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "train":
        train(folder)
    elif what == "read":
        asyncio.run(read(folder))
    else:
        raise SystemExit(f"train or read, not {what}")


if __name__ == "__main__":
    main()
