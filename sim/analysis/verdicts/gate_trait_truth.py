"""A requirement on the trait–truth gap: passed when the whole interval of a target with a character is within the bar, failed when none of it is.

Where the character changes nothing, or the same, with every persona there is no interval. Then it is asked how many others may differ, each of whom
gives up everything at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.estimates import proportion_interval
from sim.analysis.figures.questionnaires import summarise_questionnaires
from sim.analysis.figures.trait_truth import summarise_trait_truth
from sim.analysis.verdicts.gate_checks import (
    FEWEST,
    FEWEST_NEEDED,
    Check,
    as_fields,
    by_interval,
    count_people,
    holds,
    nothing_measured,
    say_what_settles,
)
from sim.analysis.verdicts.needed import needed_by_error, needed_for_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sim.analysis.figures.trait_truth import TraitTruthFigures
    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.gate_checks import Verdict
    from sim.analysis.verdicts.needed import Needed
    from sim.analysis.verdicts.requirements import Requirement


def check_trait_truth(new: RunSource, requirement: Requirement, targets: Sequence[str]) -> Iterator[Check]:
    """The requirement held against every target among `targets` that plays a character; where none does, none of them can be told."""
    playing = {t.id for t in new.study.targets if t.character} & set(targets)
    if not playing:
        for target in targets:
            yield nothing_measured(new.arm(target), requirement.text, "a trait–truth gap").model_copy(
                update={"detail": "it plays no character: write `character: {without: TARGET}` on one that does"}
            )
        return
    for found in summarise_trait_truth(new.study, new.table, new.scorers, summarise_questionnaires(new.study, new.trials)):
        if found.target in playing:
            yield _check(found, requirement)


def _check(found: TraitTruthFigures, requirement: Requirement) -> Check:
    verdict, needed, why = _verdict(found, requirement)
    return Check(
        target=found.target,
        requirement=requirement.text,
        verdict=verdict,
        observed=found.gap,
        interval=found.interval,
        n=found.personas,
        personas=found.personas,
        **as_fields(needed),
        detail=why,
    )


def _verdict(found: TraitTruthFigures, requirement: Requirement) -> tuple[Verdict, Needed | None, str]:
    if found.gap is None or found.given_up is None or found.given_up_without is None:
        return "inconclusive", None, found.absent
    with_it, without_it = 100 * found.given_up, 100 * found.given_up_without
    told = f"{with_it:.0f} % of right answers given up with the character, {without_it:.0f} % by {found.without} without it"
    told = f"{told}, over {count_people(found.personas)}"
    if found.personas < FEWEST:
        return "inconclusive", FEWEST_NEEDED, f"{told}: not judged below {FEWEST}"
    if found.interval is None:
        return _all_alike(found, requirement, told)
    verdict = by_interval(found.interval, requirement)
    if verdict != "inconclusive":
        return verdict, None, told
    needed = _needed(found.interval, abs(found.gap - requirement.bar), found.personas)
    return verdict, needed, told + say_what_settles(needed)


def _all_alike(found: TraitTruthFigures, requirement: Requirement, told: str) -> tuple[Verdict, Needed | None, str]:
    """Every persona differs by the same: the gap is what was found, and of others so many may differ."""
    assert found.gap is not None
    if not holds(found.gap, requirement):
        return "failed", None, told
    assert found.agreeableness is not None

    def settled(share: float, size: float) -> bool:
        return holds(_most(found.gap or 0.0, proportion_interval(share * size, size)[1], found.agreeableness or 0.0), requirement)

    most = proportion_interval(0, found.personas)[1]
    told = f"{told}; all are alike, and at most {100 * most:.0f} % of others are not (95 %)"
    if settled(0.0, found.personas):
        return "passed", None, told
    needed = needed_for_share(0.0, found.personas, found.personas, settled)
    return "inconclusive", needed, told + say_what_settles(needed)


def _most(gap: float, share: float, agreeableness: float) -> float:
    """The widest gap where this share of personas gives up everything that it held."""
    return gap + share * (1 + agreeableness - gap)


def _needed(bounds: tuple[float, float], distance: float, personas: int) -> Needed | None:
    from scipy.special import stdtrit

    return needed_by_error(distance, (bounds[1] - bounds[0]) / 2 / float(stdtrit(max(personas - 1, 1), 0.975)), personas)
