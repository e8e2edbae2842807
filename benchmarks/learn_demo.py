"""A data folder to try learning on: chats with thumbs from simulated users. `python -m benchmarks.learn_demo DIR`.

The real shipped assistant answers, with two more skills in DIR/skills. Both say that they can play music and radio
stations, so the first policy draws between them by lot. The player is right whenever music is wanted, and plays a song
where a station is wanted; the radio is right about stations, and tunes in to one where music is wanted. Users: four of
five requests are for music or a station, the others for the time, sums and units; after three of five answers they type
/good or /bad, and one thumb in ten is the opposite of what they mean.

DIR gets config.yml, the skills and the log; everything is drawn from --seed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.app import Assistant
from assistant.config import load
from assistant.repl.chat import Chat
from benchmarks.common import Steps
from dialog.errors import AssistantError

SKILLS = '''"""Two skills that can play music and radio stations."""

from dialog.plugin import hookimpl
from dialog.skill import Skill, intent


class Player(Skill):
    name, domain, description = "player", "music", "Plays music: songs, artists and genres."

    @intent("play_music", examples=["play some jazz", "play a song by nina simone"])
    async def music(self, turn):
        yield "Playing that from your library."

    @intent("play_radio", examples=["play radio four"])
    async def radio(self, turn):
        yield "Playing a song with that name."


class Radio(Skill):
    name, domain, description = "radio", "music", "Plays radio stations."

    @intent("play_radio", examples=["tune in to a radio station"])
    async def radio(self, turn):
        yield "Tuning in to that station."

    @intent("play_music", examples=["play something"])
    async def music(self, turn):
        yield "Tuning in to a station that may play that."


@hookimpl
def skills(config):
    return [Player(), Radio()]
'''
CONFIG = """\
assistant:
  data_dir: {data}
plugin_folder: skills
plugins:
  routing:
    options:
      replication:
        default: {{min: 0.95}}      # of its decisions a new policy must repeat at least so much, for every request
        by_domain:
          music: {{min: 0.6}}       # here it may change more
"""
#: What is said, and what the answer must hold to be right.
MUSIC = ("play some {genre}", "play {genre} music please", "put on some {genre} by {name}", "i want to hear {genre}",
         "play a {genre} song")  # fmt: skip
RADIO = ("play radio {station}", "tune in to radio {station}", "turn on the radio station {station}")
OTHERS = (("what time is it in {city}", ""), ("what is {n} plus {n}", ""), ("how many feet are in {n} miles", ""))
WORDS = {
    "genre": ("jazz", "rock", "blues", "soul", "folk", "techno", "classical", "reggae", "metal", "disco"),
    "name": ("nina simone", "miles davis", "the beatles", "bob marley", "aretha franklin"),
    "station": ("one", "two", "four", "berlin", "luxembourg", "paradise"),
    "city": ("tokyo", "paris", "berlin", "oslo", "lima", "cairo"),
}
TURNS, THUMBS, SLIPS = 8, 0.6, 0.1


def prepare(folder: Path) -> Path:
    """Write configuration and skills; gives the configuration. Raises `AssistantError` where there is one already."""
    path = folder / "config.yml"
    if path.exists():
        raise AssistantError(f"{path} exists already; choose an empty folder")
    (folder / "skills").mkdir(parents=True, exist_ok=True)
    (folder / "skills" / "music.py").write_text(SKILLS, encoding="utf-8")
    path.write_text(CONFIG.format(data=folder.resolve() / "data"), encoding="utf-8")
    return path


def request(draw: random.Random) -> tuple[str, str]:
    """Something to say, and what a right answer contains."""
    kind = draw.random()
    text, right = (
        (draw.choice(MUSIC), "Playing that") if kind < 0.5 else (draw.choice(RADIO), "that station") if kind < 0.8
        else draw.choice(OTHERS)
    )  # fmt: skip
    for name, words in WORDS.items():
        text = text.replace(f"{{{name}}}", draw.choice(words))
    while "{n}" in text:
        text = text.replace("{n}", str(draw.randint(2, 99)), 1)
    return text, right


async def talk(assistant: Assistant, number: int, turns: int, seed: int, told: Callable[[], None]) -> Counter[str]:
    """One conversation of one user, as `assistant chat` leads it; counts answers and thumbs."""
    draw = random.Random(f"{seed}/{number}")
    chat = Chat(assistant, f"user{number % 20}", f"talk-{number}")
    counted: Counter[str] = Counter()
    for _ in range(turns):
        text, right = request(draw)
        said = " ".join([reply.text async for reply in chat.say(text)])
        good = right in said
        counted["right" if good else "wrong"] += 1
        if draw.random() < THUMBS:
            good = good if draw.random() >= SLIPS else not good
            await chat.reward(float(good))
            counted["/good" if good else "/bad"] += 1
        told()
    return counted


async def chats(config: Path, turns: int, seed: int) -> Counter[str]:
    """All conversations, some at once."""
    found: Counter[str] = Counter()
    lengths = [min(TURNS, turns - start) for start in range(0, turns, TURNS)]
    with Steps(turns).shown() as steps:
        steps.begin("chats")
        async with Assistant(load(config, {"log": {"durability": "normal"}})) as assistant:
            for start in range(0, len(lengths), 16):
                some = enumerate(lengths[start : start + 16], start)
                for one in await asyncio.gather(*(talk(assistant, k, n, seed, steps.done) for k, n in some)):
                    found += one
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Make the folder and say what to do with it."""
    parser = argparse.ArgumentParser("python -m benchmarks.learn_demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="an empty folder")
    parser.add_argument("--turns", type=int, default=8000, help="turns of all users together (default: 8000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.turns < 1:
        parser.error("--turns: at least 1 is needed")
    try:
        config = prepare(args.folder)
        counted = asyncio.run(chats(config, args.turns, args.seed))
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    thumbs = ", ".join(f"{counted[name]} {name}" for name in ("/good", "/bad"))
    print(f"{args.turns} turns, {counted['right'] / args.turns:.1%} answered rightly; {thumbs}")
    print(f"next: cd {os.fspath(args.folder)} && assistant learn")
    return 0


if __name__ == "__main__":
    sys.exit(main())
