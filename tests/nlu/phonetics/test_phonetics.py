"""Pronunciations, phone distances, confusion sets and re-decoding."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.phonetics.agreement import compare, edits
from nlu.phonetics.channel import Lexicon, learn_costs, pair_distances
from nlu.phonetics.confusions import ConfusionSets, SoundAlikes, common_letters, lcs_sets
from nlu.phonetics.distance import PHONES, align, articulatory, codes, distance, distances, phone_distance, stack
from nlu.phonetics.letters import learn, letter_to_sound
from nlu.phonetics.ngrams import END, START, Trigrams
from nlu.phonetics.numbers import spell_numbers
from nlu.phonetics.pronounce import pronounce, pronounce_text, pronunciations, spoken_words
from nlu.phonetics.redecode import Redecoder, lexicon_of

SOUND = st.lists(st.sampled_from(PHONES), max_size=7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("at 7 in 1898", "at seven in eighteen ninety eight"),
        ("1,200 people", "one thousand two hundred people"),
        ("the 21st and 30th of 2005", "the twenty first and thirtieth of two thousand five"),
        ("1906 was 100 % 0", "nineteen oh six was one hundred % zero"),
        ("flight 98765432101234", "flight " + "nine eight seven six five four three two one zero one two three four"),
        ("the 1960s", "the nineteen sixties"),
    ],
)
def test_numbers_are_spelled_out(text: str, words: str) -> None:
    assert spell_numbers(text) == words


def test_words_are_said_as_in_the_dictionary_or_by_rule() -> None:
    assert pronounce("seven") == ("S", "EH", "V", "AH", "N")
    assert len(pronunciations("read")) == 2
    assert spoken_words("What is Nixon 's café , 2 o'clock ?") == ["what", "is", "nixon's", "cafe", "two", "o'clock"]
    assert pronounce("ctbt") == ("S", "IY", "T", "IY", "B", "IY", "T", "IY")
    assert pronounce("blorfix's")[-2:] == ("IH", "Z") or pronounce("blorfix's")[-1] in ("S", "Z")
    assert pronounce_text("") == []
    assert distance(pronounce("flimbering"), ["F", "L", "IH", "M", "B", "ER", "IH", "NG"]) < 1
    assert all(phone in PHONES for phone in pronounce("xyzzyqu"))


def test_letter_rules_are_learned_and_read_wider_windows_first() -> None:
    words = [
        (a + b, (*x, *y)) for a, x in (("k", "K"), ("t", "T"), ("s", "S")) for b, y in (("a", ["AE"]), ("o", ["OW"]))
    ]
    rules = learn([*words, ("sha", ("SH", "AE")), ("sho", ("SH", "OW"))] * 3)
    assert letter_to_sound("tako", rules) == ("T", "AE", "K", "OW")
    assert letter_to_sound("shota", rules)[0] == "SH"
    assert letter_to_sound("", rules) == ()


def test_like_phones_are_near() -> None:
    assert phone_distance("P", "P") == 0
    assert phone_distance("P", "B") < phone_distance("P", "S") < phone_distance("P", "IY")
    assert phone_distance("IH", "IY") < phone_distance("IH", "AO")
    with pytest.raises(KeyError):
        phone_distance("P", "Q")


@given(SOUND, SOUND)
def test_distance_is_symmetric_and_the_cost_of_the_alignment(a: list[str], b: list[str]) -> None:
    costs = articulatory()
    there = distance(a, b)
    assert there == pytest.approx(distance(b, a))
    assert there == pytest.approx(pair_distances(stack([codes(a)]), stack([codes(b)]), costs)[0])
    links = align(a, b)
    total = 0.0
    for i, j in links:
        if i is None:
            total += float(costs.insert[codes(b)[j]])
        elif j is None:
            total += float(costs.delete[codes(a)[i]])
        else:
            total += phone_distance(a[i], b[j])
    assert total == pytest.approx(there)
    assert [i for i, _ in links if i is not None] == list(range(len(a)))
    assert [j for _, j in links if j is not None] == list(range(len(b)))
    assert (there == 0) == (a == b)


def test_many_distances_at_once_are_those_one_by_one() -> None:
    words = [pronounce(word) for word in ("read", "red", "a", "tomorrow")]
    many = distances(codes(words[1]), [codes(word) for word in words])
    assert many == pytest.approx([distance(words[1], word) for word in words])


def test_costs_learn_what_is_heard_for_what() -> None:
    rng = random.Random(0)
    pairs = []
    for _ in range(60):
        said = rng.choices(["S", "AH", "T", "M"], k=8)
        pairs.append((said, ["SH" if phone == "S" else phone for phone in said]))
    costs = learn_costs(pairs)
    s, sh, t = (PHONES.index(phone) for phone in ("S", "SH", "T"))
    assert costs.substitute[s, sh] < 0.2 < costs.substitute[t, sh]
    assert np.isfinite(costs.substitute).all() and (costs.substitute >= 0).all()
    with pytest.raises(ValueError, match="no pairs"):
        learn_costs([])


def test_the_lexicon_finds_the_word_itself_first() -> None:
    words = ["play", "some", "jazz", "music", "tomorrow", "morning", "in", "the", "kitchen", "light", "lights", "night"]
    lexicon = Lexicon.of([(word, pronounce(word)) for word in words])
    near = lexicon.nearest([codes(pronounce(word)) for word in words], articulatory(), 3, shortlist=8)
    assert [lexicon.words[found[0][1]] for found in near] == words
    assert [lexicon.words[entry] for _, entry in near[words.index("light")]][:3] in (
        ["light", "night", "lights"], ["light", "lights", "night"],
    )  # fmt: skip


def test_a_word_never_seen_confused_gets_what_sounds_like_it() -> None:
    vocabulary = dict.fromkeys(
        ["in", "red", "green", "mail", "male", "tail", "play", "boat", "about", "seven", "eleven"], 1.0
    )
    alikes = SoundAlikes(vocabulary)
    found = alikes.of(["unread", "email", "mail"], k=5)
    assert "in red" in dict(found["unread"])
    assert found["mail"][0][0] == "male" and "mail" not in dict(found["mail"])
    assert all(sum(weight for _, weight in mistakes) == pytest.approx(1) for mistakes in found.values())
    both = ConfusionSets({"mail": {"meal": 3}}, alikes).of(["mail", "email"], k=4)
    assert {text for text, _ in both["mail"][:2]} == {"male", "meal"}
    assert both["email"]
    assert alikes.of(["42"])["42"] == []
    with pytest.raises(ValueError, match="no word"):
        SoundAlikes({})
    with pytest.raises(ValueError, match="belief"):
        ConfusionSets({}, alikes, belief=-1)


def test_sets_by_common_subsequence() -> None:
    pairs = [(["flights", "to", "boston"], ["flight", "to", "austin"])]
    assert lcs_sets(pairs) == {"flights": ["flight", "austin"], "boston": ["austin", "flight"]}
    assert common_letters("boston", "austin") == 3


def test_agreement_tells_a_stream_of_its_own_from_a_respelling() -> None:
    said, written = "what is a fear of jealousy", "what is a appear of"
    own = compare(said, written, pronounce_text(said))
    assert own.said_edits == 0 < own.written_edits
    assert own.common_edits == 0 < own.common_phones
    first = own.disagreements[0]
    assert first.said == ("fear",) and first.to_said == 0 < first.to_written
    respelled = compare(said, written, pronounce_text(written))
    assert respelled.written_edits == 0 < respelled.said_edits
    assert compare("", "", []).disagreements == ()
    assert edits(["T", "AH"], ["T"]) == 1


def test_the_language_model_is_a_distribution() -> None:
    model = Trigrams([["a", "b"], ["a", "c"]], {"d": 0.5})
    for context in ((START, START), (START, "a"), ("a", "b"), ("x", "y")):
        total = sum(np.exp(-model.cost(*context, word)) for word in ("a", "b", "c", "d", END, "never"))
        assert total == pytest.approx(1, abs=1e-6)
    assert model.cost(START, START, "a") < model.cost(START, START, "b") < model.cost(START, START, "d")


def test_what_the_recogniser_lost_is_read_from_the_phones() -> None:
    sentences = [text.split() for text in ("what is a fear of heights", "what is the capital of peru", "who is a hero")]
    lexicon = lexicon_of([word for words in sentences for word in words])
    pairs = [([phone for sound in map(pronounce, words) for phone in sound],) * 2 for words in sentences]
    decoder = Redecoder(lexicon, learn_costs(pairs))
    stream = pronounce_text("what is a fear of heights")
    assert decoder.decode(stream, "what is appear of", Trigrams(sentences)) == "what is a fear of heights"
    joined = [(*stream[0], *stream[1]), stream[2], stream[3][:2], stream[3][2:], *stream[4:]]
    assert decoder.decode(joined, "what is of heights", Trigrams(sentences)) == "what is a fear of heights"
    assert decoder.decode([], "what is", Trigrams(sentences)) == "what is"
