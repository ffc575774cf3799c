"""What the lessor of a run's limits and a worker tell each other: blocks go out, and what was used of them and is wanted comes back.

Both take turns: a worker's statement says what it holds, and until its next one it may only use that up or have more added by the lessor's terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sim.core.event import Role
from sim.llm.traffic.budget import Spent, Sum
from sim.llm.traffic.lanes import CallDestination

Purse = Role | None
"""Whose budget it is; None: that of all roles together."""


class LaneStatement(NamedTuple):
    """A worker's calls to one model since its last statement."""

    in_flight: int
    """Now."""
    queued: int
    """Calls that wait for a place."""
    peak: int
    """Most calls in flight at once."""
    answers: int
    """Calls answered at their first attempt."""
    limited: tuple[float | None, ...]
    """Refusals for the rate, each with the seconds that the provider asked to be left alone."""
    broke: bool
    """Whether a call broke."""
    turns: tuple[int, ...]
    """Tokens of each call that waits for its turn under a limit of so much a minute."""
    tokens_back: int
    """Less taken than such calls had said; negative: more."""


class LeaseStatement(NamedTuple):
    """Everything that a worker holds, has used and waits for."""

    lanes: Mapping[CallDestination, LaneStatement]
    taken: Mapping[Role, Spent]
    """By calls that were settled since the last statement."""
    held: Mapping[Purse, Sum]
    """Of the budget, what is promised to calls under way or kept ready for the next."""
    ready: Mapping[Purse, Sum]
    """Of `held`, what is kept ready."""
    wishes: tuple[tuple[Role, Sum], ...]
    """Calls that wait for a part of the budget."""
    begun: int
    """Calls begun over a network since the last statement, without those that came to nothing."""


class LeaseTerms(NamedTuple):
    """What a worker may do from now on."""

    places: Mapping[CallDestination, int]
    """Calls in flight to each model."""
    turns: Mapping[CallDestination, tuple[float, ...]]
    """Seconds until each call may go that waited for its turn, in the order of the statement."""
    budget: Mapping[Purse, Sum]
    """More to spend."""
    used_up: Mapping[Purse, str]
    """Budgets that let no further call pass, and why."""
    recall: bool
    """A call waits for a part of the budget: nothing of it is to be kept ready, and the next statement is wanted soon."""


NO_TERMS = LeaseTerms({}, {}, {}, {}, recall=False)
