"""A schema told as a question, and its formula over the letters of the question's template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from random import Random

from plugins.math.solver.symbols import Prefix, value
from plugins.math.template import template_of
from plugins.math.training.problem import Problem, flaw
from plugins.math.training.synthetic.distractors import inserted
from plugins.math.training.synthetic.lexicon import words
from plugins.math.training.synthetic.scene import Scene
from plugins.math.training.synthetic.schema import Schema
from plugins.math.types import Template

_OPENERS = 0.22
_ORDERS = {"plain": 66, "merged": 10, "if": 12, "if_tail": 8, "question_first": 4}
_COMMAND = re.compile(r"(?:find|calculate|determine|tell|work out)\b")
_ASKS = re.compile(
    r"(?:by |with |for |after )?(?:how (?:many|much|far|long|old|tall|fast|hot|high|deep|heavy)|what|which)\b"
)
_CAPITAL = re.compile(r"(?:^|[.?!]\s+)([a-z])")
_NO_OPENER = re.compile(
    r"(?:it|there was|if|after|when|on|in|at|of|out|from|together|each|every|yesterday|last|today|for|the)\b|\{[a-z$%]"
)
_ON = re.compile(r"\bin ([\w'.]+(?: [\w'.]+)?) (shel|tray|rack|plate|truck|table)(?=(?:f|ves|s)?\b)", re.IGNORECASE)
_BOUND = re.compile(r"\b(?:them|they|each|rest|it|this|these|those|both|altogether|others)\b|\{(?:he|his|him)")


class Misread(Exception):
    """A question whose template does not read the numbers as they were meant."""

    def __init__(self, question: str, meant: list[Fraction], read: list[Fraction]) -> None:
        super().__init__(question)
        self.question, self.meant, self.read = question, meant, read


def told(schema: Schema, rng: Random, source: str, name: str) -> Problem:
    """One problem of a schema. Raises Misread where the template of its question reads other numbers than meant."""
    scene = Scene.made(rng, schema.kinds)
    values = schema.draw(rng, scene.kind)
    sentences = scene.expand(schema.story).split(" // ")
    # a story that ends in a question of its own needs no other
    if schema.ask and not _ASKS.match(sentences[-1]):
        sentences += scene.expand(schema.ask).split(" // ")
    plain = len(sentences)
    sentences, more = inserted(sentences, schema, scene, rng)
    scene.values = {**values, **more}
    # as a condition, an irrelevant sentence would read as if it mattered
    ordered = len(sentences) == plain
    text = _joined(sentences, ordered, scene, rng)
    question = _tidied(scene.fill(text))
    template = template_of(question)
    letters = _letters(template, scene)
    prefix = canonical(tuple(letters.get(token, token) for token in schema.prefix), tuple(letters.values()))
    problem = Problem(question, prefix, value(schema.prefix, dict(values)), source, name)
    if flaw(template, prefix, problem.answer):
        raise Misread(question, list(scene.values.values()), list(template.values.values()))
    return problem


def _letters(template: Template, scene: Scene) -> dict[str, str]:
    """The letter of each number's name, in the order of the text."""
    question = template.question
    meant = [scene.values[name] for name in scene.order]
    read = [(letter, template.values[letter]) for letter in template.letters]
    if [number for _, number in read] != meant:
        # "one" and "both" are read too, but nothing need be made of them
        read = [(letter, number) for letter, number in read if letter not in template.excused]
    if [number for _, number in read] != meant:
        raise Misread(question, meant, list(template.values.values()))
    found: dict[str, str] = {}
    for name, (letter, _) in zip(scene.order, read, strict=True):
        found.setdefault(name, letter)
    missing = set(scene.values) - set(found)
    if missing:
        raise Misread(question, [scene.values[name] for name in missing], meant)
    return found


def canonical(prefix: Prefix, order: tuple[str, ...]) -> Prefix:
    """The same formula with the operands of sums and products in the order of the text, chains to the left."""
    rank = {letter: index for index, letter in enumerate(order)}
    found, end = _canonical(prefix, 0, rank)
    if end != len(prefix):
        raise ValueError(f"symbols are left over: {' '.join(prefix)}")
    return found


def _canonical(prefix: Prefix, at: int, rank: Mapping[str, int]) -> tuple[Prefix, int]:
    token = prefix[at]
    if token not in ("+", "-", "*", "/"):
        return (token,), at + 1
    left, middle = _canonical(prefix, at + 1, rank)
    right, end = _canonical(prefix, middle, rank)
    if token in "-/":
        return (token, *left, *right), end
    terms = sorted([*_terms(left, token), *_terms(right, token)], key=lambda term: _first(term, rank))
    chain = terms[0]
    for term in terms[1:]:
        chain = (token, *chain, *term)
    return chain, end


def _terms(prefix: Prefix, operator: str) -> list[Prefix]:
    if prefix[0] != operator:
        return [prefix]
    end, missing = 1, 1
    while missing:
        missing += 1 if prefix[end] in ("+", "-", "*", "/") else -1
        end += 1
    return [*_terms(prefix[1:end], operator), *_terms(prefix[end:], operator)]


def _first(prefix: Prefix, rank: Mapping[str, int]) -> int:
    return min((rank[token] for token in prefix if token in rank), default=len(rank))


def _joined(sentences: list[str], ordered: bool, scene: Scene, rng: Random) -> str:
    """Sentences in one of the orders of the field: in line, joined, as a condition, or the question first."""
    *story, ask = sentences
    if story and "{place}" not in story[0] and not _NO_OPENER.match(story[0]) and rng.random() < _OPENERS:
        dated = re.search(r"\{(?:has|day|month)|\bday\b|\bnow\b|year|week|month", " ".join(sentences))
        story[0] = f"{_opener(scene.present or dated is not None, rng)}, {story[0]}"
    end = "." if _COMMAND.match(ask) else "?"
    order = rng.choices(list(_ORDERS), list(_ORDERS.values()))[0] if ordered and end == "?" and story else "plain"
    joinable = len(story) <= 2 and not any(re.search(r"[,.;]|\bif\b", sentence) for sentence in story)
    asks = re.match(r"(?:how|what)\b", ask) is not None
    if order == "merged" and len(story) >= 2 and "," not in story[0] + story[1]:
        return _sentences([f"{story[0]} and {story[1]}", *story[2:]]) + f" {ask}{end}"
    if order == "if" and joinable and asks:
        return f"if {' and '.join(story)}, {ask}{end}"
    if order == "if" and asks and "," not in story[-1]:
        return f"{_sentences(story[:-1])} if {story[-1]}, {ask}{end}".strip()
    if order == "if_tail" and joinable and asks:
        return f"{ask} if {' and '.join(story)}{end}"
    if order == "question_first" and asks and not _BOUND.search(ask.partition("{he}")[0]):
        return f"{ask}{end} {_sentences(story)}"
    return f"{_sentences(story)} {ask}{end}".strip()


def _opener(undated: bool, rng: Random) -> str:
    place = f"at {rng.choice(words('settings', 'places'))}"
    if undated:
        return place
    return place if rng.random() < 0.35 else rng.choice(words("settings", "times"))


def _sentences(sentences: list[str]) -> str:
    return " ".join(f"{sentence}." for sentence in sentences)


def _tidied(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.?!])", r"\1", text)
    text = _ON.sub(r"on \1 \2", text)
    text = re.sub(r"\b([Mm]rs?|[Mm]s)\.", r"\1<dot>", text)
    text = _CAPITAL.sub(lambda found: found[0][:-1] + found[1].upper(), text)
    return text.replace("<dot>", ".")
