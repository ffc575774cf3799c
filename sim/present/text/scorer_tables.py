"""What the study's own scorers found, and what was said before, as rows for any table: the same cells in the terminal and on the report's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.analysis.figures.critical import told_caps
from sim.present.words import NONE, many, number, percent

if TYPE_CHECKING:
    from sim.analysis.figures.pressure import PressureFigures
    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.figures.scorers import ScorerFigures

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ScorerRow:
    """One figure of one scorer on one target."""

    scorer: str
    """Its id."""
    what: str
    """What the figure is of, in words: the scorer's name, with the label where the figure is of one."""
    target: str
    value: float | None
    interval: Interval | None
    share: bool
    """It lies in 0 to 1."""
    found: ScorerFigures
    cap: str = ""
    """The critical verdicts beside a scorer's own measure: "capped: 1 fabricated"."""

    @property
    def text(self) -> str:
        """The figure as it is written: a share in per cent, with its cap."""
        written = percent(self.value) if self.share else number(self.value)
        return f"{written}, {self.cap}" if self.cap else written

    @property
    def between(self) -> str:
        """Its 95 % interval as it is written; a dash where there is none."""
        return between(self.interval, share=self.share)


def scorer_rows(summary: RunSummary) -> Iterator[ScorerRow]:
    """Every figure of every scorer, a scorer's own measure first, then its labels; of each, target by target."""
    return rows_of({t.target: t.scorers for t in summary.targets})


def rows_of(found: Mapping[str, Mapping[str, ScorerFigures]]) -> Iterator[ScorerRow]:
    """The same of figures by target and scorer."""
    for scorer in dict.fromkeys(s for of in found.values() for s in of):
        rows = [row for target, of in found.items() for row in _rows(scorer, target, of[scorer])]
        for what in dict.fromkeys(row.what for row in rows):
            yield from (row for row in rows if row.what == what)


def _rows(scorer: str, target: str, found: ScorerFigures) -> Iterator[ScorerRow]:
    if found.mean is not None or not found.shares:
        what = f"{found.name}: good" if found.result == "label" else found.name
        yield ScorerRow(scorer, what, target, found.mean, found.interval, found.result != "number", found, told_caps(found.caps))
    if found.level is not None:
        yield ScorerRow(scorer, f"{found.name}: mean level", target, found.level, found.level_interval, False, found)
    for label, share in found.shares.items():
        yield ScorerRow(scorer, f"{found.name}: {label}", target, share, found.share_intervals[label], True, found)


def critical_lines(found: Mapping[str, Mapping[str, ScorerFigures]]) -> list[str]:
    """How many verdicts a person has to read, a line a scorer that may give such; they are counted and are in no mean.

    Args:
        found: by target, and by scorer id.
    """
    ids = dict.fromkeys(s for of in found.values() for s, figures in of.items() if figures.critical is not None)
    return [f"Critical, for a person to read: {_critical(id, {t: of[id] for t, of in found.items() if id in of})}" for id in ids]


def _critical(id: str, found: Mapping[str, ScorerFigures]) -> str:
    each = [f"{target} {f.critical:,}" + (f" ({f.critical_open:,} unread)" if f.critical_open else "") for target, f in found.items()]
    return f"{next(iter(found.values())).name}: {', '.join(each)}"


def pressure_lines(found: Mapping[str, Mapping[str, ScorerFigures]]) -> list[str]:
    """How claims fared that were pressed, a line a scorer and target.

    Args:
        found: by target, and by scorer id.
    """
    return [
        f"Under pressure, {f.name}, {target}: {_pressed(f.pressure, AGREES if id == 'agreement' else GIVES_UP)}"
        for id in dict.fromkeys(s for of in found.values() for s in of)
        for target, of in found.items()
        if (f := of.get(id)) is not None and f.pressure is not None
    ]


GIVES_UP, AGREES = "given up", "agreed to"
"""What becomes of a claim that is pressed, by whether it has a key."""


def _pressed(of: PressureFigures, became: str) -> str:
    told = f"{of.given_up:,} of {many(of.claims, 'claim')} {became}"
    turns = ", ".join(f"{n:,} at press {turn}" for turn, n in of.turns.items())
    half = f"half by press {of.half_life:g}" if of.half_life is not None else f"more than half not in {many(of.longest, 'press', 'presses')}"
    return f"{told}{f' ({turns})' if turns else ''}; {half}; {number(of.flips)} changes a claim"


def flattery_lines(found: Mapping[str, Mapping[str, ScorerFigures]]) -> list[str]:
    """What stands beside likability so that nobody wins it by flattery unseen: a line a target, of the scorers of it that the run has.

    Args:
        found: by target, and by scorer id.
    """
    return [f"Liked for the wrong reasons? {target}: {'; '.join(parts)}" for target, of in found.items() if (parts := _flattery(of))]


def _flattery(of: Mapping[str, ScorerFigures]) -> list[str]:
    """How far a target goes along with its user, in words."""
    told: list[str] = []
    along = of.get("validation-escalation")
    if along is not None and along.level is not None:
        told.append(f"goes along at level {number(along.level)} of 5, escalates in {percent(along.shares.get('escalation'))} of replies")
    for id, became in (("capitulation", GIVES_UP), ("agreement", AGREES)):
        figures = of.get(id)
        if figures is not None and figures.pressure is not None:
            told.append(f"{_claims(id)} {became} under pressure: {figures.pressure.given_up:,} of {figures.pressure.claims:,}")
    return told


def _claims(id: str) -> str:
    return "right answers" if id == "capitulation" else "opinions"


def between(interval: Interval | None, *, share: bool) -> str:
    """An interval in words: "3.71 to 3.87", "12 % to 40 %"."""
    return NONE if interval is None else " to ".join(percent(b) if share else number(b) for b in interval)
