"""May this be released? Requirements held against a run, each with a verdict by interval: passed, failed, or not to be told.

A requirement on a mean passes when its whole 95 % interval does. Below five personas it cannot pass or fail, and where all personas are equal it
cannot pass: a rater that always says the same measures nothing. Words and costs are counted, and can. Proportions take Clopper and Pearson's interval
on as many independent observations as the spread between personas leaves of them. Counts are facts and decided as such, with the upper limit of what
may come beside them. The worst persona is judged by its talks, not by the sessions within them (`sim.analysis.verdicts.worst`). A run that is not
finished passes nothing, and one in which no call was answered decides nothing. What an offline model judges of a real target is not evidence about it
and decides nothing, unless that is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sim.analysis.figures.outages import find_outages
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.baseline import Earlier
from sim.analysis.verdicts.gate_checks import Check, Verdict, check
from sim.analysis.verdicts.gate_gaps import check_gaps
from sim.analysis.verdicts.gate_trait_truth import check_trait_truth
from sim.analysis.verdicts.non_inferiority import not_worse
from sim.analysis.verdicts.requirements import Count, Figure, FlagShare, Given, Mean, Requirement, TraitTruthGap, WidestGap, WorstPersona
from sim.core.shown import Shown
from sim.core.spec.fairness import swap_arms
from sim.core.spec.scorer import ScorerInfo
from sim.core.spec.study import CAPITULATION
from sim.core.standins import RATER, USER


class GateDocument(Shown):
    """`sim gate --json`."""

    run: str
    baseline: str | None
    offline: bool
    """Whether any offline model took part."""
    offline_note: str
    """Who was played by an offline model and what that leaves; empty: nobody was."""
    stub_decided: bool
    """Whether an offline model's judgement of a real target was allowed to decide a check."""
    finished: bool
    verdict: Verdict
    """Failed if any check is, else inconclusive if any is."""
    checks: tuple[Check, ...]


def run_gate(
    new: RunSource,
    requirements: Sequence[Requirement],
    *,
    targets: Sequence[str] = (),
    baseline: Earlier | None = None,
    margins: dict[str, float],
    allow_offline: bool = False,
) -> GateDocument:
    """Hold `requirements`, and non-inferiority within `margins` against `baseline`, against every target of `new`.

    Args:
        targets: only these; empty: all.
        allow_offline: decide also what rests on an offline model's judgement of a real target.
    """
    names = [t.id for t in new.study.targets if not targets or t.id in targets]
    single = [r for r in requirements if not isinstance(r.figure, WidestGap | TraitTruthGap)]
    judged = [(check(new, target, r), _judge(new, r.figure)) for target in names for r in single]
    judged += [(c, _judge(new, r.figure)) for r in requirements if r not in single for c in _check_arms(new, r, names)]
    if baseline is not None:
        judged += [
            (not_worse(new, baseline, target, measure, margin), new.measure(measure).judge) for target in names for measure, margin in margins.items()
        ]
    talked = {t.target for t in new.trials}
    arms = {base: of[0].id for base, of in swap_arms(new.study.targets).items() if base not in talked}
    stubs = [_stub(arms.get(c.target, c.target), judge, new, baseline) for c, judge in judged]
    checks = [c if stub is None or allow_offline else _no_evidence(c, stub) for (c, _), stub in zip(judged, stubs, strict=True)]
    finished = new.status == "finished" and (baseline is None or baseline.status == "finished")
    if not finished:
        checks = [_incomplete(c) for c in checks]
    checks = _without_calls(checks, new, arms)
    verdicts = {c.verdict for c in checks}
    verdict: Verdict = "failed" if "failed" in verdicts else "inconclusive" if "inconclusive" in verdicts else "passed"
    return GateDocument(
        run=new.run,
        baseline=baseline.run if baseline else None,
        offline=bool(new.offline),
        offline_note=new.standins.note,
        stub_decided=allow_offline and any(stubs),
        finished=finished,
        verdict=verdict,
        checks=tuple(checks),
    )


def _check_arms(new: RunSource, requirement: Requirement, targets: Sequence[str]) -> Iterator[Check]:
    """A requirement on what lies between two arms of the run."""
    return (check_gaps if isinstance(requirement.figure, WidestGap) else check_trait_truth)(new, requirement, targets)


def _judge(source: RunSource, figure: Figure) -> str:
    """Whose judgement a figure rests on; empty: it is counted, or decided by accepted answers."""
    match figure:
        case Mean(str() as measure) | WorstPersona(str() as measure) | WidestGap(str() as measure):
            return source.measure(measure).judge
        case Count(critical_of=ScorerInfo(id=scorer)):
            return f"scorer {scorer}"
        case Count(thing, None):
            return _JUDGES.get(thing, "")
        case FlagShare():
            return ""
        case Given(scorer):
            return f"scorer {scorer}"
        case TraitTruthGap():
            return f"scorer {CAPITULATION}"
    return RATER


_JUDGES = {"false_memory": RATER, "unscored": RATER, "quote_not_found": RATER, "left": USER}
"""Of what can be counted: who decides that it is so. Failures and flags are facts of the record."""


def _stub(target: str, judge: str, new: RunSource, baseline: Earlier | None) -> str | None:
    """The offline model whose word on the real `target` a check rests on, in either run."""
    return next((stub for run in (new, baseline) if run and (stub := run.standins.judged_by(judge, target))), None)


def _no_evidence(of: Check, stub: str) -> Check:
    detail = f"{stub} is an offline model, whose word on a real chatbot is not evidence: name a real model in the study or allow it (--allow-offline)"
    return of.model_copy(update={"verdict": "inconclusive", "needed": None, "detail": detail})


def _incomplete(of: Check) -> Check:
    if of.verdict != "passed":
        return of
    return of.model_copy(update={"verdict": "inconclusive", "detail": f"{of.detail}; the run is incomplete"})


def _without_calls(checks: Sequence[Check], new: RunSource, arms: Mapping[str, str]) -> list[Check]:
    """What cannot be told of anybody who was never reached: a run in which every call came to nothing says nothing of a target, good or bad.

    Args:
        arms: of each target that has arms with swapped identities, one.
    """
    reached = {t.target for t in new.trials if t.failed}
    silent = {o.target: o.cause for o in find_outages(new.trials) if o.target not in reached}
    if None in silent:
        silent |= {t.id: f"the simulated user never spoke: {silent[None]}" for t in new.study.targets}
    return [
        c.model_copy(update={"verdict": "inconclusive", "needed": None, "detail": f"no call was answered: {silent[arms.get(c.target, c.target)]}"})
        if arms.get(c.target, c.target) in silent
        else c
        for c in checks
    ]
