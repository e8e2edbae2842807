"""What weights of beams say for an answer, and rules that put beams together without training."""

from __future__ import annotations

import pytest

from plugins.math import rules
from plugins.math.beams import masses, weighing
from plugins.math.evidence import features
from plugins.math.groups import grouped
from plugins.math.template import template_of
from tests.plugins.math.beam_channels import says

TEMPLATE = template_of("Tom had 9 marbles and 5 cards. He gave away 4 marbles. How many marbles are left?")


def test_weights_of_one_answer_add_up_and_the_likeliest_is_first() -> None:
    found = [
        says("relation", TEMPLATE, "A-C", 0.7),
        says("relation", TEMPLATE, "A-B", 0.2),
        says("relation", TEMPLATE, "A+B-B-C", 0.05),
        says("sequence", TEMPLATE, "A-B", 0.6),
    ]
    groups = grouped(found, TEMPLATE)
    five = next(index for index, group in enumerate(groups) if group.answer == 5)
    four = 1 - five
    assert weighing(groups) == ["relation", "sequence"]
    assert masses(groups, "relation")[five] == pytest.approx(0.75)
    rows = features(groups, TEMPLATE, [one.channel for one in found])
    assert rows[five]["relation: first"] == 1 and rows[five]["sequence: first"] == 0
    assert rows[five]["relation: lead"] == pytest.approx(0.55) and rows[four]["relation: lead"] == pytest.approx(-0.55)
    assert rows[five]["sequence: mass"] == 0 and rows[four]["sequence: log mass"] > 0.9
    assert rows[five]["relation & sequence: first"] == 0 == rows[five]["first of all"]
    assert rows[four]["relation & sequence: log mass"] == pytest.approx(rows[four]["relation: log mass"])
    assert rows[four]["number unused"] == 1, "the share is by weight, and all of it leaves C alone"
    assert 0 < rows[five]["number unused"] <= 1


def test_channels_without_an_opinion_have_no_such_features() -> None:
    found = [says("algebraic", TEMPLATE, "A-C"), says("python", TEMPLATE, "A-B")]
    rows = features(grouped(found, TEMPLATE), TEMPLATE, [one.channel for one in found])
    assert not [name for row in rows for name in row if "mass" in name or "first" in name or name == "operators"]
    assert all(row["number unused"] == 1 for row in rows)
    both = [*found, says("relation", TEMPLATE, "A-C", 0.9)]
    rows = features(grouped(both, TEMPLATE), TEMPLATE, [one.channel for one in both])
    named = {name for row in rows for name in row if name.endswith("mass")}
    assert named == {"relation: mass", "relation: log mass", "against relation: log mass"}


def test_rules_choose_by_sum_product_and_number_of_channels() -> None:
    found = [
        says("one", TEMPLATE, "A-C", 0.9),
        says("two", TEMPLATE, "A-B", 0.4),
        says("two", TEMPLATE, "A-C", 0.01),
        says("three", TEMPLATE, "A-B", 0.3),
        says("three", TEMPLATE, "A-C", 0.2),
    ]
    groups = grouped(found, TEMPLATE)
    five = next(index for index, group in enumerate(groups) if group.answer == 5)

    def chosen(rule: rules.Rule) -> int:
        shares = rule(groups)
        assert all(0 <= share <= 1 for share in shares)
        return shares.index(max(shares))

    assert chosen(rules.single("one")) == chosen(rules.summed) == chosen(rules.multiplied) == five
    assert chosen(rules.single("two")) == chosen(rules.majority) == 1 - five
    assert rules.single("absent")(groups) == [0, 0]


def test_rules_on_channels_without_weights_say_nothing() -> None:
    groups = grouped([says("algebraic", TEMPLATE, "A-C")], TEMPLATE)
    assert rules.summed(groups) == rules.multiplied(groups) == [0.0] == rules.majority(groups)
