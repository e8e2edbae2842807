"""One logged turn as one row of a data set, or the reason why it cannot be learned from."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from dialog.types import Decision, Reward, RoutingContext, Turn
from plugins.requests import request_of
from policies.request import Request

_REMEMBERED = 100_000  # conversations whose last turn is known while the log is read
_RANK = {"explicit": 2, "hindsight": 1, "causal": 0}
_SUM = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """A decision that the policy's own draw took, and its reward (NaN: not known yet).

    session: names the part of a conversation between two silences; rows of one session are not independent.
    """

    turn_id: int
    session: str
    request: Request
    text: str
    encoder: str
    policy: str
    propensities: tuple[float, ...]
    action: int
    reward: float


def reward_of(judged: Sequence[Reward]) -> float:
    """The reward that counts: explicit before hindsight before causal, the latest of equals; NaN without any."""
    found, rank = math.nan, -1
    for reward in judged:
        if _RANK[reward.source] >= rank:
            found, rank = reward.value, _RANK[reward.source]
    return found


def left_out(turn: Turn) -> str | None:
    """Why a turn is no draw of the policy: its candidate was forced, or another one answered; None when it is one."""
    decision = turn.decision
    if decision.forced_by is not None:
        return {"form": "form", "hotfix": "hot-fix", "retry": "failed over", "explicit": "explicit"}[decision.forced_by]
    if not decision.candidates or decision.chosen < 0:
        return "undecided"
    if decision.executed != decision.chosen:
        return "failed over"
    return "cancelled" if "cancelled" in turn.failures else None


def wrong(decision: Decision) -> str | None:
    """What is wrong with the propensities of a decision, None when nothing is."""
    values = decision.propensities
    if len(values) != len(decision.candidates):
        return "missing"
    if not all(isinstance(value, int | float) and math.isfinite(value) and value >= 0.0 for value in values):
        return "not numbers from 0 to 1"
    if abs(math.fsum(values) - 1.0) > _SUM:
        return "no distribution"
    return "zero for the candidate that was drawn" if values[decision.chosen] <= 0.0 else None


@dataclass(slots=True)
class _Known:
    start: float
    time: float
    skill: str | None = None
    form: str | None = None


class Histories:
    """What a turn's request takes from the turns before: the last skill and the active form of the session.

    timeout: silence in seconds after which a session ends. Turns must come in the order of their commits. The last
    100,000 conversations are remembered; an older one goes on as if it began anew.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def context(self, turn: Turn) -> RoutingContext:
        """What the policy saw besides the candidates (without the sentence vector); then the turn is remembered."""
        heard = turn.utterance
        known = self._known.pop(heard.conversation_id, None)
        if known is None or heard.time - known.time > self._timeout:
            known = _Known(heard.time, heard.time)
        text = turn.understanding.text
        found = RoutingContext(
            heard.conversation_id, text, None, known.skill, None, known.form, heard.channel, heard.time
        )
        known.time = heard.time
        if "cancelled" not in turn.failures:
            known.form = _form_after(turn, known.form)
            executed = turn.decision.executed
            if 0 <= executed < len(turn.decision.candidates):
                known.skill = turn.decision.candidates[executed].skill
        self._known[heard.conversation_id] = known
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    def session(self, conversation_id: str) -> str:
        """The name of the session in which the last turn of a conversation was."""
        return f"{conversation_id}\x00{self._known[conversation_id].start!r}"


def _form_after(turn: Turn, before: str | None) -> str | None:
    form = before
    for event in turn.events:
        if event.name == "active_loop":
            form = event.data.get("name")
        elif event.name in ("restart", "session_started"):
            form = None
        elif event.name == "rewind":
            form = before
    return form


def row_of(turn: Turn, context: RoutingContext, session: str, judged: Sequence[Reward]) -> Row:
    """The row of a turn that is not `left_out` and whose propensities are not `wrong`."""
    decision, known = turn.decision, turn.understanding
    return Row(
        turn.turn_id, session, request_of(decision.candidates, context), known.text,
        known.encoder or decision.encoder, decision.policy, decision.propensities, decision.chosen, reward_of(judged),
    )  # fmt: skip
