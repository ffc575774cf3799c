"""A finished run's messages said again: what a study with `fairness: {replay: RUN}` takes from that run before it is planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.errors import InputError, nearest
from sim.core.replay import build_replay
from sim.core.spec.fairness import FrozenTalk

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec.fairness import Replay
    from sim.store.library import LoadedStudy


def freeze(loaded: LoadedStudy) -> LoadedStudy:
    """`loaded` with the messages in it that it says again; of a study that replays none, `loaded` itself.

    Raises:
        InputError: there is no such run or target, or the run is not finished.
    """
    fairness = loaded.study.fairness
    if fairness is None or fairness.replay is None or loaded.study.frozen:
        return loaded
    base = loaded.source.parent if loaded.source else Path()
    people, told = {p.id for p in loaded.personas}, {s.id for s in loaded.scenarios}
    talks = [t for t in _said(fairness.replay, base) if t.persona in people and t.scenario.id in told and t.seed in loaded.study.seeds]
    return replace(loaded, study=loaded.study.model_copy(update={"frozen": tuple(talks)}))


def _said(asked: Replay, base: Path) -> list[FrozenTalk]:
    from sim.app.runs import RESULTS, load_run

    beside = base / asked.run
    run = load_run(beside if beside.is_dir() else asked.run, results=RESULTS)
    targets = [t.id for t in run.study.targets]
    if asked.target is None and len(targets) > 1:
        named = ", ".join(targets)
        raise InputError(f"run '{run.name}' has several targets: {named}", mend=f"write replay: {{run: {asked.run}, target: {targets[0]}}}")
    target = asked.target or targets[0]
    if target not in targets:
        raise InputError(f"run '{run.name}' has no target '{target}'", mend=nearest(target, targets))
    if run.status != "finished":
        raise InputError(f"run '{run.name}' is {run.status}", mend=f"finish it first: sim resume {run.name}")
    return [talk for trial in run.trials if trial.target == target and (talk := _talk(trial)) is not None]


def _talk(trial: Trial) -> FrozenTalk | None:
    """What was said in `trial`, as a scenario; None: nothing was, or its texts were deleted."""
    held = [s for s in trial.sessions if s.exchanges]
    if trial.forgotten or trial.failed or not held:
        return None
    scenario = build_replay(trial, held[-1].index, len(held[-1].exchanges), id=trial.cast.scenario.id)
    return FrozenTalk(persona=trial.cast.persona.id, seed=trial.seed, scenario=scenario)
