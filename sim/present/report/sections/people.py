"""How far the raters agree with people who rated the same exchanges: those who talked calibrate self, those who read the observers; never pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from sim.analysis.trust.calibration import Agreement, Calibration, calibrate_ratings
from sim.analysis.trust.judging import judge_run
from sim.core.judgement import PEOPLE, Judgement, is_person
from sim.present.report.cells import Heading, change, columns, count, named, score
from sim.present.report.document import Block, Cell, Prose, Table

if TYPE_CHECKING:
    from sim.present.report.material import Material

NO_PEOPLE = "Agreement with people was not measured in this run: nobody has rated its conversations."
TITLES = {"talked": "Against people who talked", "read": "Against people who read"}


def people_blocks(of: Material) -> list[Block]:
    """A table for each kind of people; a sentence where nobody has rated."""
    judged = judge_run(of.study, of.trials)
    kinds: Mapping[str, Sequence[Judgement]] = {"talked": judged.talked, "read": judged.read}
    tables = [_table(kind, js) for kind, js in kinds.items() if _can_be_held_against(js)]
    return [*tables] if tables else [Prose(lines=(NO_PEOPLE,))]


def _can_be_held_against(judgements: Sequence[Judgement]) -> bool:
    raters = {j.rater for j in judgements}
    return any(map(is_person, raters)) and not all(map(is_person, raters))


def _table(kind: str, judgements: Sequence[Judgement]) -> Table:
    found = calibrate_ratings(judgements, reference=PEOPLE)
    ceilings = [c.icc_consistency for c in found.levels["item"].ceiling.values() if c.icc_consistency is not None]
    notes = [f"The ceiling, each person with the mean of the others: ICC {fmean(ceilings):.2f}, mean over dimensions."] if ceilings else []
    if kind == "read" and "self" in found.raters:
        notes.append("People who read calibrate observers; self was rated as the user, and its own calibration takes people who talk.")
    figures: list[Heading] = [
        ("items", "ratings that both gave, over all dimensions"),
        ("ICC C,1", "on items, mean over dimensions"),
        ("bias", "the rater's score less the people's, mean over dimensions"),
        ("ρ of targets", "Spearman of the targets' order by their means"),
        ("pairs alike", "of targets, ordered alike"),
    ]
    rows = [_row(rater, found) for rater in found.raters if not is_person(rater)]
    return Table(id=f"people-{kind}", title=TITLES[kind], columns=columns("rater", figures=figures), rows=tuple(rows), notes=tuple(notes))


def _row(rater: str, found: Calibration) -> tuple[Cell, ...]:
    dimensions = found.levels["item"].dimensions.values()
    agreements: list[Agreement] = [d[rater] for d in dimensions if rater in d]
    consistent = [a.icc_consistency for a in agreements if a.icc_consistency is not None]
    biases = [a.bias for a in agreements if a.bias is not None]
    order = found.order.get(rater)
    return (
        named(rater),
        count(sum(a.n for a in agreements)),
        score(fmean(consistent) if consistent else None),
        change(fmean(biases) if biases else None),
        score(order.spearman if order else None),
        Cell(text=f"{order.alike} of {order.pairs}" if order else "–"),
    )
