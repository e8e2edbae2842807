"""All schemas by name, how often each family is drawn, and which schemas are held out."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from plugins.math.training.synthetic import story
from plugins.math.training.synthetic.schema import Schema
from plugins.math.training.synthetic.texts import entries

#: How often each family is drawn; within a family all schemas alike.
FAMILIES = {
    "story1": 12,
    "story2": 20,
    "story3": 12,
    "story4": 2,
    "change": 10,
    "combine": 8,
    "compare": 10,
    "groups": 16,
    "money": 18,
    "measure": 12,
    "age": 3,
    "parts": 6,
    "people": 12,
}
_HELD_OUT = """
start_before_equal_losses part_of_three total_with_fewer times_and_more difference_of_products groups_kept
change_from_two how_many_with_gift wage_two_days two_rates pages_rest_days average_three on_and_off rows_left
percent_rest unit_price place_loss_gain age_older
"""
_SHARE = 12


def _written() -> Iterator[Schema]:
    for family in FAMILIES:
        if family.startswith("story"):
            continue
        for entry in entries(family):
            yield Schema(
                name=entry.name,
                family=family,
                formula=entry.formula,
                numbers=entry.numbers,
                story=entry.story,
                ask=entry.ask,
                whole="cents" not in entry.options,
                distract=entry.options.get("distract", "other"),
                kinds=entry.kinds,
                checks=tuple(entry.options.get("check", "").split()),
            )


ALL = {schema.name: schema for schema in (*_written(), *story.schemas())}
#: Every schema's name and its family.
SCHEMAS = {name: schema.family for name, schema in ALL.items()}
#: Schemas that nothing is trained on: whether a solver carries over to situations it has not met.
HELD_OUT = frozenset(_HELD_OUT.split()) | {name for name in ALL if "+" in name and crc32(name.encode()) % _SHARE == 0}
