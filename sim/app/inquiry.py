"""What is asked of models outside a run, as a value: the command line carries it out under its flags and signals, Python in a thread of its own."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sim.app.blocking import Interruption, finish
from sim.app.models import read_model
from sim.app.outgoing import admit
from sim.app.start import bounded, local_hosts
from sim.core.spec import Limits

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec
    from sim.engine.one_model import OnDone, OnTraffic
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic

T = TypeVar("T")


@dataclass(frozen=True)
class Inquiry(Generic[T]):
    """Something that is asked of models outside a run, and what comes of it."""

    asked: Mapping[str, ModelSpec]
    """Who is asked, by name."""
    sends: str
    """What they are sent."""
    doing: str
    """With `what`, what is done to what, as "rated" and "replies"."""
    what: str
    limits: Limits
    ask: Callable[[OnDone, OnTraffic], Awaitable[T]]
    """Asks it all, or as far as its traffic is let; what was not asked by then is counted as lost in what it gives back."""
    conversations: int | None = None
    """How many conversations it is about; None: nobody has counted them."""

    def told(self, done: int, of: int) -> str:
        """How far it has come, in words."""
        return f"{self.doing} {done:,} of {of:,} {self.what}"


def ask_model(
    inquire: Callable[[ModelSpec, Limits], Inquiry[T]],
    model: str,
    *,
    api_base: str | None,
    api_key_env: str | None,
    max_cost: float | None,
    max_tokens: int | None,
    max_minutes: float | None,
    local_only: bool,
    allow_hosts: Sequence[str],
    progress: bool,
) -> T:
    """What comes of an inquiry of one model, with the keywords that every use case in Python has (`sim.score_run`).

    Raises:
        InputError: there is no such model, a bound cannot be, or see `answer`.
        KeyboardInterrupt: see `answer`.
    """
    spec = read_model(model, api_base=api_base, api_key_env=api_key_env)
    limits = bounded(Limits(), bounds={"max_cost": max_cost, "max_tokens": max_tokens, "max_minutes": max_minutes})
    return answer(inquire(spec, limits), local_only=local_hosts(local_only, allow_hosts), progress=progress)


def answer(inquiry: Inquiry[T], *, local_only: LocalOnly | None, progress: bool, then: str = "the same call begins anew") -> T:
    """What comes of `inquiry`, waited for without `await`; Ctrl-C keeps the calls in flight, asks nothing new and gives back what there is.

    Args:
        progress: say on standard error how far it has come, and what leaves this machine.
        then: what is said of how to go on.

    Raises:
        InputError: texts would go to a host that is not allowed, or those who are asked cannot be.
        KeyboardInterrupt: Ctrl-C, a second time or before anything had begun.
    """
    from sim.llm.guard import guarded
    from sim.present.text.progress import Line

    leaving = admit(inquiry.asked, local_only, sends=inquiry.sends, conversations=inquiry.conversations)
    line = Line(sys.stderr)
    if leaving and progress:
        line.say(leaving)
    interruption = Interruption(line.say)

    def show(done: int, of: int) -> None:
        if progress:
            line.show(lambda: inquiry.told(done, of))

    def start(traffic: Traffic) -> None:
        interruption.watch(traffic, grace=inquiry.limits.grace, then=then)
        traffic.say = line.say

    async def ask() -> T:
        return await inquiry.ask(show, start)

    try:
        with guarded(local_only):
            return finish(ask, interruption)
    finally:
        line.end()
