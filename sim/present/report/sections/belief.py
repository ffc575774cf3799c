"""Can the figures be believed? Raters, noise, halo, and what the simulated user got wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sim.core.codebook import DIMENSIONS, LABELS
from sim.present.report.cells import Heading, columns, count, named, score, talks_link
from sim.present.report.document import Block, Prose, Section, Table
from sim.present.words import many, percent, share, signed

if TYPE_CHECKING:
    from sim.present.report.material import Material

TITLE = "Can it be believed?"
NO_MATRIX = (
    "What this rater can tell apart was not measured in this run: `sim calibrate --edits --rater MODEL` changes one property of a reply at a time "
    "and shows which dimension moves."
)
NO_PEOPLE = "Agreement with people was not measured in this run: nobody has rated its conversations."


def belief_section(of: Material) -> Section:
    """Raters beside each other, repeats, halo, flags."""
    blocks: list[Block] = [*_raters(of), *_controls(of), _flags(of), Prose(lines=(NO_MATRIX, NO_PEOPLE))]
    return Section(id="belief", title=TITLE, blocks=tuple(blocks))


def _raters(of: Material) -> list[Block]:
    rows = [
        (named(t.target), named(rater), score(o.mean), score(o.fixed_set), count(o.n), score(t.likability.mean))
        for t in of.summary.targets
        for rater, o in t.likability.observers.items()
    ]
    if not rows:
        line = f"Rater agreement was not measured in this run: only {of.rater} rated. Add `observers:` to the study to have others rate, too."
        return [Prose(lines=(line,))]
    figures: list[Heading] = ["likability", "fixed set", "n", (f"{of.rater}'s", "likability by the primary rater")]
    return [Table(id="raters", title="Other raters of the same replies", columns=columns("target", "rater", figures=figures), rows=tuple(rows))]


def _controls(of: Material) -> list[Block]:
    noise, halo = of.summary.controls.noise, of.summary.controls.halo
    if not (noise.exchanges or halo.exchanges):
        return [
            Prose(
                lines=("Noise and halo were not measured in this run: no exchange was drawn to be rated a second time (`controls:` in the study).",)
            )
        ]
    rows = []
    for d in DIMENSIONS:
        n, h = noise.dimensions[d], halo.dimensions[d]
        moved = score(n.moved).model_copy(update={"text": percent(n.moved)})
        rows.append((named(LABELS[d]), count(n.n), score(n.difference), moved, count(h.n), score(h.mean).model_copy(update={"text": signed(h.mean)})))
    notes = [
        f"Repeats are the noise floor: differences between targets smaller than theirs mean nothing. {many(noise.exchanges, 'exchange')} repeated."
    ]
    if halo.joint is not None:
        notes.append(f"Halo: the dimensions correlate within personas {share(halo.joint)} rated together and {share(halo.one_by_one)} one by one.")
    if of.rater in of.summary.offline_parts:
        notes.append("The rater is an offline model: it is deterministic and has no noise.")
    figures: list[Heading] = [
        ("repeats", "exchanges rated again in the same words"),
        ("mean difference", "between the two scores"),
        ("moved", "share that moved by a point or more"),
        ("one by one", "exchanges rated again, one dimension a call"),
        ("together − alone", "mean difference"),
    ]
    title = f"{of.rater} rates again: noise floor and halo"
    return [Table(id="controls", title=title, columns=columns("dimension", figures=figures), rows=tuple(rows), notes=tuple(notes))]


def _flags(of: Material) -> Table:
    critical = Counter(t.target for t in of.trials for s in t.sessions for e in s.exchanges for f in e.flags if f.severity == "critical")
    kinds = sorted({k for t in of.summary.targets for k in t.flags})
    rows = []
    for t in of.summary.targets:
        per = 100 * sum(t.flags.values()) / t.exchanges if t.exchanges else None
        each = [count(t.flags.get(k, 0), link=talks_link(target=t.target, flag=k)) for k in kinds]
        rows.append((named(t.target), score(per, digits=1), count(critical[t.target]), *each, count(t.exchanges)))
    figures: list[Heading] = [("in 100", "flags in 100 exchanges"), "critical", *(k.replace("_", " ") for k in kinds), "exchanges"]
    return Table(
        id="flags",
        title="What the simulated user should not have done",
        columns=columns("target", figures=figures),
        rows=tuple(rows),
        notes=("A target can cause some of them: rates that differ between targets are a finding, and a reason to look.",)
        if kinds
        else ("No flags.",),
    )
