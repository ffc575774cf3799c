"""One retry loop for every HTTP client: what may pass is tried again after a while, what will not is raised at once.

Waits double from 0.5 s up to 30 s, each drawn evenly between nothing and that (full jitter), so that callers who failed together do not return
together. A server's Retry-After is waited out in full, up to 120 s. While a call waits, its place among those in flight is free for others.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sim.core.event import Estimated, Usage
from sim.core.record import was_cut
from sim.llm.failures import AGAIN, AttemptFailed
from sim.llm.traffic.passage import Passage

BASE = 0.5
"""Seconds; the first wait lies between 0 and this."""
CAP = 30.0
"""Seconds; no wait of our own choice is longer."""
LONGEST = 120.0
"""Seconds; a Retry-After beyond this is cut to it."""
STALLS = 2
"""How often an attempt that was not answered in time is made again: each may have cost the server a whole answer."""
BLANKS = 2
"""How often an empty answer is asked for again before it is taken as the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt brought."""

    text: str
    finish: str = "stop"
    usage: Usage | None = None
    cost: float | None = None
    """US dollars; None: unknown."""
    refusal: str | None = None
    """What the model said in place of an answer it refuses to give."""
    thought: str = ""
    """What the provider sent, apart from the text, of what the model thought."""
    tools: object = None
    """The tools that it says it used or calls for, as they came (`sim.core.tools`)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last answer, with what all answered attempts took together."""

    answer: Answer
    attempts: int
    usage: Usage | None
    cost: float | None
    seconds: float
    """From the first attempt to the answer."""
    estimated: Estimated | None = None
    """What the call was settled at where its usage is unknown."""
    askings: int = 1
    """Answers that were had, each a call that was begun."""


@dataclass(frozen=True)
class Patience:
    """How often and after what waits a call is tried again."""

    retries: int = 5
    """Attempts after the first."""
    random: Callable[[], float] = random.random
    """Between 0 and 1; spreads waits only and touches no result."""

    def wait(self, failed: int, asked: float | None) -> float:
        """Seconds to wait after the `failed`-th failure (from 1), where the server asked for `asked`."""
        # 2.0 ** 1024 would overflow; from the sixteenth failure on the cap has long been reached.
        own = self.random() * min(CAP, BASE * 2.0 ** min(failed - 1, 16))
        return own if asked is None else min(asked, LONGEST) + self.random() * BASE


async def persist(
    attempt: Callable[[], Awaitable[Answer]],
    patience: Patience,
    here: Passage,
    *,
    blanks: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Outcome:
    """Make attempts until one is answered.

    Args:
        attempt: makes one attempt; raises `AttemptFailed`.
        patience: how often, and after what waits.
        here: the call's passage, entered; it is left for every wait, and settled by whoever entered it.
        blanks: how often an answer without text is asked for again.
        clock: seconds.

    Raises:
        AttemptFailed: the last attempt's failure, or the first that can never pass; says how many attempts were made.
        CallFailed: what the passage raises between two attempts.
    """
    answered: list[Answer] = []
    attempts = failed = stalled = 0
    began = clock()
    while True:
        attempts += 1
        try:
            answer = await attempt()
        except AttemptFailed as failure:
            down = here.failed(failure)
            if failure.kind not in AGAIN:
                raise
            # While the provider is down an attempt says nothing of the call; who wants no second attempt gets none even so.
            failed += not (down and patience.retries)
            stalled += failure.timed_out and not down
            if failed > patience.retries or stalled > STALLS:
                if answered:
                    break
                raise _for_good(failure, attempts, stalled) from failure
            wait = patience.wait(max(failed, 1), failure.wait)
        else:
            here.answered()
            answered.append(answer)
            failed += 1
            if not _blank(answer) or len(answered) > blanks or failed > patience.retries:
                break
            wait = patience.wait(failed, None)
        await here.rest(wait)
    return _outcome(answered, attempts, clock() - began)


def _for_good(failure: AttemptFailed, attempts: int, stalled: int) -> AttemptFailed:
    """The failure of a call whose attempts are used up."""
    after = f" (after {attempts} attempts)" if attempts > 1 else ""
    mend = "; raise limits.timeout, or --timeout, if it is only slow" if stalled else ""
    return AttemptFailed(failure.kind, f"{failure.message}{after}{mend}", quote=failure.quote, brief=failure.brief)


def _blank(answer: Answer) -> bool:
    """Whether there is nothing in it for no reason; one that was cut off needs more room, and not another try."""
    return (
        not answer.text.strip() and answer.finish != "content_filter" and answer.refusal is None and not was_cut(answer.finish) and not answer.tools
    )


def together(first: Outcome, second: Outcome) -> Outcome:
    """Two askings as one: the second one's answer, with what both took."""
    known = [u for u in (first.usage, second.usage) if u is not None]
    estimates = [e for e in (first.estimated, second.estimated) if e is not None]
    return Outcome(
        second.answer,
        first.attempts + second.attempts,
        _sum(known),
        None if first.cost is None or second.cost is None else first.cost + second.cost,
        first.seconds + second.seconds,
        _sum_estimated(estimates),
        first.askings + second.askings,
    )


def _sum(usages: Sequence[Usage]) -> Usage | None:
    return Usage(**{name: sum(getattr(u, name) for u in usages) for name in Usage.model_fields}) if usages else None


def _sum_estimated(each: Sequence[Estimated]) -> Estimated | None:
    if not each:
        return None
    costs = [e.cost for e in each if e.cost is not None]
    return Estimated(input=sum(e.input for e in each), output=sum(e.output for e in each), cost=sum(costs) if costs else None)


def _outcome(answered: list[Answer], attempts: int, seconds: float) -> Outcome:
    if len(answered) == 1:
        return Outcome(answered[0], attempts, answered[0].usage, answered[0].cost, seconds)
    usages = [a.usage for a in answered if a.usage is not None]
    costs = [a.cost for a in answered if a.cost is not None]
    return Outcome(answered[-1], attempts, _sum(usages), sum(costs) if len(costs) == len(answered) else None, seconds)
