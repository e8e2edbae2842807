from __future__ import annotations

import pytest

from dialog.errors import ConfigError
from plugins import lists
from plugins.items import Request, read, split_items
from plugins.lists import find_item
from tests.plugins.talk import talk

SCRIPT = {
    r"^(what|read|do i|is there|show)": {"lists_query": 0.9},
    r"^(remove|delete|clear|take|cross|get rid)": {"lists_remove": 0.9},
    r"^(add|put|create|make|start|we need)": {"lists_createoradd": 0.9},
    r"play": {"play_music": 0.9},
}


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("add milk and eggs to my shopping list", Request("add", "shopping", ("milk", "eggs"), True)),
        ("on my grocery list please add oranges", Request("add", "grocery", ("oranges",), True)),
        ("add to my shopping list apples, pears and a dozen eggs",
         Request("add", "shopping", ("apples", "pears", "dozen eggs"), True)),
        ("add Aunt Mary's Cake to my Party list", Request("add", "party", ("Aunt Mary's Cake",), True)),
        ("put clean dog at the top of the cleaning list", Request("add", "cleaning", ("clean dog",), True)),
        ("update my list with shoes", Request("add", "", ("shoes",), True)),
        ("add an item to the list", Request("add", "", (), True)),
        ("add milk to groceries", Request("add", "grocery", ("milk",), True)),
        ("make a shopping list with milk, bread and eggs", Request("add", "shopping", ("milk", "bread", "eggs"), True)),
        ("create a new list called party", Request("create", "party", (), True)),
        ("make a new list", Request("create", "", (), True)),
        ("take eggs off the list", Request("remove", "", ("eggs",), True)),
        ("clear everything off my list", Request("clear", "", (), True)),
        ("remove everything from my to-do list", Request("clear", "to do", (), True)),
        ("delete my shopping list", Request("delete", "shopping", (), True)),
        ("what's on the to-do list", Request("query", "to do", (), True)),
        ("is there any milk on the list", Request("query", "", ("milk",), True)),
        ("what lists do i have", Request("lists", "", (), True)),
        ("list all of my alarms", None),
        ("open the playlist", None),
        ("", None),
        ("\x00\u202elist", None),
    ],
)  # fmt: skip
def test_reading(text: str, request_: Request | None) -> None:
    assert read(text) == request_


def test_lists_of_other_skills_are_not_claimed() -> None:
    found = read("add this song to my music list")
    assert found is not None and not found.explicit


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("mac and cheese, salt and pepper and bread", ("mac and cheese", "salt and pepper", "bread")),
        ("milk, eggs, and some butter please", ("milk", "eggs", "butter")),
        ("milk & milk", ("milk",)),
        ("Fish and Chips", ("Fish and Chips",)),
        (" , and ,, ", ()),
    ],
)
def test_splitting(text: str, items: tuple[str, ...]) -> None:
    assert split_items(text) == items


def test_tasks_are_split_before_verbs_only() -> None:
    assert split_items("call bill and sue and buy flowers", tasks=True) == ("call bill and sue", "buy flowers")


def test_finding_items() -> None:
    items = ["milk", "brown bread", "eggs", "white bread"]
    assert find_item(items, "Egg") == "eggs"
    assert find_item(items, "item two") == "brown bread"
    assert find_item(items, "the last one") == "white bread"
    assert find_item(items, "white") == "white bread"
    assert find_item(items, "bread") is None  # two of them
    assert find_item([], "last item") is None


async def test_a_whole_conversation(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        assert await t.say("what is on my shopping list") == "You have no shopping list."
        assert await t.say("add milk and eggs to my shopping list") == "I added milk and eggs to your shopping list."
        assert await t.say("what is on my shopping list") == "On your shopping list: milk and eggs."
        assert await t.say("put milk on the list") == "Milk is already on your shopping list."
        assert await t.say("add call mum and dad to my to do list") == "I added call mum and dad to your to do list."
        assert await t.say("what lists do i have") == "You have lists for shopping and to do."
        assert await t.say("do i have eggs on my shopping list") == "Yes, eggs is on your shopping list."
        assert await t.say("remove egg from the shopping list") == "I removed eggs from your shopping list."
        assert await t.say("remove caviar from the shopping list") == "I did not find caviar on your shopping list."


async def test_missing_items_and_names_are_asked_for(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        assert await t.say("add an item to my shopping list") == "What should I add?"
        assert await t.say("milk and bread") == "I added milk and bread to your shopping list."
        assert await t.say("make a new list") == "What should I call the list?"
        assert await t.say("call it camping") == "I made a list called camping."
        assert await t.say("create a list called camping") == "You already have a list called camping."


async def test_corrections_replace_what_was_done(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        await t.say("add bread to my shopping list")
        await t.say("add milk to my shopping list")
        assert await t.say("no, oat milk") == "I added oat milk to your shopping list."
        assert await t.say("actually to my party list") == "I added oat milk to your party list."
        assert await t.say("what is on my shopping list") == "On your shopping list: bread."
        assert await t.say("remove bread from my shopping list") == "I removed bread from your shopping list."
        assert await t.say("wait, i mean butter") == "I did not find butter on your shopping list."


async def test_removing_much_is_confirmed(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        await t.say("add milk, eggs, bread and tea to my shopping list")
        assert await t.say("clear my shopping list") == "Remove everything from your shopping list?"
        assert await t.say("no") == "Okay, I won't."
        assert await t.say("remove milk, eggs and bread from the list") == "Remove milk, eggs and bread?"
        assert await t.say("yes please") == "I removed milk, eggs and bread from your shopping list."
        assert await t.say("clear my shopping list") == "Remove everything from your shopping list?"
        assert await t.say("yes") == "I cleared your shopping list."
        assert await t.say("what's on my list") == "Your shopping list is empty."
        assert await t.say("delete my shopping list") == "Delete your shopping list?"
        assert await t.say("yes") == "I deleted your shopping list."
        assert await t.say("what lists do i have") == "You have no lists yet."


async def test_lists_outlive_the_process_and_belong_to_one_user(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        await t.say("add milk to my shopping list")
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        assert await t.say("what is on my list") == "On your shopping list: milk."
        t.user = "bob"
        assert await t.say("what is on my shopping list") == "You have no shopping list."


async def test_a_plain_request_for_a_list_wins_over_a_wrong_label(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], {"": {"play_music": 0.9}}) as t:
        turn = await t.turn("add milk to my shopping list")
        (candidate,) = turn.decision.candidates
        assert (candidate.intent, candidate.features["parsed"]) == ("lists_createoradd", 1.0)


async def test_limits_and_odd_input(tmp_path) -> None:
    async with talk(tmp_path, ["lists"], SCRIPT) as t:
        many = ", ".join(f"thing {number}" for number in range(80))
        said = await t.say(f"add {many} to my shopping list")
        assert said.startswith("I added thing 0,")
        turn = await t.turn("what is on my shopping list")
        assert turn.replies[0].spoken is not None and turn.replies[0].spoken.endswith("40 more.")
        await t.say("add \u202e\U0001f95b \u05d7\u05dc\u05d1 to my shopping list")
        assert "\u05d7\u05dc\u05d1" in await t.say("what is on my shopping list")


def test_options_are_checked() -> None:
    with pytest.raises(ConfigError, match="defualt"):
        lists.skills({"defualt": "x"})
