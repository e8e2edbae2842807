"""The 27 domains: HWU64's 18 scenarios, six of which are split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Scenario -> domain -> beginnings of its intents (without the scenario); the first domain that matches.
_SPLIT: dict[str, dict[str, tuple[str, ...]]] = {
    "iot": {"iot_light": ("hue_",), "iot_appliance": ("",)},
    "play": {
        "play_radio": ("radio", "podcasts"),
        "play_audiobook": ("audiobook",),
        "play_game": ("game",),
        "play_music": ("",),
    },
    "qa": {"qa_finance": ("stock", "currency"), "qa_maths": ("maths",), "qa_knowledge": ("",)},
    "general": {"general_chat": ("joke", "quirky"), "general_control": ("",)},
    "email": {"email_read": ("query",), "email_write": ("",)},
    "transport": {"transport_book": ("ticket", "taxi"), "transport_info": ("",)},
}


def domain_of(intent: str) -> str:
    """The domain of an intent such as `iot_hue_lightdim`; that of an unknown scenario is the scenario."""
    scenario, _, action = intent.partition("_")
    for domain, beginnings in _SPLIT.get(scenario, {}).items():
        if action.startswith(beginnings):
            return domain
    return scenario


def traffic(domains: int, balance: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Traffic shares p(k) ~ 1 / rank ** balance, the ranks drawn: independent of how many utterances a domain has."""
    share = np.arange(1, domains + 1, dtype=np.float64) ** -balance
    drawn: NDArray[np.float64] = (share / share.sum())[rng.permutation(domains)]
    return drawn


def domains_of(intents: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """(names of the domains in alphabetical order, domain of each intent [I])."""
    names = tuple(sorted({domain_of(intent) for intent in intents}))
    return names, np.array([names.index(domain_of(intent)) for intent in intents], np.int32)
