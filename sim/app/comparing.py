"""What runs say beside each other: compared, crossed, pooled, held against themselves, and gated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.baselines import load_baseline
from sim.app.runs import RESULTS, Run, load_run
from sim.core.errors import InputError, nearest

if TYPE_CHECKING:
    from sim.analysis.figures.fairness import FairnessDocument
    from sim.analysis.trust.against_itself import SelfDocument
    from sim.analysis.trust.crossed import CrossedDocument
    from sim.analysis.trust.pooled_users import PooledUsersDocument
    from sim.analysis.verdicts.arms import By
    from sim.analysis.verdicts.baseline import Baseline
    from sim.analysis.verdicts.compare import CompareDocument
    from sim.analysis.verdicts.gate import GateDocument
    from sim.present.text.raters import SwapDocument


def compare_runs(runs: Sequence[str | Path | Run], *, by: By = "target", results: str | Path = RESULTS) -> CompareDocument:
    """Compare the targets of one run, or of several; of runs that share targets the first is the older version.

    Raises:
        InputError: there is no such run, a run is named twice, or there are no two sides to compare.
    """
    from sim.analysis.verdicts.compare import compare

    loaded = _load_distinct(runs, results)
    return compare([run.source for run in loaded], by=by, conditions=[run.conditions for run in loaded])


def compare_by_identity(run: str | Path | Run, *, results: str | Path = RESULTS) -> FairnessDocument:
    """What becomes of each target's conduct as its user's identity is swapped.

    Raises:
        InputError: there is no such run, or nobody's identity is swapped in it.
    """
    from sim.analysis.figures.fairness import fairness_document

    return fairness_document(_load(run, results).source)


def cross_runs(runs: Sequence[str | Path | Run], *, results: str | Path = RESULTS) -> CrossedDocument:
    """What the user's model and the rater's do to the differences of targets, over runs that differ in them alone.

    Raises:
        InputError: there is no such run, the runs differ in something else, or a user and a rater have not met.
    """
    from sim.analysis.trust.crossed import compare_crossed

    loaded = _load_distinct(runs, results)
    return compare_crossed([run.source for run in loaded], conditions=[run.conditions for run in loaded])


def pool_users(runs: Sequence[str | Path | Run], *, results: str | Path = RESULTS) -> PooledUsersDocument:
    """The targets of runs that differ in the user's model alone: their differences over all users, and whether another user would order them alike.

    Raises:
        InputError: there is no such run, the runs differ in something else, or one model plays the user of all.
    """
    from sim.analysis.trust import pooled_users

    loaded = _load_distinct(runs, results)
    return pooled_users.pool_users([run.source for run in loaded], conditions=[run.conditions for run in loaded])


def compare_with_itself(run: str | Path | Run, *, results: str | Path = RESULTS) -> SelfDocument:
    """How often halves of the seeds of one target come to a verdict against each other, where there is nothing to find.

    Raises:
        InputError: there is no such run, or it has one seed.
    """
    from sim.analysis.trust import against_itself

    return against_itself.compare_with_itself(_load(run, results).source)


def compare_raters(runs: Sequence[str | Path | Run], *, results: str | Path = RESULTS) -> SwapDocument:
    """Rater against rater in each run, and run against run, which differ in their user: would another one have come to the same end?

    Raises:
        InputError: there is no such run, or a run is named twice.
    """
    from sim.analysis.trust import raters
    from sim.analysis.verdicts.registered import report_unplanned
    from sim.present.text.raters import SwapDocument, UserSwap

    loaded = _load_distinct(runs, results)
    return SwapDocument(
        **report_unplanned([run.source for run in loaded]),
        offline=any(run.folder.header.offline for run in loaded),
        raters={run.name: raters.compare_raters(run.study, run.trials) for run in loaded},
        users=tuple(
            UserSwap(
                one=a.name,
                other=b.name,
                user=a.study.user.model,
                other_user=b.study.user.model,
                rater=a.study.raters[a.study.primary_rater].model,
                other_rater=b.study.raters[b.study.primary_rater].model,
                swap=raters.compare_simulators(a.trials, b.trials, rater=a.study.primary_rater, other_rater=b.study.primary_rater),
            )
            for a, b in combinations(loaded, 2)
        ),
    )


def _load(run: str | Path | Run, results: str | Path) -> Run:
    return run if isinstance(run, Run) else load_run(run, results=results, words=False)


def _load_distinct(runs: Sequence[str | Path | Run], results: str | Path) -> list[Run]:
    loaded = [_load(run, results) for run in runs]
    names = [run.name for run in loaded]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InputError(f"two runs are called '{twice}'", mend="name different runs, or rename the folder of one")
    return loaded


def gate_run(
    run: str | Path | Run,
    *,
    require: Sequence[str],
    targets: Sequence[str] = (),
    baseline: str | Path | None = None,
    margins: Sequence[str] = (),
    allow_offline: bool = False,
    results: str | Path = RESULTS,
) -> GateDocument:
    """Hold requirements against a run; see `sim.analysis.verdicts.requirements` for how they are written.

    Args:
        targets: only these; empty: every target must pass.
        baseline: an older run, or what `keep_run_baseline` wrote of one, with what the new one may lose against it in `margins`, as `likability=0.2`.
        allow_offline: decide also what rests on an offline model's judgement of a real target, which otherwise cannot be told.

    Raises:
        InputError: a requirement cannot be read or speaks of something unknown, nothing is required, or the baseline was made under other
            conditions.
    """
    from sim.analysis.verdicts.gate import run_gate
    from sim.analysis.verdicts.requirements import parse_margin, parse_requirement

    if not require and not margins:
        raise InputError("nothing is required", mend="add --require 'likability >= 3.5', or --baseline RUN --margin likability=0.2")
    if bool(margins) != (baseline is not None):
        mend = "add --margin likability=0.2" if baseline is not None else "add --baseline RUN"
        raise InputError("a baseline and a margin go together", mend=mend)
    new = _load(run, results)
    scorers = new.source.scorers
    asked, allowed = [parse_requirement(r, scorers) for r in require], dict(parse_margin(m, scorers) for m in margins)
    known = [t.id for t in new.study.targets]
    for target in targets:
        if target not in known:
            raise InputError(f"run '{new.name}' has no target '{target}'", mend=nearest(target, known), where="--target")
    old = load_baseline(baseline, results=results) if baseline is not None else None
    if old is not None:
        _demand_same_conditions(new, old, targets or known, allowed)
    before = old.source if isinstance(old, Run) else old
    return run_gate(new.source, asked, targets=targets, baseline=before, margins=allowed, allow_offline=allow_offline)


def _demand_same_conditions(new: Run, old: Run | Baseline, targets: Sequence[str], margins: Iterable[str]) -> None:
    from sim.analysis.verdicts.requirements import GROUPS
    from sim.analysis.verdicts.versions import MOVES, differing

    name, older = (old.name, tuple(t.id for t in old.study.targets)) if isinstance(old, Run) else (old.run, old.target_ids)
    on_moves = any(m in GROUPS["repetition"] for m in margins)
    other = [n for n in differing(old.conditions, new.conditions) if on_moves or n not in MOVES]
    if other:
        named = ", ".join(other[:4]) + (f" and {len(other) - 4} more" if len(other) > 4 else "")
        offer = f"rate both alike with `sim score {name} --rater MODEL`" if other == ["rater"] else f"run the baseline again, as '{new.name}' was"
        raise InputError(f"baseline '{name}' was made under other conditions ({named})", mend=offer)
    missing = [t for t in targets if t not in older]
    if missing and not len(older) == len(targets) == 1:
        raise InputError(f"baseline '{name}' has no target '{missing[0]}'", mend=nearest(missing[0], older))
