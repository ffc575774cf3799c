"""What a report is made from: a run's records and what was computed from them, each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sim.analysis.figures.by_persona import PersonaPoint, SessionPoint, summarise_personas
from sim.analysis.figures.estimates import tier
from sim.analysis.figures.pooled import repetition as repetition_of
from sim.analysis.figures.repetition import RepetitionReport, report_repetition
from sim.analysis.trust.diagnosis import Diagnosis, diagnose
from sim.analysis.trust.raters import RaterSensitivity, compare_raters
from sim.analysis.verdicts.arms import RunSource, build_families
from sim.analysis.verdicts.compare import Comparison, MeasureComparison, bought_sentences, by_pair, compare_measures, registration_report
from sim.analysis.verdicts.sentence import headline

if TYPE_CHECKING:
    from sim.analysis.figures.estimates import Tier
    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.verdicts.arms import Family
    from sim.analysis.verdicts.registered import RegistrationReport
    from sim.analysis.verdicts.sentence import PairSentences
    from sim.core.codebook import Codebook
    from sim.core.event import Role
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo
    from sim.store.header import Header

PERMUTATIONS = 200
"""Of each null of repetition: enough for a p of .005, and quick."""


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
    scorers: tuple[ScorerInfo, ...] = ()
    """The study's own, and those that were added later."""
    known: RunSource | None = None
    """The run as something to compare, with the values that the summary was made of; left out: they are computed anew."""

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
        return tier(min((t.likability.n_personas for t in self.summary.targets), default=0), self.summary.scenarios)

    @cached_property
    def source(self) -> RunSource:
        """The run as something to compare."""
        return self.known or RunSource(
            self.summary.run, self.study, self.codebook, self.trials, self.summary.status, self.summary.offline_parts, self.scorers
        )

    def compared(self, measure: str) -> MeasureComparison | None:
        """All pairs of targets by one measure; None where there is one target."""
        return self._compared.get(measure)

    @cached_property
    def _compared(self) -> dict[str, MeasureComparison]:
        """Every measure that `sim compare` shows, since the p of each hangs on all of them."""
        if sum(not t.stress and not t.swap for t in self.study.targets) < 2:
            return {}
        listed = [m for m in self.source.measures if m.listed]
        return compare_measures(listed, self._families, primary=self.source.primary)

    @cached_property
    def _families(self) -> tuple[Family, ...]:
        return build_families([self.source], "target")

    @cached_property
    def registration(self) -> RegistrationReport | None:
        """What was planned before the run, and what came of it; None: nothing was registered."""
        return registration_report(self._families, self._compared) if self._compared else None

    @cached_property
    def reference(self) -> str:
        """The target that has most of the primary outcome, which the others are held against; empty: none is compared with another."""
        compared = self.compared(self.study.primary)
        sides = {side for c in compared.comparisons for side in (c.a, c.b)} if compared else set()
        values = {t.target: v for t in self.summary.targets if t.target in sides and (v := t.likability.primary(self.study.primary)[0]) is not None}
        return max(values, key=lambda t: values[t], default="")

    def against(self, measure: str) -> dict[str, Comparison]:
        """Every other target less the reference: `lower` where the reference has more."""
        compared = self.compared(measure)
        pairs = compared.comparisons if compared and self.reference else ()
        sides = (c if c.b == self.reference else c.turned for c in pairs if self.reference in (c.a, c.b))
        return {c.a: c for c in sides}

    @cached_property
    def headlines(self) -> tuple[PairSentences, ...]:
        """What is said of each pair of targets."""
        return tuple(headline(found, self.source.primary) for found in by_pair(self._compared))

    @cached_property
    def bought(self) -> tuple[str, ...]:
        """What memory buys, a sentence for each target that differs in memory alone from its base."""
        return bought_sentences(self.study, list(by_pair(self._compared)))

    @cached_property
    def raters(self) -> RaterSensitivity:
        """Every other rater of the run against the primary one."""
        return compare_raters(self.study, self.trials)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """Where variance comes from, and which items tell targets apart."""
        return diagnose(self.study, self.trials, self.source.table.columns)

    @cached_property
    def points(self) -> tuple[PersonaPoint, ...]:
        """Every persona with every target."""
        return summarise_personas(self.source.table)

    @property
    def sessions(self) -> tuple[SessionPoint, ...]:
        """Every session of every target."""
        return tuple(s for t in self.summary.targets for s in t.sessions)

    @cached_property
    def repetition(self) -> dict[str, RepetitionReport]:
        """By target."""
        return {t: self._repeats(t) for t in self.targets}

    def of(self, target: str) -> list[Trial]:
        """The trials of `target`."""
        return [t for t in self.trials if t.target == target]

    def _repeats(self, target: str) -> RepetitionReport:
        table = self.source.table
        marks = repetition_of(table, table.by_target.get(target, ())).marks
        return report_repetition(marks, tagger=self.study.tagger_id, codebook=self.codebook.id, seed=self.study.seed, permutations=PERMUTATIONS)
