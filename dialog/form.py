"""Forms: values that a handler needs are asked for one by one, with Rasa's `active_loop` / `requested_slot` semantics.

A form is named `skill.handler`, its slots `skill_slot`. While it is active it proposes first. It is left by a cancel
word, by a clearly different request (then the question is asked again afterwards), or after two answers in a row
that say nothing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dialog.context import Context
from dialog.events import Event, active_loop, slot
from dialog.skill import IntentSpec, Skill, Slot
from dialog.state import REQUESTED
from dialog.types import Reply

CONFIRM = "confirm"
AMENDABLE = "amendable"  # the slot that holds the last amendable form and its values
_TRIES = 2
_AMEND_SECONDS = 120.0

_CANCEL = re.compile(
    r"^(please )?(cancel|stop|never ?mind|forget (it|that|about it)|abort|quit|leave it)"
    r"( (it|that|this|please))*[.!]?$",
    re.I,
)
_YES = re.compile(
    r"^(yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|absolutely|definitely|of course|do it|go ahead|please do|"
    r"confirm(ed)?|affirmative)\b",
    re.I,
)
_NO = re.compile(
    r"^(no|nope|nah|don'?t|do not|never|negative|not now|rather not|please don'?t)\b",
    re.I,
)
_CORRECTION = re.compile(
    r"^(?:(?:no|nope|wait|sorry|actually|rather|oh|i mean|i meant|i said|correction|make (?:it|that)|"
    r"change (?:it|that)(?: to)?|not that)[\s,.:;-]+)+(?P<rest>.+)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What a form does next: call the handler with `values`, or say `question`, or end with `farewell`."""

    values: Mapping[str, Any] | None = None
    reply: Reply | None = None
    events: tuple[Event, ...] = ()


def form_name(skill: Skill, spec: IntentSpec) -> str:
    """The name of a handler's form."""
    return f"{skill.name}.{spec.handler}"


def find(name: str, skills: Mapping[str, Skill]) -> tuple[Skill, IntentSpec] | None:
    """The handler behind a form's name; None when its plugin is gone."""
    owner, _, handler = name.partition(".")
    skill = skills.get(owner)
    if skill is not None:
        for spec in skill.specs.values():
            if spec.handler == handler:
                return skill, spec
    return None


def yes_or_no(text: str) -> bool | None:
    """True, False, or None when the answer is neither."""
    text = text.strip()
    return True if _YES.match(text) else False if _NO.match(text) else None


def cancels(text: str) -> bool:
    """Whether the user leaves the form."""
    return bool(_CANCEL.match(text.strip()))


def correction(text: str) -> str | None:
    """What follows "no," or "actually make it"; None when the text corrects nothing."""
    found = _CORRECTION.match(text.strip())
    return found["rest"] if found else None


def read_slot(context: Context, wanted: Slot, text: str, requested: bool) -> Any:
    """The value of one slot in `text`, or None. Runs the plugin's `parse`."""
    if wanted.parse is not None:
        return wanted.parse(context, text, requested)
    for entity in context.entities(*wanted.entities) if wanted.entities else ():
        return entity.value
    return text.strip() or None if requested else None


def answers(context: Context, skill: Skill, spec: IntentSpec) -> bool:
    """Whether the text says something to the slot that the active form has asked for."""
    requested = context.slots.get(REQUESTED)
    if requested == f"{skill.name}_{CONFIRM}":
        return yes_or_no(context.text) is not None
    for wanted in spec.slots:
        if f"{skill.name}_{wanted.name}" == requested:
            return read_slot(context, wanted, context.text, True) is not None
    return False


def start(context: Context, skill: Skill, spec: IntentSpec) -> Step:
    """Begin a handler: everything the first utterance says is taken, the first missing slot is asked for."""
    values = {wanted.name: read_slot(context, wanted, context.text, False) for wanted in spec.slots}
    return _next(context, skill, spec, values)


def resume(context: Context, skill: Skill, spec: IntentSpec, restated: bool) -> Step:
    """Go on with the active form after an answer. `restated`: the whole request was made anew, so what it says wins."""
    requested = str(context.slots.get(REQUESTED, ""))
    if cancels(context.text):
        return Step(reply=Reply("Okay, I'll leave it."), events=_end(context, skill, spec))
    values = {wanted.name: context.slots.get(f"{skill.name}_{wanted.name}") for wanted in spec.slots}
    if requested == f"{skill.name}_{CONFIRM}":
        said = yes_or_no(context.text)
        if said is False:
            return Step(reply=Reply("Okay, I won't."), events=_end(context, skill, spec))
        if said is True:
            return Step(values, events=_end(context, skill, spec))
        return _again(context, skill, spec, requested)
    said = False
    for wanted in spec.slots:
        name = f"{skill.name}_{wanted.name}"
        if values[wanted.name] is None or name == requested or restated:
            value = read_slot(context, wanted, context.text, name == requested)
            if value is not None:
                values[wanted.name], said = value, True
    return _next(context, skill, spec, values) if said else _again(context, skill, spec, requested)


def amend(context: Context, spec: IntentSpec, earlier: Mapping[str, Any]) -> dict[str, Any] | None:
    """The earlier values with the corrected slot, or None when the text corrects none of them."""
    rest = correction(context.text)
    if rest is None:
        return None
    for wanted in spec.slots:
        if wanted.parse is None:
            continue
        value = wanted.parse(context, rest, True)
        if value is not None and value != earlier.get(wanted.name):
            return {**earlier, wanted.name: value}
    return None


def amendable(context: Context, skill: Skill, spec: IntentSpec, values: Mapping[str, Any]) -> Event:
    """The slot event that lets the next utterance correct this one."""
    until = context.utterance.time + _AMEND_SECONDS
    return slot(AMENDABLE, {"form": form_name(skill, spec), "values": dict(values), "until": until})


def ask(skill: Skill, spec: IntentSpec, requested: str) -> Reply | None:
    """The question for a slot, asked again after a digression."""
    for wanted in spec.slots:
        if f"{skill.name}_{wanted.name}" == requested:
            return _question(wanted)
    return None


def _question(wanted: Slot, prefix: str = "") -> Reply:
    buttons = tuple({"title": option, "payload": option} for option in wanted.options)
    return Reply(prefix + (wanted.ask or f"What is the {wanted.name}?"), buttons)


def _next(context: Context, skill: Skill, spec: IntentSpec, values: Mapping[str, Any]) -> Step:
    missing = next((wanted for wanted in spec.slots if wanted.required and values.get(wanted.name) is None), None)
    if missing is not None:
        return Step(reply=_question(missing), events=_request(context, skill, spec, missing.name, values))
    question = spec.confirm(context, **values) if callable(spec.confirm) else spec.confirm
    if inspect.isawaitable(question):
        raise TypeError(f"confirm of {form_name(skill, spec)} must be a plain function")
    if question:
        buttons = ({"title": "Yes", "payload": "yes"}, {"title": "No", "payload": "no"})
        return Step(reply=Reply(question, buttons), events=_request(context, skill, spec, CONFIRM, values))
    return Step(values, events=_end(context, skill, spec))


def _request(
    context: Context, skill: Skill, spec: IntentSpec, wanted: str, values: Mapping[str, Any]
) -> tuple[Event, ...]:
    """Open the form if it is not open, keep what is known, and note what is asked for."""
    name = form_name(skill, spec)
    begun: list[Event] = []
    if context.view.active_loop != name:  # another form that was open is given up
        other = (context.view.active_loop or "-").partition(".")[0]
        begun = [*(slot(held, None) for held in context.slots if held.startswith(f"{other}_")), active_loop(name)]
    for key, value in values.items():
        if value is not None and (len(begun) or context.slots.get(f"{skill.name}_{key}") != value):
            begun.append(slot(f"{skill.name}_{key}", value))
    return (*begun, slot(REQUESTED, f"{skill.name}_{wanted}"), *_tries(context, None))


def _again(context: Context, skill: Skill, spec: IntentSpec, requested: str) -> Step:
    tries = int(context.slots.get("requested_tries") or 0) + 1
    if tries >= _TRIES:
        return Step(reply=Reply("I did not get that, so I'll leave it for now."), events=_end(context, skill, spec))
    if requested == f"{skill.name}_{CONFIRM}":
        reply = Reply("Please say yes or no.")
    else:
        wanted = next((wanted for wanted in spec.slots if f"{skill.name}_{wanted.name}" == requested), Slot("value"))
        reply = _question(wanted, "Sorry, I did not get that. ")
    return Step(reply=reply, events=tuple(_tries(context, tries)))


def _tries(context: Context, value: int | None) -> Sequence[Event]:
    if value is None and "requested_tries" not in context.slots:
        return ()
    return (slot("requested_tries", value),)


def _end(context: Context, skill: Skill, spec: IntentSpec) -> tuple[Event, ...]:
    """Close this form, if it is open, and clear what it collected."""
    if context.view.active_loop != form_name(skill, spec):
        return ()
    held = [f"{skill.name}_{wanted.name}" for wanted in spec.slots] + ["requested_tries"]
    return (active_loop(None), *(slot(name, None) for name in held if name in context.slots))
