"""What skills keep about users: cached per user, written with the turn's commit, never seen half-done."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from dialog.errors import PluginError
from dialog.log.records import MemoryWrite

Loader = Callable[[str], Awaitable[Mapping[tuple[str, str], Any]]]


class UserMemory:
    """All that is kept about one user, as JSON text, so that no skill can change it by accident."""

    def __init__(self, values: Mapping[tuple[str, str], Any]) -> None:
        self.values = {key: json.dumps(value) for key, value in values.items()}
        self.lock = asyncio.Lock()

    def get(self, skill: str, key: str, default: Any = None) -> Any:
        """A fresh copy of one value."""
        text = self.values.get((skill, key))
        return default if text is None else json.loads(text)

    def apply(self, writes: Iterable[MemoryWrite]) -> None:
        """Take over what has been committed."""
        for write in writes:
            if write.value is None:
                self.values.pop((write.skill, write.key), None)
            else:
                self.values[write.skill, write.key] = json.dumps(write.value)


class Users:
    """The users in memory, least recently used first out; never one whose lock is held."""

    def __init__(self, load: Loader, limit: int) -> None:
        self._load = load
        self._limit = limit
        self._users: OrderedDict[str, UserMemory] = OrderedDict()
        self._loading: dict[str, asyncio.Task[UserMemory]] = {}

    async def get(self, user_id: str) -> UserMemory:
        """The memory of a user, read from the log when it is not here."""
        user = self._users.get(user_id)
        if user is None:
            task = self._loading.get(user_id)
            if task is None:
                task = self._loading[user_id] = asyncio.create_task(self._read(user_id))
            user = await asyncio.shield(task)
        else:
            self._users.move_to_end(user_id)
        return user

    def forget(self, user_id: str) -> None:
        """Drop a user from memory, after an erasure."""
        self._users.pop(user_id, None)

    async def _read(self, user_id: str) -> UserMemory:
        try:
            user = self._users[user_id] = UserMemory(await self._load(user_id))
        finally:
            self._loading.pop(user_id, None)
        for name in [name for name, held in self._users.items() if not held.lock.locked()]:
            if len(self._users) <= self._limit:
                break
            if name != user_id:
                del self._users[name]
        return user


class TurnMemory:
    """A skill's memory within one turn: reads lock the user until the turn ends, writes wait for the commit."""

    def __init__(self, user: UserMemory, skill: str, take_lock: Callable[[], Awaitable[None]]) -> None:
        self._user = user
        self._skill = skill
        self._take_lock = take_lock
        self.writes: dict[tuple[str, str], MemoryWrite] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`; takes this user's lock on first use."""
        await self._take_lock()
        return self.peek(self._skill, key, default)

    def peek(self, skill: str, key: str, default: Any = None) -> Any:
        """Read without the lock, this turn's own writes first."""
        write = self.writes.get((skill, key))
        if write is not None:
            return default if write.value is None else json.loads(json.dumps(write.value))
        return self._user.get(skill, key, default)

    def set(self, key: str, value: Any, skill: str | None = None) -> None:
        """Write `key` with the commit. Raises `PluginError` when the value is not JSON."""
        owner = skill or self._skill
        try:
            value = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise PluginError(f"skill {owner!r}: the value of {key!r} is not JSON: {error}") from None
        self.writes[owner, key] = MemoryWrite(owner, key, value)
