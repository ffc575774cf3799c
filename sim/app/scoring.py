"""`sim.score_run`: the talks of a run judged by other raters, another tagger or further scorers; only what is absent is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.blocking import Interruption, finish
from sim.app.models import read_model
from sim.app.outgoing import admit
from sim.app.rescoring import count_absent, rescore_run
from sim.app.runs import RESULTS, Run, load_run
from sim.app.start import bounded, local_hosts
from sim.core.errors import InputError
from sim.core.spec import Limits, ModelSpec, RubricScorer, ScorerUse
from sim.engine.judges import build_judging
from sim.engine.scorers import keep_scorers, renew_scorers
from sim.llm.hosts import TO_SIMULATOR
from sim.store.log_run import known_person
from sim.store.rubrics import load_rubrics
from sim.store.runs import RunFolder, open_run
from sim.store.scorers import find_scorers, is_rubric

if TYPE_CHECKING:
    from sim.core.spec import KeptScorer, Rubric
    from sim.engine.judges import Judging
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic

AT_ONCE = 16
"""Replies that are judged at once."""


def score_run(
    run: str | Path | Run,
    *,
    raters: Sequence[str] = (),
    tagger: str | None = None,
    scorers: Sequence[str] = (),
    model: str | None = None,
    api_base: str | None = None,
    api_key_env: str | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
    results: str | Path = RESULTS,
) -> Run:
    """Let other raters, another tagger or further scorers judge the talks of a run; nothing is asked of user or target, and nothing is asked twice.

    Args:
        run: its name under `results`, its folder, or the `Run` itself.
        raters: models that rate every exchange on the seven dimensions, from 1 to 5.
        tagger: the model that tags the moves of replies; "offline/tagger" is the offline one.
        scorers: names of built-in scorers, ids of the run's own, files of rubrics, or "module:Class".
        model: who judges by the rubrics among `scorers`; left out: whom they or the study name.
        api_base, api_key_env: where these models are, and the environment variable that holds their key.
        max_cost, max_tokens, max_minutes: after which nothing new is asked; the study's own bounds do not count here.

    Returns:
        The run with what was found. What could not be had is absent in it, and the same call asks for that again.

    Raises:
        InputError: there is no such run or judge, a key is missing, a host is refused, or nobody knows as whom raters should rate.
        RunLocked: another process is writing to it.
        KeyboardInterrupt: Ctrl-C, a second time.
    """
    folder = open_run(run.folder.path if isinstance(run, Run) else run, Path(results))
    if raters and folder.study.played_by == "log" and known_person(folder) is None:
        raise InputError(f"nobody says who talked in run '{folder.name}'", mend='ask a question instead: scorers=["liked"], model=…')
    spec = partial(_spec, api_base=api_base, api_key_env=api_key_env)
    found = scorers_of_run(folder, scorers, model=spec(model) if model else None, say=_say)
    book = folder.codebook
    tags = spec(tagger) if tagger else None
    judging = build_judging(folder.study, [spec(r) for r in raters], tags, book, book, scorers=found, concurrency=AT_ONCE)
    if not judging.parts:
        raise InputError("nobody is to judge", mend="name raters, a tagger or scorers")
    bounds = partial(bounded, bounds={"max_cost": max_cost, "max_tokens": max_tokens, "max_minutes": max_minutes})
    _judge(folder, judging, limits=bounds, local_only=local_hosts(local_only, allow_hosts), progress=progress)
    return load_run(folder.path)


def _judge(folder: RunFolder, judging: Judging, *, limits: Callable[[Limits], Limits], local_only: LocalOnly | None, progress: bool) -> None:
    from sim.present.text.progress import Line, VerdictProgress, going_on

    absent, trials = count_absent(folder, judging)
    if not absent:
        return
    judging.check()
    leaving = admit(judging.specs, local_only, sends=TO_SIMULATOR, conversations=trials, traced=True)
    line = Line(sys.stderr)
    shown = VerdictProgress(absent, line, in_batches=False) if progress else None
    interruption = Interruption(line.say)

    def on_start(traffic: Traffic, _: RunFolder) -> None:
        interruption.watch(traffic, grace=folder.study.limits.grace, then="the same call goes on")
        if leaving:
            line.say(leaving)
        if shown:
            shown.calls.watch(traffic)

    async def ask() -> None:
        async with going_on(shown.show if shown else lambda: None):
            listeners = (shown,) if shown else ()
            await rescore_run(folder.path, judging, limits=limits, local_only=local_only, listeners=listeners, on_start=on_start)

    try:
        finish(ask, interruption)
    finally:
        line.end()


def scorers_of_run(folder: RunFolder, names: Sequence[str], *, model: ModelSpec | None, say: Callable[[str], None]) -> tuple[KeptScorer, ...]:
    """The scorers that are named: those of the run by their ids, others where they lie; code is imported.

    Args:
        model: judges by the rubrics among them; None: whom they or the study name.
        say: is told of each whose code is no longer what the run began with.

    Raises:
        InputError: there is no such scorer, it is wrong, or the run holds results of another one under its id and version.
    """
    known = [folder.scorers[name] for name in names if name in folder.scorers]
    own, changed = renew_scorers(known, seconds=folder.study.limits.seconds("judge"))
    for line in changed:
        say(line)
    if model:
        own = tuple(s.model_copy(update={"model": model}) if isinstance(s, RubricScorer) else s for s in own)
    found = find_named([name for name in names if name not in folder.scorers], folder.study.judge_by, model=model)
    for scorer in (*own, *found):
        folder.accept_scorer(scorer)
    return (*own, *found)


def find_named(names: Sequence[str], judge_by: Callable[[ScorerUse, Rubric], ModelSpec], *, model: ModelSpec | None) -> tuple[KeptScorer, ...]:
    """The scorers of these names, where they lie; code is imported.

    Args:
        judge_by: the model that judges by a rubric for which none is named.

    Raises:
        InputError: there is no such scorer, or it is wrong.
    """
    uses = [ScorerUse(use=name, model=model if is_rubric(name) else None) for name in names]
    return keep_scorers(find_scorers(uses, Path()), judge_by, seconds=Limits().seconds("judge"), load_rubrics=load_rubrics)


def _spec(name: str, *, api_base: str | None, api_key_env: str | None) -> ModelSpec:
    return read_model(name) if name.startswith("offline/") else read_model(name, api_base=api_base, api_key_env=api_key_env)


def _say(line: str) -> None:
    sys.stderr.write(f"sim: {line}\n")
