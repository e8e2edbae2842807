"""What is said about a verdict: the answer and its formula, the readings of an unsure one, and the reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from dialog.types import Reply
from plugins.math.channels import Derivation
from plugins.math.phrasing import Said, agreement, quantity
from plugins.math.solving import Solved, independent
from plugins.math.why import best, others, shown, steps

NOTHING = "I read the numbers, but none of my derivations came to an answer."


def joined(parts: Sequence[str], word: str) -> str:
    """`a, b or c`."""
    return f" {word} ".join(filter(None, [", ".join(parts[:-1]), parts[-1] if parts else ""]))


def reply(solved: Solved, given: Said | None = None) -> Reply:
    """The answer with its formula and who agrees, or the readings where it is not sure.

    given: the numbers that a follow-up has changed.
    """
    verdict, template = solved.verdict, solved.template
    if not verdict.groups:
        return Reply(f"With {given.text} that cannot be worked out.") if given else Reply(NOTHING)
    if verdict.answer is None:
        return _unsure(solved, given)
    said, formula = quantity(verdict.answer, template), _formula(solved, 0)
    if given and isinstance(verdict.answer, Fraction) and verdict.answer < 0:
        misfit = "These numbers do not fit together."
        text = f"With {given.text} that would be {said.text}{f' ({formula})' if formula else ''}. {misfit}"
        return Reply(text, spoken=f"With {given.spoken} that would be {said.spoken}. {misfit}")
    agreed = agreement(*independent(verdict))
    text = f"{said.text}{f': {formula}' if formula else ''}. {agreed.text}"
    spoken = f"{said.spoken}. {agreed.spoken}"
    if given:
        return Reply(f"With {given.text} that makes {text}", spoken=f"With {given.spoken} that makes {spoken}")
    return Reply(f"That makes {text}", spoken=f"That makes {spoken}")


def _unsure(solved: Solved, given: Said | None) -> Reply:
    texts, spoken = [], []
    for place, group in enumerate(solved.verdict.groups[:2]):
        said, formula = quantity(group.answer, solved.template), _formula(solved, place)
        texts.append(f"{said.text} ({formula})" if formula else said.text)
        spoken.append(said.spoken)
    text = f"I am not sure{f' with {given.text}' if given else ''}. It could be {', or '.join(texts)}."
    said_so = f"I am not sure{f' with {given.spoken}' if given else ''}. It could be {', or '.join(spoken)}."
    return Reply(text, spoken=said_so)


def _formula(solved: Solved, place: int) -> str:
    first = best(solved, place)
    return shown(first, solved.template) if first is not None else ""


def account(solved: Solved) -> Reply:
    """How the answer came about: step by step, who agrees, and what others say."""
    verdict, template = solved.verdict, solved.template
    if not verdict.groups:
        return Reply(NOTHING)
    first, agreed = best(solved), agreement(*independent(verdict))
    said = quantity(verdict.groups[0].answer, template)
    if verdict.answer is None:
        unsure = _unsure(solved, None)
        return Reply(f"{unsure.text} {agreed.text}", spoken=f"{unsure.spoken} {agreed.spoken}")
    parts, spoken = _steps(first, solved)
    if not parts:
        formula = _formula(solved, 0)
        parts = spoken = [said.text if not formula else f"{formula} is {said.text}"]
        spoken = [f"It is {said.spoken}"]
    text, aloud = (
        f"{_upper(', then '.join(parts))}. {agreed.text}",
        f"{_upper(', then '.join(spoken))}. {agreed.spoken}",
    )
    if channels := _agreeing(solved):
        text += f" ({joined(channels, 'and')})"
        text = text.replace(". (", " (") + "."
    for other in others(solved)[:1]:
        assert other.answer is not None
        answer, formula = quantity(other.answer, template), shown(other, template)
        text += f" Another one says {answer.text}{f': {formula}' if formula else ''}."
        aloud += f" Another one says {answer.spoken}."
    return Reply(text, spoken=aloud)


def _steps(first: Derivation | None, solved: Solved) -> tuple[list[str], list[str]]:
    """The steps of a formula, the last one with the unit of the answer."""
    if first is None or first.program is None:
        return [], []
    said = [step.said() for step in steps(first.program, solved.template)]
    unit = quantity(solved.verdict.groups[0].answer, solved.template)
    texts, spoken = [one.text for one in said], [one.spoken for one in said]
    if said:
        texts[-1] += f", so {unit.text}"
        spoken[-1] += f", so {unit.spoken}"
    return texts, spoken


def _agreeing(solved: Solved) -> list[str]:
    """The channels whose first choice is the best reading."""
    tops: dict[str, float] = {}
    for group in solved.verdict.groups:
        for item in group.derivations:
            tops[item.channel] = max(tops.get(item.channel, 0.0), item.weight)
    own = solved.verdict.groups[0].derivations
    return sorted({item.channel for item in own if item.weight >= tops[item.channel]})


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
