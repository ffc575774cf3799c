"""An inquiry carried out at a terminal: where texts go, how far it has come, signals that end it in order, and the exit status that tells of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.stopping import ANEW, Stopping
from sim.present.text.progress import Line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.app.inquiry import Inquiry
    from sim.cli.log_wish import LogWish
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic


class Inquired(Protocol):
    """What comes of an inquiry that prints a document."""

    @property
    def lost(self) -> Sized:
        """What was not answered for reasons outside the model."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """As `--json` has it."""


T = TypeVar("T")
D = TypeVar("D", bound=Inquired)


class Watch(Generic[T]):
    """Shows how far an inquiry has come, and lets signals end it in order.

    Args:
        then: what is said of how to go on.
    """

    def __init__(self, inquiry: Inquiry[T], local_only: LocalOnly | None, log: LogWish, *, then: str = ANEW) -> None:
        self._inquiry = inquiry
        self._local_only = local_only
        self._log = log
        self._then = then
        self.line = Line(sys.stderr, as_json=log.as_json)
        self.stopping = Stopping(self.line.say)

    def run(self) -> T | None:
        """What comes of it; None: it was stopped a second time.

        Raises:
            InputError: texts would go to a host that is not allowed, or they cannot be asked.
        """
        from sim.app.outgoing import admit
        from sim.cli.logs import configure_logging
        from sim.llm.guard import guarded

        of = self._inquiry
        leaving = admit(of.asked, self._local_only, sends=of.sends, conversations=of.conversations)
        if leaving:
            print(leaving, file=sys.stderr)
        configure_logging(self._log)

        async def watched() -> T:
            with self.stopping:
                return await of.ask(self._show, self._start)

        try:
            with guarded(self._local_only):
                return asyncio.run(watched())
        except asyncio.CancelledError:
            return None

    def status(self, *, lost: bool) -> int:
        """The exit status of what was carried out.

        Args:
            lost: something was not answered for reasons outside the model.
        """
        return INTERRUPTED if self.stopping.asked else INCOMPLETE if lost else DONE

    def _show(self, done: int, of: int) -> None:
        what = self._inquiry.what
        self.line.show(lambda: self._inquiry.told(done, of), **{what: done, f"{what}_expected": of})

    def _start(self, traffic: Traffic) -> None:
        self.stopping.listen(traffic.stop, grace=self._inquiry.limits.grace, then=self._then)
        traffic.say = self.line.say


def carry_out(
    inquiry: Inquiry[D],
    *,
    local_only: LocalOnly | None,
    log: LogWish,
    as_json: bool,
    said: Callable[[D], str],
    render: Callable[[D, int], RenderableType],
) -> int:
    """Ask, and print what comes of it.

    Args:
        said: how much was asked, told on standard error once it is over.
        render: a document for so many columns.
    """
    from sim.cli.reading import print_rendered

    watch = Watch(inquiry, local_only, log)
    document = watch.run()
    if document is None:
        return INTERRUPTED
    watch.line.say(said(document))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render(document, width))
    return watch.status(lost=len(document.lost) > 0)
