"""Shopping, to-do and any other lists, kept per user. Removing many items or a whole list is confirmed first.

Options:
  default: the list that is meant when none is named and none was used before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialog.errors import ConfigError
from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins import numbers
from plugins.items import Request, clean_name, find_list, is_tasks, read, split_items
from plugins.proposals import proposals

MAX_LISTS, MAX_LENGTH, SPOKEN, MANY = 50, 200, 10, 3
_INTENTS = {"add": "lists_createoradd", "create": "lists_createoradd", "query": "lists_query", "lists": "lists_query"}
ALL = "*"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}

Lists = dict[str, list[str]]


def enumerate_items(items: Sequence[str]) -> str:
    """`milk, eggs and bread`."""
    last = ", and " if any(" and " in item for item in items) else " and "
    return last.join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _asked_items(turn: TurnContext, text: str, requested: bool) -> list[str] | None:
    """The items to add or remove; the whole text where they were just asked for."""
    found = read(text)
    if found is not None and found.action in ("create", "clear", "delete"):
        return [] if found.action == "create" else [ALL]
    if found is not None and found.action in ("add", "remove"):
        return list(found.items) or None
    if not requested:
        return None
    place = find_list(text.lower()) if len(text.lower()) == len(text) else None
    if place is not None:
        text = f"{text[: place.start]} {text[place.end :]}".strip()
    if re.fullmatch(r"(?:everything|all(?: of (?:it|them))?)[.!]?", text.strip().lower()):
        return [ALL]
    return list(split_items(text, is_tasks(place.name if place else ""))) or None


def _asked_list(turn: TurnContext, text: str, requested: bool) -> str | None:
    """The list that is named, or None for the usual one."""
    found = read(text)
    place = None if found else find_list(text.lower())
    name = found.name if found else place.name if place else ""
    if not name and found is None and not requested:
        name = next((clean_name(str(entity.value)) for entity in turn.entities("list_name")), "")
    return name or None


def _asked_name(turn: TurnContext, text: str, requested: bool) -> str | None:
    """What a new list without a name is to be called; the empty string where no name is needed."""
    if requested and turn.slots.get("requested_slot") == "lists_name":
        return (
            clean_name(re.sub(r"^(?:please )?(?:call it|name it|call the list|it's|its)\s+", "", text.lower())) or None
        )
    found = read(text)
    return None if found is not None and found.action == "create" and not found.name else ""


def _asked_whole(turn: TurnContext, text: str, requested: bool) -> str | None:
    found = read(text)
    return found.action if found is not None and found.action in ("clear", "delete") else None


def _confirm_removal(turn: TurnContext, items: list[str], where: str | None, whole: str | None) -> str | None:
    """Asked before a whole list or many items go."""
    named = f"your {where} list" if where else "the whole list"
    if whole == "delete":
        return f"Delete {named}?"
    if whole == "clear" or items == [ALL]:
        return f"Remove everything from {named if where else 'the list'}?"
    return f"Remove {enumerate_items(items)}?" if len(items) >= MANY else None


class ListKeeper(Skill):
    """Keeps lists."""

    name, domain = "lists", "lists"
    description = "I keep your shopping list, your to-do list and any other list."

    def __init__(self, default: str = "shopping") -> None:
        self._default = default

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes when the NLU saw another intent in a text that plainly names a list."""
        found = read(turn.text)
        wanted = _INTENTS.get(found.action, "lists_remove") if found else ""
        return proposals(self, turn, wanted, found is not None and found.explicit, unread=1.0)

    @intent(
        "lists_createoradd",
        slots=[
            Slot("items", ask="What should I add?", parse=_asked_items),
            Slot("where", parse=_asked_list, required=False),
            Slot("name", ask="What should I call the list?", parse=_asked_name),
        ],
        effects="reversible",
        amendable=True,
        examples=[
            "add milk and eggs to my shopping list",
            "put bread on the list",
            "add call the dentist to my to do list",
            "create a new list called party",
            "make a packing list",
            "add bananas to groceries",
            "start a new list",
            "i need to add coffee to my shopping list",
            "add mac and cheese, salt and butter to the grocery list",
            "put batteries on my hardware list please",
            "add buy stamps to my todo list",
            "can you add a dozen eggs to the shopping list",
        ],
    )
    async def add(self, turn: TurnContext, items: list[str], where: str | None, name: str) -> str:
        """Adds items, or makes a list."""
        lists = await self._load(turn)
        wanted = where or name or await self._usual(turn, lists)
        if wanted not in lists and len(lists) >= MAX_LISTS:
            return f"You have {len(lists)} lists already; please delete one first."
        before = lists.get(wanted)
        if not items:
            if before is not None:
                return f"You already have a list called {wanted}."
            self._save(turn, {**lists, wanted: []}, wanted, before)
            return f"I made a list called {wanted}."
        kept = before or []
        known = {item.casefold() for item in kept}
        new = [item for item in items if item.casefold() not in known]
        if len(kept) + len(new) > MAX_LENGTH:
            return f"Your {wanted} list is full."
        self._save(turn, {**lists, wanted: [*kept, *new]}, wanted, before)
        if not new:
            return (
                f"{_upper(enumerate_items(items))} {'is' if len(items) == 1 else 'are'} already on your {wanted} list."
            )
        return f"I added {enumerate_items(new)} to your {wanted} list."

    @intent(
        "lists_remove",
        slots=[
            Slot("items", ask="What should I remove?", parse=_asked_items),
            Slot("where", parse=_asked_list, required=False),
            Slot("whole", parse=_asked_whole, required=False),
        ],
        confirm=_confirm_removal,
        effects="reversible",
        amendable=True,
        examples=[
            "remove milk from my shopping list",
            "take eggs off the list",
            "clear my shopping list",
            "delete my party list",
            "cross off bread",
            "remove everything from the to do list",
            "check off call the dentist from my to do list",
            "get rid of the butter on the grocery list",
            "empty the shopping list",
            "remove item four from the list",
            "take the last item off my list",
            "delete coffee and tea from groceries",
        ],
    )
    async def remove(self, turn: TurnContext, items: list[str], where: str | None, whole: str | None) -> str:
        """Removes items, or a whole list."""
        lists = await self._load(turn)
        wanted = where or await self._usual(turn, lists)
        if wanted not in lists:
            return self._no_list(lists, wanted)
        before = lists[wanted]
        if whole == "delete":
            self._save(turn, {name: kept for name, kept in lists.items() if name != wanted}, wanted, before)
            return f"I deleted your {wanted} list."
        if not before:
            return f"Your {wanted} list is empty already."
        if whole == "clear" or items == [ALL]:
            self._save(turn, {**lists, wanted: []}, wanted, before)
            return f"I cleared your {wanted} list."
        gone = [match for item in items if (match := find_item(before, item)) is not None]
        missing = [item for item in items if find_item(before, item) is None]
        if not gone:
            return f"I did not find {enumerate_items(missing)} on your {wanted} list."
        self._save(turn, {**lists, wanted: [item for item in before if item not in gone]}, wanted, before)
        lacking = f" {_upper(enumerate_items(missing))} I did not find." if missing else ""
        return f"I removed {enumerate_items(gone)} from your {wanted} list.{lacking}"

    @intent(
        "lists_query",
        examples=[
            "what is on my shopping list",
            "read my to do list",
            "what lists do i have",
            "do i have milk on my list",
            "show me the grocery list",
            "how many items are on my list",
            "what's on the list",
            "is there any coffee on the shopping list",
            "tell me my to do list",
            "read back my packing list",
            "which lists do i have",
            "what do i have on my party list",
        ],
    )
    async def query(self, turn: TurnContext) -> str | Reply:
        """Says what is on a list, or which lists there are."""
        lists = await self._load(turn)
        found = read(turn.text) or Request("query", _asked_list(turn, turn.text, False) or "")
        if found.action == "lists":
            names = enumerate_items(list(lists))
            return (
                f"You have {'a list' if len(lists) == 1 else 'lists'} for {names}."
                if lists
                else "You have no lists yet."
            )
        wanted = found.name or await self._usual(turn, lists)
        if wanted not in lists:
            return self._no_list(lists, wanted)
        items = lists[wanted]
        if found.action == "query" and found.items:
            match = find_item(items, found.items[0])
            said, on = ("Yes", "is on") if match else ("No", "is not on")
            return f"{said}, {match or found.items[0]} {on} your {wanted} list."
        turn.memory.set("last", wanted)
        if not items:
            return f"Your {wanted} list is empty."
        if len(items) <= SPOKEN:
            return f"On your {wanted} list: {enumerate_items(items)}."
        start = f"On your {wanted} list are {len(items)} items: "
        spoken = f"{start}{', '.join(items[:SPOKEN])}, and {len(items) - SPOKEN} more."
        return Reply(f"{start}{enumerate_items(items)}.", spoken=spoken)

    async def _load(self, turn: TurnContext) -> Lists:
        """The user's lists; a correction starts from what was there before the corrected change."""
        lists: Lists = await turn.memory.get("lists", {})
        undo = await turn.memory.get("undo", {})
        if turn.amends is not None and undo:
            if undo["before"] is None:
                lists.pop(undo["name"], None)
            else:
                lists[undo["name"]] = undo["before"]
        return lists

    async def _usual(self, turn: TurnContext, lists: Lists) -> str:
        """The list that is meant without a name: the last one used, the only one, or the default."""
        last = str(await turn.memory.get("last", ""))
        return last if last in lists else next(iter(lists)) if len(lists) == 1 else self._default

    @staticmethod
    def _save(turn: TurnContext, lists: Lists, name: str, before: list[str] | None) -> None:
        turn.memory.set("lists", lists)
        turn.memory.set("last", name)
        turn.memory.set("undo", {"name": name, "before": before})

    @staticmethod
    def _no_list(lists: Lists, wanted: str) -> str:
        others = f" You have {enumerate_items(list(lists))}." if lists else ""
        return f"You have no {wanted} list.{others}"


def find_item(items: Sequence[str], said: str) -> str | None:
    """The item that is meant: by name, by a number or `last`, in singular or plural, or by a part that only one has."""
    wanted = said.casefold()
    place = re.fullmatch(
        r"(?:the )?(?:item|number|entry)(?: number)? (?P<after>.+)|(?:the )?(?P<before>\w+)(?: one| item| entry)",
        wanted,
    )
    if place and items:
        word = place["after"] or place["before"]
        number = numbers.parse_number(word) or _ORDINALS.get(word, len(items) if word == "last" else 0)
        if number == int(number) and 0 < number <= len(items):
            return items[int(number) - 1]
    folded = {item.casefold(): item for item in items}
    for form in (wanted, f"{wanted}s", wanted.removesuffix("s"), f"{wanted}es", wanted.removesuffix("es")):
        if form in folded:
            return folded[form]
    parts = [item for item in items if re.search(rf"\b{re.escape(wanted.removesuffix('s'))}", item.casefold())]
    return parts[0] if len(parts) == 1 else None


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The list skill. Raises `ConfigError` for an unknown option."""
    unknown = [key for key in config if key != "default"]
    if unknown:
        raise ConfigError(f"plugins.lists.options: unknown keys {', '.join(unknown)}")
    return [ListKeeper(str(config.get("default", "shopping")))]
