"""What the Tab key offers: slash commands and example phrases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from assistant.repl.slash import COMMANDS

_OFFERED = 30


class PhraseCompleter(Completer):
    """Completes a line with slash commands, or with whole example phrases that begin alike.

    examples: gives the phrases by intent; asked each time the set of plugins may have changed.
    """

    def __init__(self, examples: Callable[[], Mapping[str, Sequence[str]]]) -> None:
        self._examples = examples
        self.refresh()

    def refresh(self) -> None:
        """Read the phrases again, after a reload."""
        phrases = (phrase for group in self._examples().values() for phrase in group)
        self._phrases = sorted({phrase.strip() for phrase in phrases}, key=str.lower)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Offers for the text before the cursor."""
        text = document.text_before_cursor.lstrip()
        if text.startswith("/"):
            for name, (meaning, _) in COMMANDS.items():
                if f"/{name}".startswith(text):
                    yield Completion(f"/{name}", start_position=-len(text), display_meta=meaning)
            return
        start = text.lower()
        found = (phrase for phrase in self._phrases if phrase.lower().startswith(start) and phrase.lower() != start)
        for phrase, _ in zip(found, range(_OFFERED), strict=False):
            yield Completion(phrase, start_position=-len(text))
