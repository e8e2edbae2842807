from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math.template import template_of
from plugins.math.training.leaks import Leaks, Nearest, clusters, masked_key, tokens
from plugins.math.training.noise import misheard, noised, spoken
from plugins.math.training.problem import Problem, check, number

QUESTION = "Tom's shop sold 3,000 pens at $1.50 each and twenty-five books. How much money did it take?"


def test_masked_texts_ignore_numbers_case_and_punctuation() -> None:
    other = "toms  shop sold twelve pens, at $ 7 each and 25 books; how much money did it take"
    assert masked_key(QUESTION) == masked_key(other)
    assert masked_key(QUESTION) != masked_key(other.replace("pens", "cups"))
    assert tokens("Two hundred 5 cats") == ["#", "cats"]


def test_both_rules() -> None:
    leaks = Leaks({"set": [QUESTION]})
    assert leaks.rule(QUESTION.replace("3,000", "4")) == "masked"
    assert leaks.rule(QUESTION.replace("pens", "cups")) == "near"
    assert leaks.rule("A farmer planted 4 rows of 6 beans. How many beans is that?") == ""


@given(st.lists(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=9), min_size=1, max_size=12))
def test_nearest_misses_none_of_those_a_full_search_finds(texts: list[list[str]]) -> None:
    questions = [" ".join(words) for words in texts]
    sets = [set(tokens(question)) for question in questions]
    near = Nearest(questions, 0.6)
    for place, question in enumerate(questions):
        wanted = [
            other for other, words in enumerate(sets) if len(words & sets[place]) >= 0.6 * len(words | sets[place])
        ]
        assert near.find(question) == wanted


def test_clusters_join_through_others() -> None:
    chain = ["a b c d e", "a b c d f", "a b c g f", "x y z"]
    found = clusters(chain, 0.6)
    assert found[0] == found[1] == found[2] != found[3]


@pytest.mark.parametrize("seed", range(6))
def test_spoken_questions_keep_their_numbers(seed: int) -> None:
    text = spoken(QUESTION, random.Random(seed))
    assert text == text.lower() and "," not in text and "$" not in text
    assert list(template_of(text).values.values()) == list(template_of(QUESTION).values.values())
    assert text == spoken(QUESTION, random.Random(seed))


def test_noised_problems_keep_a_valid_formula() -> None:
    problem = Problem(QUESTION, ("*", "A", "B"), number("4500"), "mawps", "mawps-1")
    for seed in range(6):
        copy = noised(problem, random.Random(seed))
        assert copy is not None and copy.question != problem.question
        assert (check(copy), copy.source, copy.id) == ("", "mawps+noise", "mawps-1+noise")


def test_noised_formulas_follow_letters_that_change_their_names() -> None:
    # "plan A" takes the letter A; in small letters it does not
    question = "Plan A costs $3 a day and B is free. How much are 4 days?"
    letters = template_of(question).letters
    problem = Problem(question, ("*", *letters), number("12"), "mawps", "mawps-2")
    copy = noised(problem, random.Random(1))
    assert copy is not None and copy.prefix == ("*", *template_of(copy.question).letters)


def test_numbers_are_misheard_as_what_they_sound_like() -> None:
    text = "He has fifteen cats, 4 dogs and 72 birds. How many animals?"
    assert misheard(text, random.Random(0), wer=0, numbers=1.0) == (
        "he has fifty cats for dogs and seventy to birds how many animals"
    )
    assert misheard(text, random.Random(0), wer=0, numbers=0.0) == (
        "he has fifteen cats four dogs and seventy two birds how many animals"
    )


def test_thirds_told_as_decimals_are_thirds() -> None:
    assert number("0.16666666666666666") * 6 == 1
    assert number("1,250.5") == number(1250.5)
