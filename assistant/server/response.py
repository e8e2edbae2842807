"""One response of the Realtime protocol: its events from `response.created` to `response.done`."""

from __future__ import annotations

from typing import Any

from assistant.server.outbox import Outbox
from dialog.types import Reply


class Response:
    """Turns reply parts into events. A turn's replies are the content parts of one assistant message.

    Buttons, images and further data, which the protocol has no place for, ride on the content part as `buttons`,
    `image` and `data`.
    """

    def __init__(self, outbox: Outbox, conversation: str, metadata: Any = None) -> None:
        self._outbox = outbox
        self._conversation = conversation
        self._metadata = metadata
        self.id = outbox.new_id("resp")
        self._output: list[dict[str, Any]] = []
        self._item: dict[str, Any] | None = None
        self._previous: str | None = None

    async def begin(self) -> None:
        """Announce the response."""
        await self._outbox.post("response.created", response=self._shown("in_progress"))

    def after(self, item_id: str) -> None:
        """The message that comes next answers this item."""
        self._previous = item_id

    async def say(self, reply: Reply) -> None:
        """One reply part: a content part of the current message, which is opened where there is none."""
        if self._item is None:
            await self._open()
        assert self._item is not None
        where = {
            "response_id": self.id,
            "item_id": self._item["id"],
            "output_index": len(self._output),
            "content_index": len(self._item["content"]),
        }
        part = _part(reply)
        post = self._outbox.post
        await post("response.content_part.added", **where, part={"type": "output_text", "text": ""})
        if reply.text:
            await post("response.output_text.delta", **where, delta=reply.text)
        await post("response.output_text.done", **where, text=reply.text)
        await post("response.content_part.done", **where, part=part)
        self._item["content"].append(part)

    async def _open(self) -> None:
        self._item = {
            "id": self._outbox.new_id("item"),
            "object": "realtime.item",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        shown = {**self._item, "content": []}
        await self._outbox.post(
            "response.output_item.added", response_id=self.id, output_index=len(self._output), item=shown
        )
        await self._outbox.post("conversation.item.added", previous_item_id=self._previous, item=shown)

    async def close_item(self, status: str = "completed") -> None:
        """The current message is complete (or was cut off: `incomplete`)."""
        if self._item is None:
            return
        item, self._item = {**self._item, "status": status}, None
        await self._outbox.post(
            "response.output_item.done", response_id=self.id, output_index=len(self._output), item=item
        )
        await self._outbox.post("conversation.item.done", previous_item_id=self._previous, item=item)
        self._output.append(item)
        self._previous = item["id"]

    async def end(self, status: str = "completed", details: dict[str, Any] | None = None) -> None:
        """Close what is open and say how it ended: completed, cancelled or failed."""
        await self.close_item("completed" if status == "completed" else "incomplete")
        await self._outbox.post("response.done", response=self._shown(status, details))

    def _shown(self, status: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": {"type": status, **details} if details else None,
            "output": list(self._output),
            "output_modalities": ["text"],
            "conversation_id": self._conversation,
            "metadata": self._metadata,
        }


def _part(reply: Reply) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": reply.text}
    if reply.buttons:
        part["buttons"] = [dict(button) for button in reply.buttons]
    if reply.image:
        part["image"] = reply.image
    if reply.data is not None:
        part["data"] = dict(reply.data)
    return part
