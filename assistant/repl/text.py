"""Text that is safe to put on a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator

from dialog.types import Reply

_KEPT = "\n\t"


def printable(text: str) -> str:
    """`text` without control characters: an echoed escape sequence must not command the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cs") else "�" for char in text)


def lines(reply: Reply) -> Iterator[str]:
    """A reply as lines of text: what is said, a picture's address, the answers on offer."""
    if reply.text:
        yield printable(reply.text)
    if reply.image:
        yield printable(reply.image)
    if reply.data and not (reply.text or reply.image):
        yield json.dumps(reply.data, ensure_ascii=False)
    if reply.buttons:
        yield printable(" ".join(f"[{button.get('title', '')}]" for button in reply.buttons))
