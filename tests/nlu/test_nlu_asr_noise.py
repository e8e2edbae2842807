"""Recogniser noise."""

import random
import re

import pytest

from nlu.asr_noise import misrecognise, sound_alikes

from .plugin_examples import EXAMPLES, PARAPHRASES

CORPUS = [
    re.sub(r"\[|\]\(\w+\)", "", text)
    for group in (EXAMPLES, PARAPHRASES)
    for texts in group.values()
    for text in texts
]


def edits(reference: list[str], hypothesis: list[str]) -> int:
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(hypothesis, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


@pytest.mark.parametrize("wer", [0.1, 0.25, 0.5])
def test_measured_error_rate_is_the_requested_one(wer: float) -> None:
    rng = random.Random(7)
    wrong = total = 0
    for text in CORPUS * 3:
        said = re.findall(r"[a-z0-9']+", text.lower())
        wrong += edits(said, misrecognise(text, wer, rng)[0][0].split())
        total += len(said)
    assert abs(wrong / total - wer) <= 0.2 * wer


def test_same_seed_same_errors() -> None:
    first = [misrecognise(text, 0.3, random.Random(1)) for text in CORPUS]
    assert first == [misrecognise(text, 0.3, random.Random(1)) for text in CORPUS]
    assert first != [misrecognise(text, 0.3, random.Random(2)) for text in CORPUS]


def test_no_errors_leave_the_text_alone() -> None:
    assert misrecognise("Wake me UP, at 7!", 0.0, random.Random(0)) == [("Wake me UP, at 7!", 1.0)]


def test_n_best_is_ranked_and_distinct() -> None:
    rng = random.Random(3)
    for text in CORPUS:
        found = misrecognise(text, 0.25, rng, n_best=5)
        confidences = [confidence for _, confidence in found]
        assert 1 <= len(found) <= 5 and len({hypothesis for hypothesis, _ in found}) == len(found)
        assert confidences == sorted(confidences, reverse=True)
        assert 0 < sum(confidences) <= 1.001
        assert len(misrecognise(text, 0.25, rng, n_best=1)) == 1


@pytest.mark.parametrize("text", ["", "   ", "?!", "🎉", "zzyzx qwrt", "\ud800 x", "a" * 5000])
def test_odd_text_is_survived(text: str) -> None:
    for wer in (0.0, 0.5, 1.0):
        assert misrecognise(text, wer, random.Random(0))


@pytest.mark.parametrize(("wer", "n_best"), [(-0.1, 5), (1.1, 5), (0.2, 0)])
def test_bad_arguments_are_refused(wer: float, n_best: int) -> None:
    with pytest.raises(ValueError, match="wer"):
        misrecognise("hello", wer, random.Random(0), n_best)


def test_sound_alikes_sound_alike() -> None:
    assert "rite" not in dict(sound_alikes("xyzzyq"))
    assert len(sound_alikes("light")) > 3
