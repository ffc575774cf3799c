"""Which trials a study has: all of persona × scenario × seed × target, or those that the parts of its suite name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.core.spec.stress import name_stress
from sim.core.spec.suits import left_out

if TYPE_CHECKING:
    from sim.core.spec.persona import Persona
    from sim.core.spec.scenario import Scenario
    from sim.core.spec.study import Study
    from sim.core.spec.suite import SuitePart
    from sim.core.spec.target import TargetSpec

Held = tuple[int, "Scenario", "Persona", "TargetSpec"]
"""Seed, scenario, persona and target of one trial."""


def held(study: Study, personas: Sequence[Persona], scenarios: Sequence[Scenario]) -> Iterator[Held]:
    """Every trial, seed by seed and scenario by scenario, the targets of one persona next to each other; pairs that do not suit are left out."""
    skipped = {(pair.persona, pair.scenario) for pair in left_out(study, personas, scenarios)}
    fit = {s.id: [p for p in personas if (p.id, s.id) not in skipped] for s in scenarios}
    for seed in study.seeds:
        for scenario in scenarios:
            for place, persona in enumerate(fit[scenario.id]):
                for target in study.targets:
                    if study.suite is None or any(in_part(p, scenario.id, place, seed, target) for p in study.suite.parts):
                        yield seed, scenario, persona, target


def in_part(part: SuitePart, scenario: str, place: int, seed: int, target: TargetSpec) -> bool:
    """Whether `part` has a trial of the persona at `place` among those that the scenario suits."""
    return (
        scenario in part.scenarios
        and (part.personas is None or place < part.personas)
        and seed <= part.seeds
        and (not target.stress or name_stress(target.stress) in part.arms)
        and (target.swap.swap in part.swaps if target.swap else not part.swaps)
    )
