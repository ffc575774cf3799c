"""What a command asks of models outside a run, watched: where texts go, how far it has come, and signals that end it in order."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from sim.cli.stopping import ANEW, Stopping
from sim.present.text.progress import Line

if TYPE_CHECKING:
    from sim.cli.log_wish import LogWish
    from sim.core.spec import Limits, ModelSpec
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic

T = TypeVar("T")
Asking = Callable[[Callable[[int, int], None], "Callable[[Traffic], None]"], Awaitable[T]]
"""What is asked: it tells the first how much is done and of how much, and gives its traffic to the second."""


class Watch:
    """Shows how far the asking has come, and lets signals end it in order.

    Args:
        asked: who is asked, by name.
        sends: what they are sent.
        doing: what is done to what, as "rated" and "replies".
        then: what is said of how to go on.
    """

    def __init__(
        self,
        asked: Mapping[str, ModelSpec],
        limits: Limits,
        local_only: LocalOnly | None,
        log: LogWish,
        *,
        sends: str,
        doing: str,
        what: str,
        then: str = ANEW,
    ) -> None:
        self._asked = asked
        self._limits = limits
        self._local_only = local_only
        self._log = log
        self._sends = sends
        self._doing = doing
        self._what = what
        self._then = then
        self.line = Line(sys.stderr, as_json=log.as_json)
        self.stopping = Stopping(self.line.say)

    def run(self, asking: Asking[T], *, conversations: int | None = None) -> T | None:
        """What `asking` finds; None: it was stopped a second time.

        Raises:
            InputError: texts would go to a host that is not allowed, or they cannot be asked.
        """
        from sim.app.outgoing import admit
        from sim.cli.logs import configure_logging
        from sim.llm.guard import guarded

        leaving = admit(self._asked, self._local_only, sends=self._sends, conversations=conversations)
        if leaving:
            print(leaving, file=sys.stderr)
        configure_logging(self._log)

        async def watched() -> T:
            with self.stopping:
                return await asking(self._show, self._start)

        try:
            with guarded(self._local_only):
                return asyncio.run(watched())
        except asyncio.CancelledError:
            return None

    def _show(self, done: int, of: int) -> None:
        figures = {self._what: done, f"{self._what}_expected": of}
        self.line.show(lambda: f"{self._doing} {done:,} of {of:,} {self._what}", **figures)

    def _start(self, traffic: Traffic) -> None:
        self.stopping.listen(traffic.stop, grace=self._limits.grace, then=self._then)
        traffic.say = self.line.say
