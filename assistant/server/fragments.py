"""Replies as the message objects of Rasa's channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dialog.types import Reply


def fragments(recipient: str, reply: Reply) -> Iterator[dict[str, Any]]:
    """The message objects of one reply, in order: text, custom data, image, attachment, elements.

    A blank line splits a text into several messages, unless buttons hang on it; an image is a message of its own.
    """
    data = dict(reply.data or {})
    attachment, elements = data.pop("attachment", None), data.pop("elements", None)
    if reply.buttons:
        buttons = [dict(button) for button in reply.buttons]
        yield {"recipient_id": recipient, "text": reply.text, "buttons": buttons}
    elif reply.text:
        for part in reply.text.strip().split("\n\n"):
            if part.strip():
                yield {"recipient_id": recipient, "text": part}
    if data:
        yield {"recipient_id": recipient, "custom": data}
    if reply.image:
        yield {"recipient_id": recipient, "image": reply.image}
    if attachment is not None:
        yield {"recipient_id": recipient, "attachment": attachment}
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, Mapping):
            yield _element(recipient, element)


def _element(recipient: str, element: Mapping[str, Any]) -> dict[str, Any]:
    text = f"{element.get('title', '')} : {element.get('subtitle', '')}"
    return {"recipient_id": recipient, "text": text, "buttons": list(element.get("buttons") or ())}
