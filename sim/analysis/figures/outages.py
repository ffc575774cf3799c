"""Who never answered in a run, and why: said in place of tables of nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Trial

USER = "the simulated user"


class Outage(Frozen):
    """A target that never answered, or a simulated user that never spoke."""

    who: str
    """The target's id, or `the simulated user`."""
    target: str | None
    """None: it is the simulated user."""
    cause: str
    """In our words, such as `could not be reached at http://127.0.0.1:8000/chat: connection refused`."""
    quote: str
    """What came in place of an answer; empty: nothing, or nothing more."""
    trials: int
    """Planned."""
    tried: int
    """Begun, and stopped without an answer."""
    not_begun: int


def find_outages(trials: Sequence[Trial]) -> tuple[Outage, ...]:
    """Those who never answered in `trials` and for whom the journal has a cause; in the order of the trials."""
    lost = [(t, e.address.who, (e.message, e.quote)) for t in trials for e in t.lost if e.cause == "infrastructure"]
    if not any(s.exchanges or s.gone for t in trials for s in t.sessions):
        silent = [said for _, node, said in lost if node == "user_speaks"]
        if silent:
            return (_outage(USER, None, silent, trials),)
    found = []
    for target in dict.fromkeys(t.target for t in trials):
        mine = [t for t in trials if t.target == target]
        causes = [said for t, node, said in lost if t.target == target and node not in ("user_speaks", "rate_likability", "tag_moves")]
        causes += [(t.failed.message, t.failed.quote) for t in mine if t.failed]
        if causes and not any(t.exchanges for t in mine):
            found.append(_outage(target, target, causes, mine))
    return tuple(found)


def find_budget_stops(last_losses: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The budgets that stopped a run, each once with the flag that raises it.

    Args:
        last_losses: cause and message of the call that was lost last, of each trial that is not over and has lost any, in the order of the plan.
    """
    found: dict[str, str] = {}
    for cause, message in last_losses:
        if cause == "budget":
            # What was spent at that moment differs from trial to trial.
            found.setdefault(message.partition(" (")[0], message)
    return tuple(found.values())


def _outage(who: str, target: str | None, causes: Sequence[tuple[str, str]], trials: Sequence[Trial]) -> Outage:
    begun = sum(t.status != "planned" for t in trials)
    ((message, quote), _), *_ = Counter(reversed(causes)).most_common(1)
    return Outage(who=who, target=target, cause=bare_cause(message), quote=quote, trials=len(trials), tried=begun, not_begun=len(trials) - begun)


def bare_cause(cause: str) -> str:
    """`cause` without the name that the journal puts before it: who it is stands in the sentence already."""
    return re.sub(r"^(?:http|callable|graph)/[\w-]+: |^[\w.-]+(?:/[\w.:-]+)+: ", "", cause)
