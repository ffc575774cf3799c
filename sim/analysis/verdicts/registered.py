"""What was planned before a run is confirmatory and corrected over the plan alone; everything else is exploratory, and is called so.

Nothing is confirmatory where the run is not the one that was registered: where it was made of something else, has not come to the end that was
registered, or has files that somebody edited. A run without a registration says nothing of either.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from sim.analysis.figures.estimates import holm
from sim.core.errors import InputError, nearest
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.core.spec.registration import Expected, Hypothesis, Registered

if TYPE_CHECKING:
    from sim.analysis.figures.measures import Measure
    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.compare import Comparison

Standing = Literal["confirmatory", "exploratory"]
HypothesisOutcome = Literal["supported", "contradicted", "open"]
"""`open`: no verdict either way."""

NAMED = 4
"""Differences named one by one."""


@dataclass(frozen=True)
class RunRegistration:
    """A run's registration, and whether the run is what was registered."""

    registered: Registered
    differs: tuple[str, ...] = ()
    """In what the run is not the registered one, by name."""
    edited: tuple[str, ...] = ()
    """Files of the run that were edited after it was made."""
    other_version: str = ""
    """The program's version that held the run, where it is another than the registered one."""
    finished: bool = True
    planned: bool = True
    """Whether comparisons of this kind are what was registered; False: of other sides, or of several runs."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    """What the run can be asked for, by id."""

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """Those that this run can confirm."""
        return () if self.why_exploratory else self.registered.plan.hypotheses

    @property
    def why_exploratory(self) -> str:
        """Why nothing is confirmatory; empty: something is."""
        if self.differs:
            return f"the run differs from its registration in {_some(self.differs)}"
        if self.edited:
            return f"{' and '.join(self.edited)} of the run {'was' if len(self.edited) == 1 else 'were'} edited after it was made"
        if not self.finished:
            return f"the run has not come to the end that was registered, {self.registered.plan.n.trials:,} trials"
        return "" if self.planned else "comparisons of this kind were not registered"

    def find(self, measure: str, a: str, b: str) -> Hypothesis | None:
        """The hypothesis about two sides by one measure."""
        return next((h for h in self.hypotheses if h.measure == measure and h.sides == {a, b}), None)


class HypothesisResult(Frozen):
    """A registered hypothesis and what came of it."""

    id: str
    measure: str
    claim: str
    expected: Expected
    outcome: HypothesisOutcome
    p: float | None
    """Two-sided, after Holm over all registered hypotheses."""
    difference: float | None
    """The first side less the second."""
    interval: tuple[float, float] | None


class RegistrationReport(Frozen):
    """What a comparison says of its run's registration."""

    file: str
    sha256: str
    registered: str
    """ISO 8601."""
    differs: tuple[str, ...]
    why_exploratory: str
    """Why nothing is confirmatory; empty: the hypotheses are."""
    hypotheses: tuple[HypothesisResult, ...]
    """Empty where nothing is confirmatory."""
    sentences: tuple[str, ...]


class Unplanned(Shown):
    """What every document says that compares in a way that cannot be registered: registered are comparisons of the targets of one run."""

    standing: Standing | None = None
    """`exploratory`, all of it, where a run was registered; None: none was."""
    registrations: dict[str, RegistrationReport] = Field(default_factory=dict)
    """By run, what was registered before it, without what came of it, which `sim compare RUN` says."""


def report_unplanned(sources: Iterable[RunSource]) -> dict[str, Any]:
    """The fields of `Unplanned` over the runs that are compared."""
    reports = reports_by_run(sources)
    return {"standing": "exploratory" if reports else None, "registrations": reports}


def reports_by_run(sources: Iterable[RunSource]) -> dict[str, RegistrationReport]:
    """What was registered before each run that was, none of it planned for a comparison of several."""
    return {s.run: _unplanned(s.run, s.registration) for s in sources if s.registration}


def _unplanned(run: str, registration: RunRegistration) -> RegistrationReport:
    report = report_registration(replace(registration, planned=False), {}, {})
    further = f"`sim compare {shlex.quote(run)}` says what came of what was planned." if registration.hypotheses else ""
    return report.model_copy(update={"sentences": (*report.sentences, *([further] if further else []))})


_PARTS: Final[Mapping[str, str]] = {
    "study": "the study's name",
    "registered": "the date",
    "primary": "the primary outcome",
    "hypotheses": "hypotheses",
    "n": "sizes",
    "stopping": "when data collection ends",
    "versions": "versions",
}
"""Of a registration, by field, as they are named where two differ."""


def tell_apart(sources: Iterable[RunSource]) -> str:
    """Which of several runs was not registered, or in what their registrations differ; empty: none was, or all have the same."""
    known = {s.run: s.registration.registered if s.registration else None for s in sources}
    plans = {run: of for run, of in known.items() if of}
    if not plans:
        return ""
    if missing := [run for run, of in known.items() if of is None]:
        return f"Run {missing[0]} was not registered." if len(missing) == 1 else f"Runs {' and '.join(missing)} were not registered."
    first, *others = plans.values()
    others = [other for other in others if other.sha256 != first.sha256]
    fields = [told for field, told in _PARTS.items() if any(getattr(first.plan, field) != getattr(other.plan, field) for other in others)]
    made_of = [name.partition(" (")[0] for other in others for name in first.plan.differs(other.plan.hashes)]
    names = list(dict.fromkeys((*fields, *made_of))) or ["how their files are written"]
    return f"The registrations differ in {_some(names)}." if others else ""


def _some(names: Sequence[str]) -> str:
    """Names one by one; of many the first ones, and how many more there are."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def hold(
    registration: RunRegistration, rough: Mapping[str, Sequence[Comparison]], compute: Callable[[Measure, str, str], Comparison]
) -> dict[str, list[Comparison]]:
    """Each comparison of `rough`, by measure, with its standing; those that were registered with the p that is adjusted over the registered ones.

    Args:
        compute: a registered comparison by measure, first and second side, where `rough` does not have it.
    """
    found: dict[str, Comparison] = {}
    for h in registration.hypotheses:
        known = next((c for c in rough.get(h.measure, ()) if {c.a, c.b} == h.sides), None)
        found[h.id] = known or compute(registration.measures[h.measure], h.first, h.second)
    raw = [None if c.p is None or c.p_interval is None else max(c.p, c.p_interval) for c in found.values()]
    adjusted = dict(zip(found, holm(raw), strict=True))

    def held(measure: str, c: Comparison) -> Comparison:
        h = registration.find(measure, c.a, c.b)
        if h is None:
            return c.model_copy(update={"standing": "exploratory"})
        p = adjusted[h.id]
        return c.model_copy(update={"standing": "confirmatory", "hypothesis": h.id, "p_holm": p, "p_all": p})

    return {measure: [held(measure, c) for c in of] for measure, of in rough.items()}


def demand_measures(registered: Registered, known: Mapping[str, Measure]) -> None:
    """See that hypotheses are about measures that `sim compare` shows.

    Raises:
        InputError: one is not.
    """
    for h in registered.plan.hypotheses:
        if h.measure not in known:
            raise InputError(f"hypothesis {h.id}: there is no measure '{h.measure}'", mend=nearest(h.measure, known), where=Path(registered.file))


def report_registration(registration: RunRegistration, measures: Mapping[str, Sequence[Comparison]], labels: Mapping[str, str]) -> RegistrationReport:
    """The registration of a run, and what came of each hypothesis.

    Args:
        measures: the comparisons by measure, judged.
        labels: of measures.
    """
    results = tuple(_result(h, next(c for c in measures[h.measure] if {c.a, c.b} == h.sides)) for h in registration.hypotheses)
    of = registration.registered
    return RegistrationReport(
        file=of.file,
        sha256=of.sha256,
        registered=of.plan.registered.isoformat(),
        differs=registration.differs,
        why_exploratory=registration.why_exploratory,
        hypotheses=results,
        sentences=(_told(registration), *(_told_result(r, labels[r.measure]) for r in results)),
    )


def _result(h: Hypothesis, c: Comparison) -> HypothesisResult:
    seen = c if c.a == h.first else c.turned
    outcome: HypothesisOutcome = "open"
    if seen.verdict in ("higher", "lower"):
        outcome = "supported" if h.expected in ("different", seen.verdict) else "contradicted"
    return HypothesisResult(
        id=h.id,
        measure=h.measure,
        claim=h.claim,
        expected=h.expected,
        outcome=outcome,
        p=seen.p_all,
        difference=seen.difference,
        interval=seen.interval,
    )


def _told(registration: RunRegistration) -> str:
    of = registration.registered.plan
    count = len(of.hypotheses)
    told = f"Registered on {of.registered.isoformat()} ({registration.registered.file}, sha256 {registration.registered.sha256[:12]}): "
    told += f"{count} planned comparison{'s' * (count != 1)}, Holm over {'them' if count > 1 else 'it'}"
    if registration.why_exploratory:
        return f"{told}. Everything here is exploratory: {registration.why_exploratory}."
    version = (
        f" The run was held by version {registration.other_version} of the program, not the registered one." if registration.other_version else ""
    )
    return f"{told}; every other comparison is exploratory.{version}"


def _told_result(of: HypothesisResult, label: str) -> str:
    p = "" if of.p is None else " (p < .001)" if of.p < 0.001 else f" (p = {of.p:.3f})".replace("0.", ".", 1)
    return f"{of.id}, {of.claim} ({label}): {of.outcome}{p}."
