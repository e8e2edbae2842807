"""The command line. Each command is a module of `assistant.commands` that is only imported when it is used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from dialog.errors import AssistantError, ConfigError

COMMANDS = {
    "init": "make a small assistant of your own",
    "chat": "talk with the assistant in the terminal",
    "serve": "answer over REST and websocket",
    "parse": "show what is understood of a text",
    "test": "run conversation tests",
    "config": "check the configuration and explain it",
    "plugin": "list, check or start a plugin",
    "models": "list, add and exchange versions of models",
    "learn": "make a version of the routing policy from the log",
    "promote": "put a version of the routing policy in force, or on trial",
    "rollback": "put the routing policy in force that was before",
    "policy": "list and show versions of the routing policy",
    "cases": "keep examples of decisions that must, or must not, come back",
    "products": "bring, list, show and delete what product questions are answered from",
    "export": "write out everything that is known of a user",
    "erase": "erase everything that is known of a user",
    "train": "train a part of the assistant",
    "eval": "evaluate a trained part",
    "bench": "run a benchmark",
}
#: Names that are taken, for commands that this version does not have.
RESERVED = ("replay", "quality")

FAILED, USAGE, INTERNAL, INTERRUPTED, PIPE = 1, 2, 70, 130, 141


class Command(Protocol):
    """What a module of `assistant.commands` has."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the result is the exit code. Raises `AssistantError` for what the user can mend."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, 0 only on success."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an emoji must not end the program where the terminal has none
    if not arguments or arguments[0].startswith("-"):
        return _top(arguments)
    name, *rest = arguments
    if name in RESERVED:
        return _complain(f"assistant {name}: not in this version", USAGE)
    if name not in COMMANDS:
        return _complain(f"assistant: unknown command {name!r}{_nearest(name)} (see assistant --help)", USAGE)
    try:
        command: Command = importlib.import_module(f"assistant.commands.{name}")
        parser = argparse.ArgumentParser(f"assistant {name}", description=f"{COMMANDS[name].capitalize()}.")
        command.configure(parser)
        code = command.run(parser.parse_args(rest))
        _flush()
        return code
    except ConfigError as error:
        return _complain(str(error), FAILED)  # begins with file and line, so that an editor finds the place
    except AssistantError as error:
        return _complain(f"assistant {name}: {error}", FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains on its way out
        return PIPE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"assistant {name}: {where}{error.strerror or error}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # a user must not see a traceback; a developer can ask for it
        if os.environ.get("ASSISTANT_DEBUG"):
            raise
        hint = "set ASSISTANT_DEBUG=1 for the traceback"
        return _complain(f"assistant {name}: internal error: {type(error).__name__}: {error} ({hint})", INTERNAL)


def _top(arguments: list[str]) -> int:
    listed = "\n".join(f"  {name:<10}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        "assistant",
        usage="assistant COMMAND [ARGUMENTS]",
        description="A conversational assistant that learns from its own conversations.",
        epilog=f"commands:\n{listed}\n\nassistant COMMAND --help tells more about a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    args = parser.parse_args(arguments)
    if args.version:
        from importlib.metadata import version

        print(f"assistant {version('learning-assistant')}")
        return 0
    parser.print_help(sys.stderr)
    return USAGE


def _nearest(name: str) -> str:
    import difflib

    found = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _complain(message: str, code: int) -> int:
    _flush()
    print(message, file=sys.stderr)
    return code


def _flush() -> None:
    if sys.stdout is not None:  # None where the program was started without one
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
