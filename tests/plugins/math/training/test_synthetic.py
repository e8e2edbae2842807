"""Generated word problems: their formula gives their answer, their English agrees, nothing is left open."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialog.errors import AssistantError
from plugins.math.solver.inputs import masked
from plugins.math.solver.symbols import CONSTANTS, MAX_OPERATORS, OPERATORS, operators, value
from plugins.math.template import template_of
from plugins.math.training.problem import check
from plugins.math.training.synthetic import HELD_OUT, SCHEMAS, generate
from plugins.math.training.synthetic.catalog import ALL, FAMILIES
from plugins.math.training.synthetic.figures import counted, dollars, times, words, written
from plugins.math.training.synthetic.generator import generated
from plugins.math.training.synthetic.names import MEN, WOMEN, actors
from plugins.math.training.synthetic.render import Misread, canonical, told
from plugins.math.training.synthetic.scene import Scene, expanded
from plugins.math.training.synthetic.schema import Schema, parts, prefix_of
from plugins.math.training.synthetic.texts import SchemaError, entries
from plugins.math.training.synthetic.things import KINDS, THINGS, plural
from plugins.math.training.synthetic.verbs import conjugated, gerund, past, third

SAMPLE, COUNTS = generated(1200, 5)


def test_every_formula_gives_the_answer_and_its_template_is_read_as_meant() -> None:
    assert [check(problem) for problem in SAMPLE if check(problem)] == []
    for problem in SAMPLE:
        template = template_of(problem.question)
        assert value(problem.prefix, dict(template.values)) == problem.answer
        assert set(problem.prefix) <= {*OPERATORS, *CONSTANTS, *masked(template).letters}
        assert 1 <= operators(problem.prefix) <= MAX_OPERATORS
        assert problem.answer > 0
        assert problem.source == "synthetic"
    assert len({problem.id for problem in SAMPLE}) == len(SAMPLE)


def test_hardly_a_draw_is_misread_and_masked_texts_do_not_repeat() -> None:
    assert COUNTS["misread"] <= 0.01 * len(SAMPLE)
    assert len({masked(template_of(problem.question)).text for problem in SAMPLE}) >= 0.99 * len(SAMPLE)


def test_it_is_deterministic_and_a_short_run_begins_a_long_one() -> None:
    assert generate(40, 3) == generate(40, 3)
    assert generate(20, 3) == generate(40, 3)[:20]
    assert generate(20, 3) != generate(20, 4)


def test_nothing_is_left_open_in_a_text() -> None:
    for problem in SAMPLE:
        text = problem.question
        assert not re.search(r"[\[\]{}|<>_]|//|  | [,.?]", text), text
        assert text[0] == text[0].upper() and text[-1] in ".?", text
        assert not re.search(r"[.?] [a-z]", text.replace("Mr. ", "").replace("Mrs. ", "").replace("Ms. ", "")), text
        assert len(re.findall(r"\bhow many\b|\bhow much\b", text, re.IGNORECASE)) <= 2, text


def test_nouns_and_verbs_agree() -> None:
    singular = {thing for thing in THINGS if plural(thing) != thing}
    for problem in SAMPLE:
        text = problem.question.lower()
        for number, following in re.findall(r"\b(\d+|one|two|three|ten) ([a-z]+(?: [a-z]+)?)", text):
            assert not (number not in ("1", "one") and following in singular), text
        assert not re.search(r"\ba [aeio][a-z]*\b(?<!one)(?<!once)", text.replace("a one", "")), text
        asked = r"(?:can|do|does|did|must|will|to|should) "
        said = re.sub(rf"\b{asked}(?:\w+ )?(?:he|she|it) \w+", "", text)
        assert not re.search(r"\b(?:he|she|it) (?:have|are|were|do|buy|get|give)\b", said), text
        assert not re.search(r"\bthey (?:has|is|was|does|buys|gets|gives)\b", text), text


@given(st.sampled_from(sorted(ALL)), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_every_schema_tells_sound_problems(name: str, seed: int) -> None:
    try:
        problem = told(ALL[name], Random(seed), "synthetic", name)
    except Misread as misread:
        assert misread.meant != misread.read
        return
    assert check(problem) == ""
    if ALL[name].whole:
        assert problem.answer.denominator == 1


def test_there_are_schemas_of_every_family_and_most_can_be_told_in_many_ways() -> None:
    assert set(SCHEMAS.values()) == set(FAMILIES)
    written_ones = [schema for schema in ALL.values() if not schema.family.startswith("story")]
    assert len(written_ones) >= 120
    rng = Random(0)
    for schema in written_ones:
        told_ways = {expanded(f"{schema.story} // {schema.ask}", rng) for _ in range(150)}
        assert len(told_ways) >= 4, schema.name
    assert set(COUNTS) - {"misread", "repeated"} <= set(SCHEMAS)


def test_held_out_schemas_are_some_of_many_families_and_can_be_left_out() -> None:
    assert set(SCHEMAS) > HELD_OUT
    assert len({SCHEMAS[name] for name in HELD_OUT}) >= 8
    seen = generate(50, 1, set(SCHEMAS) - HELD_OUT)
    assert not {problem.id.split(":")[0] for problem in seen} & HELD_OUT
    assert {problem.id.split(":")[0] for problem in generate(50, 1, HELD_OUT)} <= HELD_OUT
    with pytest.raises(AssistantError, match="no such schemas: nonsense"):
        generate(1, 0, ["nonsense"])


def test_the_lexicon_is_large() -> None:
    assert len(THINGS) >= 250
    assert len({*WOMEN, *MEN}) >= 250
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert not set(WOMEN) & set(MEN)


def test_irrelevant_numbers_are_common_but_not_the_rule() -> None:
    unused = sum(len(set(template_of(problem.question).letters) - set(problem.prefix)) > 0 for problem in SAMPLE)
    assert 0.15 <= unused / len(SAMPLE) <= 0.35


def test_sizes_and_operations_are_mixed() -> None:
    sizes = Counter(operators(problem.prefix) for problem in SAMPLE)
    assert sizes[1] > 0.25 * len(SAMPLE) and sizes[2] > 0.25 * len(SAMPLE) and sizes[3] > 0.05 * len(SAMPLE)
    heads = Counter(problem.prefix[0] for problem in SAMPLE)
    assert min(heads[operator] for operator in OPERATORS) > 0.15 * len(SAMPLE)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("+ B A", "+ A B"),
        ("- B A", "- B A"),
        ("+ C + B A", "+ + A B C"),
        ("* + C A 2", "* + A C 2"),
        ("* 2 B", "* B 2"),
    ],
)
def test_sums_and_products_are_in_the_order_of_the_text(prefix: str, expected: str) -> None:
    assert canonical(tuple(prefix.split()), ("A", "B", "C")) == tuple(expected.split())


def test_formulas_are_read() -> None:
    assert prefix_of("(x-y)*2") == ("*", "-", "x", "y", "2")
    assert parts(prefix_of("x*y/z")) == [("/", "*", "x", "y", "z"), ("*", "x", "y")]
    for formula in ("x**y", "f(x)", "-x", "x*1.5"):
        with pytest.raises(ValueError, match="not a formula"):
            prefix_of(formula)


def test_a_schema_without_sensible_numbers_says_so() -> None:
    schema = Schema("odd", "change", "x-y", {"x": "2-5", "y": "6-9"}, "{A} {have} {x things}", "how many {y things}")
    with pytest.raises(ValueError, match="odd: no sensible numbers"):
        schema.draw(Random(0), KINDS[0])


def test_inflection() -> None:
    assert [past(verb) for verb in ("buy", "carry", "bake", "plan", "play")] == [
        "bought",
        "carried",
        "baked",
        "planned",
        "played",
    ]
    assert [third(verb) for verb in ("have", "carry", "go", "wash", "give")] == [
        "has",
        "carries",
        "goes",
        "washes",
        "gives",
    ]
    assert [gerund(verb) for verb in ("bake", "get", "give", "eat")] == ["baking", "getting", "giving", "eating"]
    assert conjugated("throw away", plural=False, present=True) == "throws away"
    assert conjugated("be", plural=True, present=False) == "were"
    things = ("peach", "candy", "loaf of bread", "pair of shoes", "potato", "photo", "sheep", "goose", "yo-yo", "knife")
    assert [plural(thing) for thing in things] == (
        "peaches candies loaves of bread pairs of shoes potatoes photos sheep geese yo-yos knives".replace(
            " of ", "~of~"
        )
        .replace(" ", ",")
        .replace("~", " ")
        .split(",")
    )


def test_numbers_are_written_in_the_style_of_the_problem() -> None:
    rng = Random(1)
    assert [words(number) for number in (0, 13, 40, 72, 305)] == [
        "zero",
        "thirteen",
        "forty",
        "seventy-two",
        "three hundred five",
    ]
    assert written(Fraction(7), "words", rng) == "seven"
    assert written(Fraction(140), "words", rng) == "140"
    assert {dollars(Fraction(5, 2), rng, "digits") for _ in range(40)} == {"$2.50", "2.50 dollars"}
    assert {counted(Fraction(12), "digits", rng) for _ in range(60)} == {"12", "a dozen"}
    assert {times(Fraction(2), "digits", rng) for _ in range(40)} == {"twice", "2 times"}


def test_pronouns_are_used_only_where_they_are_clear() -> None:
    rng = Random(2)
    for _ in range(300):
        scene = Scene.made(rng, ())
        text = scene.fill("{A} and {B} met // {he} left // {he B} stayed")
        if scene.actors["A"].pronoun == scene.actors["B"].pronoun:
            assert f"// {scene.actors['A'].later} left" in text
    assert len({actor.first for actor in actors(rng, 3)}) == 3


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(KeyError, match="flubber"):
        Scene.made(Random(0), ()).fill("{A} {flubber} it")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one: x+y; x=2-5 y=2-5; loud\n    {A} sings\n", "line 1: no such option: loud"),
        ("    {A} sings\n", "line 1: a text before the first schema"),
        ("# remark\none: x+y; x=2-5\n    {A} [sings\n", "line 3: brackets"),
        ("one\n    {A} sings\n", "line 1: not"),
        ("one: x+yy; x=2-5 yy=2-5\n    {A} sings\n", "line 1: the name of a number"),
        ("one: x+y; x=2-5\n", "line 1: not"),
    ],
)
def test_a_broken_schema_file_is_named_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "broken.txt").write_text(text)
    with pytest.raises(SchemaError, match=f"broken.txt, {message}"):
        entries("broken", tmp_path)
