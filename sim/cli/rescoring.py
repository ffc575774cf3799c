"""`sim score RUN`: what other raters and taggers make of a run's replies, bought where it is absent, and how its moves repeat."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.api import Run, load_run, rescore_run
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.logs import LogBlind, LogLost, configure_logging
from sim.cli.outgoing import admit
from sim.cli.progress import Line
from sim.cli.scoring import Replies, Wish, demand_sense, print_scores, read_model
from sim.cli.stopping import Stopping
from sim.core.errors import InputError
from sim.core.event import CallLost
from sim.llm.hosts import TO_SIMULATOR
from sim.run.judges import Judging, build_judging
from sim.run.marking import Tally
from sim.run.rescore import find_due, retell, taken_by_tagger
from sim.store.library import load_codebook

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.event import Event
    from sim.core.panel import Assignment
    from sim.llm.budget import Budget
    from sim.store.runs import RunFolder


def score_run(name: str, wish: Wish, *, results: Path, as_json: bool) -> int:
    """Buy the verdicts that are absent, and print what was asked for. Without a judge nothing is bought and nothing written."""
    demand_sense(wish)
    if wish.teacher_forced:
        raise InputError("pairs a log with another log", mend="leave it out for a run", where="--teacher-forced")
    run = load_run(name, results=results)
    judging = read_judging(wish, run.folder)
    if wish.raters and not wish.tagger and (wish.only or wish.by):
        flag = "--by" if wish.by else "--only"
        raise InputError("is about moves, and --rater is about ratings", mend="leave one out, or name a --tagger too", where=flag)
    due = find_due(run.trials, judging)
    stopping = Stopping(lambda line: print(line, file=sys.stderr, flush=True))
    if due:
        try:
            run = _buy(run, judging, due, wish, results=results, stopping=stopping)
        except asyncio.CancelledError:
            return INTERRUPTED
    absent = len(find_due(run.trials, judging))
    _print(run, judging, wish, absent=absent, as_json=as_json)
    if absent:
        print(f"sim: {absent:,} verdicts are absent still; the same command buys them", file=sys.stderr)
    if stopping.asked:
        return INTERRUPTED
    return INCOMPLETE if absent else DONE


def read_judging(wish: Wish, folder: RunFolder) -> Judging:
    """Who is to judge.

    Raises:
        InputError: a flag has a value that cannot be, or the run knows another codebook by that id.
    """
    codebook = _codebook(wish, folder)
    if wish.codebook and not wish.tagger:
        raise InputError("is what a tagger goes by, and none is named", mend="add --tagger MODEL", where="--codebook")
    raters = [read_model(rater, "--rater", wish) for rater in wish.raters]
    tagger = read_model(wish.tagger, "--tagger", wish) if wish.tagger else None
    return build_judging(folder.study, raters, tagger, codebook, folder.codebook, concurrency=wish.concurrency)


def _codebook(wish: Wish, folder: RunFolder) -> Codebook:
    """The run's own text of a codebook that it knows, and the one named otherwise."""
    if not wish.codebook:
        return folder.codebook
    known = folder.codebooks.get(wish.codebook)
    if known:
        return known
    codebook = load_codebook(wish.codebook)
    folder.accept_codebook(codebook)
    return codebook


def _buy(run: Run, judging: Judging, due: Sequence[Assignment], wish: Wish, *, results: Path, stopping: Stopping) -> Run:
    """The run with what could be had.

    Raises:
        InputError: a judge does not exist, lacks its key, or is on a host that may not be reached.
    """
    judging.check()
    configure_logging()
    trials = len({d.trial.id for d in due})
    leaving = admit(judging.specs, wish.local_only, sends=TO_SIMULATOR, conversations=trials)
    line, progress = Line(sys.stderr), _Progress(len(due), judging)

    async def buy() -> Run:
        def on_start(budget: Budget, _: RunFolder) -> None:
            stopping.listen(budget)
            if leaving:
                line.say(leaving)

        listeners = (progress, LogLost(), LogBlind(wish.limits(run.study.limits)))
        with stopping:
            return await rescore_run(run.folder.path, judging, limits=wish.limits, local_only=wish.local_only, listeners=listeners, on_start=on_start)

    try:
        return asyncio.run(buy())
    finally:
        progress.end()


class _Progress:
    """Counts verdicts, and says now and then how many there are."""

    def __init__(self, of: int, judging: Judging) -> None:
        self._of = of
        self._done = 0
        self._line = Line(sys.stderr)

    def on_event(self, event: Event) -> None:
        """Count one."""
        self._done += not isinstance(event, CallLost)
        self._line.show(lambda: f"{self._done:,} of {self._of:,} verdicts")

    def end(self) -> None:
        """Leave the line behind."""
        self._line.end()


def _print(run: Run, judging: Judging, wish: Wish, *, absent: int, as_json: bool) -> None:
    moves = bool(wish.tagger or not wish.raters)
    more = {"run": run.name, "offline": bool(run.folder.header.offline), "absent": absent}
    if wish.raters:
        from sim.present.ratings import rating_figures, render_ratings

        figures = rating_figures(run.summary, judging.raters)
        more["ratings"] = figures.model_dump(mode="json")
        if not moves and as_json:
            print(json.dumps(more))
        if not as_json:
            from sim.cli.reading import print_rendered

            print_rendered(lambda width: render_ratings(run.summary, figures))
    if moves:
        _print_moves(run, judging, wish, more=more, as_json=as_json)


def _print_moves(run: Run, judging: Judging, wish: Wish, *, more: dict[str, object], as_json: bool) -> None:
    tally = Tally(judging.codebook, grouped=wish.by is not None)
    replies = Replies(sys.stdout, judging.codebook, judging.tagger_part) if as_json and wish.only != "repetition" else None
    for marked in retell(run.trials, judging.tagger_part, by=wish.by):
        tally.add(marked)
        if replies:
            replies.write(marked)
    if not tally.conversations:
        raise InputError(f"run '{run.name}' holds no reply yet", mend=f"sim resume {run.name}")
    events = (event for of in run.folder.load_events().values() for event in of)
    taken = taken_by_tagger(events, judging.tagger_part)
    several = len(run.study.targets) > 1 and wish.by is None and wish.only != "moves"
    print_scores(
        tally,
        judging.tagger_part,
        wish,
        0,
        log=run.name,
        taken=taken,
        replies=replies,
        as_json=as_json,
        offline=bool(run.folder.header.offline),
        hint=f"{len(run.study.targets)} targets together: --by target tells them apart" if several else "",
        more=more,
    )
