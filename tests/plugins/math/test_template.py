from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math.template import filled, template_of

RESTAURANT = (
    "At a restaurant, each adult meal costs $5 and kids eat free. If a group of 15 people came in and 8 were kids, "
    "how much would it cost for the group to eat?"
)
#: question, the values in order, the asked unit
QUESTIONS = [
    (RESTAURANT, "5 15 8", "dollars"),
    ("Tom has 3 apples and buys 4 more. How many apples does he have?", "3 4", "apples"),
    ("tom has three apples and buys twenty five more how many apples does he have", "3 25", "apples"),
    ("A farm has two and a half dozen hens. How many hens are there?", "30", "hens"),
    ("She bought half a dozen eggs for $2.40. How much did one egg cost?", "6 12/5 1", "dollars"),
    ("A town of 3,000 people grew by 1,250 people. How many people live there?", "3000 1250", "people"),
    ("A recipe needs 1 1/2 cups of flour and 3/4 cup of sugar. How many cups is that?", "3/2 3/4", "cups"),
    ("He ran 2.5 miles on Monday and 3.75 miles on Tuesday. How far did he run?", "5/2 15/4", "miles"),
    ("A shirt of $40 is reduced by 25%. How much does it cost?", "40 25", "dollars"),
    ("What is 15 percent of 80 apples?", "15 80", ""),
    ("A third of the 90 students left. How many students stayed?", "1/3 90", "students"),
    ("Two thirds of 60 seats are taken. How many seats are free?", "2/3 60", "seats"),
    ("Three quarters of the 12 cakes were sold. How many cakes are left?", "3/4 12", "cakes"),
    ("He has 7 quarters and 3 dimes. How many coins does he have?", "7 3", "coins"),
    ("He has nine quarters in his bank. How many quarters will be left if he spends four?", "9 4", "quarters"),
    ("Sara found a quarter and 2 pennies. How many coins?", "2", "coins"),
    ("Five sixth graders and 3 teachers went by bus. How many people is that?", "5 3", "people"),
    ("Ann has twice as many books as Bob, who has 14. How many books has Ann?", "2 14", "books"),
    ("He earns double the 300 dollars he earned. How much money is that?", "2 300", "dollars"),
    ("Triple the 6 cups of rice. How many cups is it?", "3 6", "cups"),
    ("He gave a couple of his 9 marbles away. How many marbles are left?", "2 9", "marbles"),
    ("He bought a couple apples and 3 pears. How many fruits is that?", "2 3", "fruits"),
    ("Both boys have 5 cards. How many cards do they have?", "2 5", "cards"),
    ("Half of the 20 children sing. How many children sing?", "1/2 20", "children"),
    ("In the first half they scored 12 points, in the second half 9. How many points?", "12 9", "points"),
    ("The train leaves at 3:30 and rides 2 hours at 60 miles per hour. How far does it go?", "2 60", "miles"),
    ("My iphone 12 takes 4 photos a day. How many photos does it take in 6 days?", "4 6", "photos"),
    ("Bus B12 carries 30 people and bus B7 carries 25 people. How many people ride?", "30 25", "people"),
    ("The 3rd of 5 shelves holds 20 books. How many books are on all shelves?", "5 20", "books"),
    ("The 21st runner took 9 minutes. How long did he take?", "9", "minutes"),
    ("The second boy has 8 balls and the third boy 6 balls. How many balls?", "8 6", "balls"),
    ("A bag of 5kg costs $12. How much do 3 bags cost?", "5 12 3", "dollars"),
    ("A rope of 12m is cut into pieces of 3m. How many pieces are there?", "12 3", "pieces"),
    ("The store, open 24/7, sells 40 drinks a day. How many drinks in 7 days?", "40 7", "drinks"),
    ("On 12/25/2020 he got 4 presents. How many presents?", "4", "presents"),
    ("It was -5 degrees and got 8 degrees warmer. What is the temperature?", "-5 8", ""),
    ("A five-year-old has 3 sisters. How many sisters?", "5 3", "sisters"),
    ("A 2-hour film and a 90-minute film. How long are both?", "2 90 2", "hour"),
    ("One of the boys has 6 nuts. How many nuts has he?", "1 6", "nuts"),
    ("Each one has 6 nuts, this one has 7. How many nuts?", "6 7", "nuts"),
    ("One day Tim found 12 shells. How many shells?", "12", "shells"),
    ("A book has one hundred and twenty pages. He read 45. How many pages are left?", "120 45", "pages"),
    ("A city has two and a half million people. How many people?", "2500000", "people"),
    ("He paid twelve hundred dollars for 3 chairs. How much was a chair?", "1200 3", "dollars"),
    ("A pie costs three point five dollars. How much do two pies cost?", "7/2 2", "dollars"),
    ("She sold 3 dozen eggs at 25 cents each. How many cents did she get?", "36 25", "cents"),
    ("How many dozen are 96 muffins?", "12 96", "dozen"),
    ("tickets are for dollars each how much do 3 tickets cost", "4 3", "dollars"),
    ("she has to apples and gets 5 apples how many apples has she", "2 5", "apples"),
    ("the rope costs ate dollars how much do 2 ropes cost", "8 2", "dollars"),
    ("a pen costs won dollar and 2 pens cost more how much", "1 2", "dollar"),
    ("he has to go 5 miles how far is it", "5", "miles"),
    ("she waited for hours and won 3 games how many games did she win", "3", "games"),
    ("he ate 4 plums and went to bed at 9 how many plums did he eat", "4 9", "plums"),
    ("What is the sum of 12 and 30?", "12 30", ""),
    ("How old is Amy if she is 3 years older than Ben, who is 9?", "3 9", "years"),
    ("How much time does he need for 6 pages at 5 minutes a page?", "6 5", "minutes"),
    ("How tall is a tower of 9 blocks of 4 inches?", "9 4", "inches"),
    ("A tank holds 50 liters; 12.5 liters leak. How much water is left?", "50 25/2", "liters"),
    ("The bill was £18 and the tip £2. How much did he pay?", "18 2", "pounds"),
    ("A class of 28 has 4 more girls than boys. How many girls are there?", "28 4", "girls"),
    ("½ of 16 slices are gone. How many slices are left?", "1/2 16", "slices"),
    ("What percent of 50 is 20?", "50 20", "percent"),
    ("There are 12 red balls, 7 blue balls and 9 green ones. How many balls are not red?", "12 7 9", "balls"),
    ("Who is the tallest?", "", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("question", "values", "unit"), QUESTIONS)
def test_values_and_asked_unit(question: str, values: str, unit: str) -> None:
    template = template_of(question)
    assert list(template.values.values()) == [Fraction(value) for value in values.split()]
    assert template.unit == unit
    assert template.question == question


@pytest.mark.parametrize("question", [question for question, _, _ in QUESTIONS if "12/25" not in question])
def test_putting_the_values_back_gives_the_same_numbers(question: str) -> None:
    template = template_of(question)
    again = template_of(filled(template))
    written = {value for letter, value in template.values.items() if letter not in template.excused}
    assert written <= set(again.values.values())
    assert all(letter in template.text for letter in template.letters)


def test_the_paper_s_example() -> None:
    template = template_of(RESTAURANT)
    assert template.text.startswith(
        "At a restaurant, each adult meal costs $A and kids eat free. If a group of B people"
    )
    assert dict(template.units) == {"A": "dollars", "B": "people", "C": ""}
    assert template.asked == "how much"
    assert template.integers == {"B", "C"}


def test_letters_do_not_meet_what_stands_in_the_question() -> None:
    template = template_of("A man in Bus B has 4 bags. Do I, with 5, have more?")
    assert template.text == "a man in Bus B has A bags. Do I, with C, have more?"
    assert filled(template, {"A": Fraction(12)}) == "a man in Bus B has 12 bags. Do I, with 5, have more?"


def test_letters_go_on_after_z() -> None:
    template = template_of(", ".join(f"{number} cats" for number in range(2, 40)))
    assert len(template.values) == 38
    assert {"Z", "A1", "B1"} <= set(template.letters)
    assert not {"I", "O"} & set(template.letters)


def test_what_is_asked_is_kept_as_it_was_put() -> None:
    assert template_of("He has 5 pens. How many more pens does he need?").asked == "how many more pens"
    assert template_of("One of 3 men left. Find the rest.").excused == {"A"}


@given(st.text(max_size=200))
def test_any_text_has_a_template(text: str) -> None:
    template = template_of(text)
    assert template.question == text
    assert template.units.keys() == template.values.keys()
    assert template.integers | template.excused <= set(template.letters)


@given(st.lists(st.integers(min_value=2, max_value=10**9), min_size=1, max_size=12))
def test_digits_come_back(numbers: list[int]) -> None:
    question = "He saw " + " and then ".join(f"{number:,} birds" for number in numbers) + ". How many birds?"
    template = template_of(question)
    assert list(template.values.values()) == numbers
    assert list(template_of(filled(template)).values.values()) == numbers
    assert template.integers == set(template.letters)
