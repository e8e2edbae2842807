"""What can be wrong with a policy, its bounds or the log it is to learn from."""

from __future__ import annotations


class PolicyError(Exception):
    """The reason why a policy cannot be trained, judged, read or put in force."""


class Diverged(PolicyError):
    """A training whose loss is not finite any more."""
