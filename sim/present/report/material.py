"""What a report is made from: a run's records and what was computed from them, each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sim.analysis.by_persona import PersonaPoint, SessionPoint, summarise_personas
from sim.analysis.repetition import RepetitionReport, report_repetition
from sim.present.report.document import Tier
from sim.score.repetition import mark_trials

if TYPE_CHECKING:
    from sim.analysis.summary import RunSummary
    from sim.core.codebook import Codebook
    from sim.core.event import Role
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.store.header import Header

PERMUTATIONS = 200
"""Of each null of repetition: enough for a p of .005, and quick."""
SCREEN, DECIDE, SCENARIOS = 12, 24, 4
"""Personas from which a run screens or decides, and the scenarios it takes to decide (METHODS §5)."""


@dataclass(frozen=True)
class Material:
    """One run, read."""

    study: Study
    header: Header
    codebook: Codebook
    trials: Sequence[Trial]
    summary: RunSummary
    latencies: Mapping[Role, Sequence[float]]
    """Seconds of each answered call."""

    @property
    def rater(self) -> str:
        """The primary rater."""
        return self.study.primary_rater

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids, in the study's order."""
        return tuple(t.id for t in self.study.targets)

    @property
    def tier(self) -> Tier:
        """What a comparison on this run may claim."""
        personas = min((t.likability.n_personas for t in self.summary.targets), default=0)
        if personas >= DECIDE and self.summary.scenarios >= SCENARIOS:
            return "decide"
        return "screen" if personas >= SCREEN else "look"

    @cached_property
    def points(self) -> tuple[PersonaPoint, ...]:
        """Every persona with every target."""
        return summarise_personas(self.trials, rater=self.rater)

    @property
    def sessions(self) -> tuple[SessionPoint, ...]:
        """Every session of every target."""
        return tuple(s for t in self.summary.targets for s in t.sessions)

    @cached_property
    def repetition(self) -> dict[str, RepetitionReport]:
        """By target."""
        return {t: self._repeats(t) for t in self.targets}

    @cached_property
    def persona_names(self) -> dict[str, str]:
        """By persona id."""
        return {t.cast.persona.id: t.cast.persona.name for t in self.trials}

    def of(self, target: str) -> list[Trial]:
        """The trials of `target`."""
        return [t for t in self.trials if t.target == target]

    def _repeats(self, target: str) -> RepetitionReport:
        marks = mark_trials(self.of(target), tagger=self.study.tagger_id, codebook=self.codebook)
        return report_repetition(marks, tagger=self.study.tagger_id, codebook=self.codebook.id, seed=self.study.seed, permutations=PERMUTATIONS)
