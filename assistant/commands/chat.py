"""`assistant chat`: talk with the assistant in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import sys

from assistant.commands.options import add_config, clean, configuration
from assistant.config import Config

_STDIN = 0  # the descriptor: `sys.stdin` is None where the program was started without one


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant chat`."""
    add_config(parser)
    parser.add_argument("--user", default="user", help="who is speaking (default: user)")
    parser.add_argument("--conversation", help="conversation to go on with (default: one for each user)")
    parser.add_argument(
        "--plain", action="store_true", help="one line in, the reply out (default where stdin is not a terminal)"
    )


def run(args: argparse.Namespace) -> int:
    """Chat until the input ends."""
    user = clean(args.user)
    conversation = clean(args.conversation) if args.conversation else f"chat-{user}"
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    asyncio.run(_chat(configuration(args), user, conversation, args.plain or not terminal))
    return 0


async def _chat(config: Config, user: str, conversation: str, plain: bool) -> None:
    from assistant.app import Assistant
    from assistant.repl.chat import Chat

    async with Assistant(config) as assistant:
        chat = Chat(assistant, user, conversation)
        if plain:
            from assistant.repl.plain import run as run_plain

            await run_plain(chat, _STDIN)
        else:
            from assistant.repl.terminal import Terminal

            await Terminal(chat).run()
