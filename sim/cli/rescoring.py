"""`sim score RUN`: what other raters, taggers and scorers make of a run's talks, asked where it is absent, and how its moves repeat."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.app import Run, count_absent, load_run, rescore_run
from sim.app.outgoing import admit
from sim.app.output import demand_room
from sim.app.scoring import scorers_of_run
from sim.cli.asking import Asked, read_asked, write_asked
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.logs import LogEstimated, LogLost, LogSteps, configure_logging
from sim.cli.scoring import Replies, ScoreOptions, demand_sense, print_scores, read_model
from sim.cli.stopping import Stopping
from sim.cli.streams import outlive_output
from sim.core.errors import InputError
from sim.engine.batches import Batching, check_batches
from sim.engine.judges import Judging, build_judging
from sim.engine.marking import Tally
from sim.engine.rescore import retell, taken_by_tagger
from sim.llm.hosts import TO_SIMULATOR
from sim.present.data.rating_rows import HEAD
from sim.present.text.progress import Line, VerdictProgress, going_on
from sim.store.library import load_codebook
from sim.store.log_run import known_person
from sim.store.runs import open_run

if TYPE_CHECKING:
    from sim.analysis.figures.scorers import ScorerFigures
    from sim.core.codebook import Codebook
    from sim.core.spec import KeptScorer
    from sim.llm.traffic.passage import Traffic
    from sim.store.runs import RunFolder


def score_run(name: str, wish: ScoreOptions, *, results: Path, as_json: bool) -> int:
    """Buy the verdicts that are absent, and print what was asked for. Without a judge nothing is bought and nothing written."""
    demand_sense(wish)
    for flag, value in (("--name", wish.name), ("--persona", wish.persona)):
        if value:
            what = "names the run that a log becomes" if flag == "--name" else "is who talked in a log"
            raise InputError(f"{what}, and this is a run", mend="leave it out", where=flag)
    if wish.teacher_forced:
        raise InputError("pairs a log with another log", mend="leave it out for a run", where="--teacher-forced")
    if wish.ratings:
        demand_room(wish.ratings, HEAD, flag="--ratings")
    folder = open_run(name, results)
    judging = read_judging(wish, folder)
    if (wish.raters or wish.scorers) and not wish.tagger and (wish.only or wish.by):
        flag, other = "--by" if wish.by else "--only", "--rater is about ratings" if wish.raters else "--scorer is not"
        raise InputError(f"is about moves, and {other}", mend="leave one out, or name a --tagger too", where=flag)
    if wish.batch:
        check_batches(judging)
    absent, stopped = complete(folder, judging, wish)
    if stopped == FORCED:
        return INTERRUPTED
    moves = bool(wish.tagger or not (wish.raters or wish.scorers))
    run = load_run(folder.path, results=results, words=moves)
    _print(run, judging, wish, absent=absent, as_json=as_json)
    tell_written(run, judging, wish)
    return ending(absent, stopped)


def tell_written(run: Run, judging: Judging, wish: ScoreOptions) -> None:
    """Write the table of ratings, if one is wanted, and say so.

    Raises:
        InputError: it cannot be written.
    """
    if not wish.ratings:
        return
    written = write_asked(run, judging, wish.ratings)
    print(f"sim: {written:,} ratings written to {wish.ratings}", file=sys.stderr)
    if run.study.played_by == "log" and any(not s.conversation for t in run.trials for s in t.sessions):
        print(f"sim: run '{run.name}' does not hold what the log calls its conversations: score the log again under another --name", file=sys.stderr)


def _aside(line: str) -> None:
    print(f"sim: {line}", file=sys.stderr)


FORCED = "forced"
"""A second signal: nothing more is written or printed."""


def complete(folder: RunFolder, judging: Judging, wish: ScoreOptions) -> tuple[int, str]:
    """Have what is absent judged; how many verdicts are absent still, and how it was stopped (empty: it was not).

    Raises:
        InputError: a judge does not exist, lacks its key, or is on a host that may not be reached.
    """
    stopping = Stopping(lambda line: print(line, file=sys.stderr, flush=True))
    absent, trials = count_absent(folder, judging) if judging.parts else (0, 0)
    if not absent:
        return 0, ""
    try:
        _ask(folder, judging, wish, verdicts=absent, trials=trials, stopping=stopping)
    except asyncio.CancelledError:
        return absent, FORCED
    return count_absent(folder, judging)[0], "asked" if stopping.asked else ""


def ending(absent: int, stopped: str) -> int:
    """The exit status, after a line on what is absent still."""
    if absent:
        missing = (
            f"{absent:,} verdicts are missing; the same command asks for them" if absent > 1 else "1 verdict is missing; the same command asks for it"
        )
        print(f"sim: {missing}", file=sys.stderr)
    return INTERRUPTED if stopped else INCOMPLETE if absent else DONE


def read_judging(wish: ScoreOptions, folder: RunFolder) -> Judging:
    """Who is to judge.

    Raises:
        InputError: a flag has a value that cannot be, or the run knows another codebook by that id.
    """
    codebook = _codebook(wish, folder)
    if wish.codebook and not wish.tagger:
        raise InputError("is what a tagger goes by, and none is named", mend="add --tagger MODEL", where="--codebook")
    asked = asked_of(wish, folder)
    tagger = read_model(wish.tagger, "--tagger", wish) if wish.tagger else None
    model = read_model(wish.model, "--model", wish) if wish.model else None
    scorers = (*scorers_of_run(folder, wish.scorers, model=model, say=_aside), *asked.scorers)
    for scorer in asked.scorers:
        folder.accept_scorer(scorer)
    return build_judging(folder.study, asked.raters, tagger, codebook, folder.codebook, scorers=scorers, concurrency=wish.concurrency)


def asked_of(wish: ScoreOptions, folder: RunFolder) -> Asked:
    """What the raters are asked of a run: of one that was read from a log it depends on whether anybody knows who talked.

    Raises:
        InputError: see `read_asked`.
    """
    return read_asked(wish, known_person(folder) if folder.study.played_by == "log" else folder.personas[0])


def _codebook(wish: ScoreOptions, folder: RunFolder) -> Codebook:
    """The run's own text of a codebook that it knows, and the one named otherwise."""
    if not wish.codebook:
        return folder.codebook
    known = folder.codebooks.get(wish.codebook)
    if known:
        return known
    codebook = load_codebook(wish.codebook)
    folder.accept_codebook(codebook)
    return codebook


def _ask(folder: RunFolder, judging: Judging, wish: ScoreOptions, *, verdicts: int, trials: int, stopping: Stopping) -> None:
    """Have what is absent judged, with progress on standard error.

    Raises:
        InputError: a judge does not exist, lacks its key, or is on a host that may not be reached.
    """
    judging.check()
    configure_logging(wish.log)
    outlive_output()
    leaving = admit(judging.specs, wish.local_only, sends=TO_SIMULATOR, conversations=trials, traced=True)
    line = Line(sys.stderr, as_json=wish.log.as_json)
    progress = VerdictProgress(verdicts, line, in_batches=wish.batch)

    async def ask() -> None:
        def on_start(traffic: Traffic, _: RunFolder) -> None:
            stopping.listen(traffic.stop, grace=folder.study.limits.grace, then="the same command goes on")
            traffic.say = line.say
            progress.calls.watch(traffic)
            if leaving:
                line.say(leaving)

        listeners = (progress, LogLost(), LogSteps(), LogEstimated(wish.limits(folder.study.limits)))
        async with going_on(progress.show):
            with stopping:
                await rescore_run(
                    folder.path,
                    judging,
                    limits=wish.limits,
                    local_only=wish.local_only,
                    listeners=listeners,
                    on_start=on_start,
                    batching=Batching(line.say, progress.show_batches) if wish.batch else None,
                )

    try:
        # What a scorer's own code prints must not get among the output.
        with contextlib.redirect_stdout(sys.stderr):
            asyncio.run(ask())
    finally:
        progress.end()


def _print(run: Run, judging: Judging, wish: ScoreOptions, *, absent: int, as_json: bool) -> None:
    moves = bool(wish.tagger or not (wish.raters or wish.scorers))
    more: dict[str, object] = {"run": run.name, "offline": bool(run.folder.header.offline), "absent": absent}
    asked = asked_of(wish, run.folder)
    more |= found_document(run, judging, asked)
    if not as_json:
        print_found(run, judging, asked)
    if as_json and not moves:
        print(json.dumps(more))
    if moves:
        _print_moves(run, judging, wish, more=more, as_json=as_json)


def found_document(run: Run, judging: Judging, asked: Asked) -> dict[str, Any]:
    """What scorers and raters found, by target, and what the raters were asked."""
    from sim.present.text.ratings import rating_figures

    found = asked.document()
    if judging.scorers:
        found |= scorer_document(run, judging.scorers)
    if judging.raters:
        found["ratings"] = rating_figures(run.summary, judging.raters).model_dump(mode="json")
    return found


def print_found(run: Run, judging: Judging, asked: Asked) -> None:
    """The same as tables."""
    from sim.cli.reading import print_rendered
    from sim.present.text.ratings import rating_figures, render_ratings

    if asked.said and run.study.played_by == "log":
        print(asked.said)
    if judging.scorers:
        print_scorers(run, judging.scorers)
    if judging.raters:
        print_rendered(lambda _: render_ratings(run.summary, rating_figures(run.summary, judging.raters)))


def scorer_document(run: Run, scorers: Iterable[KeptScorer]) -> dict[str, Any]:
    """What the scorers found, by target."""
    found = scorers_found(run, scorers)
    return {"scorers": {target: {id: f.model_dump(mode="json") for id, f in of.items()} for target, of in found.items()}}


def scorers_found(run: Run, scorers: Iterable[KeptScorer]) -> dict[str, dict[str, ScorerFigures]]:
    """The figures of some of a run's scorers, by target."""
    from sim.analysis.figures.scorers import summarise_scorers

    infos = [s.info for s in scorers]
    return {t.id: summarise_scorers(infos, run.source.table, t.id) for t in run.study.targets}


def print_scorers(run: Run, scorers: Iterable[KeptScorer]) -> None:
    """What the scorers found, as a table."""
    from sim.cli.reading import print_rendered
    from sim.present.text.scorers import render_scorers

    found = scorers_found(run, scorers)
    print_rendered(lambda width: render_scorers(run.name, found, note=run.summary.offline_note))


def _print_moves(run: Run, judging: Judging, wish: ScoreOptions, *, more: dict[str, object], as_json: bool) -> None:
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
