"""`assistant serve`: answer over REST and websocket."""

from __future__ import annotations

import argparse
import asyncio
import sys

from assistant.commands.options import add_config, configuration
from assistant.config import Config


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant serve`."""
    add_config(parser)
    parser.add_argument("--host", help="address to listen on; beyond the loopback a token is required")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 after a graceful shutdown. Raises `AssistantError` when it cannot start."""
    changes = {"server.host": args.host, "server.port": args.port}
    config = configuration(args, {key: value for key, value in changes.items() if value is not None})
    asyncio.run(_serve(config))
    return 0


async def _serve(config: Config) -> None:
    from assistant.app import Assistant
    from assistant.server.app import create_app
    from assistant.server.listener import Listener, bind, url_of
    from assistant.server.settings import ServerSettings

    settings = ServerSettings.from_config(config.server)
    app = create_app(lambda: Assistant(config), settings)
    with bind(settings) as listening:  # before the models are loaded: a taken port is told at once
        async with app.router.lifespan_context(app):
            listener = Listener(app, settings)
            where = url_of(listening)
            print(f"{config.assistant.name} listens on {where} (Ctrl+C ends it)", file=sys.stderr, flush=True)
            await listener.serve(sockets=[listening])
