"""Logs read, and tagged where they have no labels of their own, with what is wrong in them told as it comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.outgoing import admit
from sim.cli.stopping import ANEW, Stopping
from sim.core.errors import InputError
from sim.core.spec import Limits, Sampling, name_tagger
from sim.engine.marking import Marked, by_labels, mark_talks
from sim.present.text.progress import Line
from sim.score.moves.price import CallTally
from sim.store.logs import Log, PassedOver

if TYPE_CHECKING:
    from sim.cli.scoring import ScoreOptions
    from sim.core.codebook import Codebook
    from sim.core.logged import LoggedTalk
    from sim.core.spec import ModelSpec
    from sim.llm.traffic.passage import Traffic

MOST_COMPLAINTS = 1_000
"""Lines passed over that are told one by one; all are counted."""


class TalkSource:
    """One log, and who takes its conversations.

    Raises:
        InputError: see `Log`.
    """

    def __init__(self, path: Path, codebook: Codebook, take: Callable[[Marked], None], *, by: str | None = None, as_json: bool = False) -> None:
        self.log = Log(path, moves=tuple(m.id for m in codebook.tagged), by=by)
        self.passed_over = 0
        self.first: PassedOver | None = None
        """What was passed over first."""
        self._take = take
        self._replies = 0
        self._line = Line(sys.stderr, as_json=as_json)

    def talks(self) -> Iterator[LoggedTalk]:
        """The conversations that can be scored; tells and counts what is passed over."""
        for found in self.log.read():
            if not isinstance(found, PassedOver):
                yield found
                continue
            self.first = self.first or found
            self.passed_over += 1
            if self.passed_over <= MOST_COMPLAINTS:
                told = InputError(found.problem, mend=found.mend, where=self.log.path, line=found.line)
                print(f"sim: {told} (passed over)", file=sys.stderr)
        self._line.end()
        if self.passed_over:
            print(f"sim: {self.log.path}: {self.passed_over:,} passed over", file=sys.stderr, flush=True)

    def take(self, marked: Marked) -> None:
        """Hand on one conversation, and show now and then how far the log is read."""
        self._take(marked)
        self._replies += len(marked.marks)
        share = self.log.at / max(1, self.log.size)
        self._line.show(lambda: f"{self._replies:,} replies, {100 * share:.0f} % of {self.log.path.name}", replies=self._replies, share=share)


class Tagging:
    """Reads sources one after the other, by their labels or by a tagger.

    Raises:
        InputError: some have labels and others have none; or the tagger does not exist, does not know the codebook, lacks its key, or is on a host
            that may not be reached.
    """

    def __init__(self, sources: Sequence[TalkSource], spec: ModelSpec, codebook: Codebook, wish: ScoreOptions) -> None:
        self._sources = sources
        self._spec = spec
        self._codebook = codebook
        self._wish = wish
        self._stopping = Stopping(lambda line: print(line, file=sys.stderr, flush=True))
        self.taken = CallTally()
        self.stopped: str | None = None
        """Why not everything was read."""
        labelled = {source.log.is_labelled() for source in sources}
        if len(labelled) > 1:
            problem = "one log has labels of its own and the other has none, so that their taggers differ"
            raise InputError(problem, mend="label both or neither", where=sources[-1].log.path)
        self.labelled = labelled == {True}
        """Whether the logs have labels of their own, so that nothing is tagged."""
        if not self.labelled:
            self._admit()
        elif wish.tagger is not None:
            told = "has labels of its own, so nothing is tagged and --tagger is not used; take `moves` out to tag it"
            print(f"sim: {sources[-1].log.path}: {told}", file=sys.stderr)

    @property
    def interrupted(self) -> bool:
        """Whether a signal asked for the end."""
        return self._stopping.asked

    def run(self) -> None:
        """Read everything, as far as budget and signals let it.

        Raises:
            CancelledError: a signal came twice.
        """
        from sim.llm.guard import guarded

        if self.labelled:
            for source in self._sources:
                for talk in source.talks():
                    source.take(by_labels(talk))
            return
        with guarded(self._wish.local_only):
            asyncio.run(self._tag())

    def _admit(self) -> None:
        from sim.engine.preflight import check_prices, check_tagger
        from sim.llm.keys import check_credentials

        check_tagger(self._spec, self._codebook)
        check_prices([("tagger", "the tagger", self._spec)], self._wish.limits(Limits()))
        check_credentials(self._spec)
        leaving = admit({"the tagger": self._spec}, self._wish.local_only, sends="messages of the log")
        if leaving:
            print(leaving, file=sys.stderr)

    async def _tag(self) -> None:
        from sim.engine.clients import Clients
        from sim.engine.judges import build_tagger
        from sim.llm.build import Shared
        from sim.llm.prompts import load_prompts
        from sim.llm.traffic.passage import Traffic

        limits = self._wish.limits(Limits())
        traffic = Traffic(limits, concurrency=self._wish.concurrency)
        shared = Shared(traffic, self._wish.local_only)
        clients = Clients(load_prompts(), sampling=Sampling(), limits=limits, shared=shared)
        with self._stopping as stopping:
            stopping.listen(traffic.stop, grace=limits.grace, then=ANEW)
            try:
                tagger = build_tagger(name_tagger(self._spec), self._spec, self._codebook, clients)
                for source in self._sources:
                    self.stopped = await mark_talks(
                        source.talks(),
                        tagger,
                        concurrency=self._wish.concurrency,
                        take=source.take,
                        taken=self.taken,
                        stop=lambda: self._look_at(traffic),
                    )
                    if self.stopped:
                        return
            finally:
                await clients.close()

    def _look_at(self, traffic: Traffic) -> str | None:
        """Why nothing more may be tagged."""
        return "interrupted" if traffic.stopped else traffic.exhausted()
