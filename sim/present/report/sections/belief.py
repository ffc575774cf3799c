"""Can the figures be believed? Raters, noise, halo, and what the simulated user got wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sim.core.codebook import DIMENSIONS, LABELS
from sim.present.report import charts
from sim.present.report.cells import Heading, change, columns, count, named, percentage, score, talks_link
from sim.present.report.document import Block, Cell, ChartFigure, Prose, Section, Table
from sim.present.report.sections.people import people_blocks
from sim.present.text.validity import validity_notes
from sim.present.words import NONE, SHORT, many, number, percent, share

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.material import Material

TITLE = "Can it be believed?"
NO_MATRIX = (
    "What this rater can tell apart was not measured in this run: `sim calibrate --edits --rater MODEL` changes one property of a reply at a time "
    "and shows which dimension moves."
)


def belief_section(of: Material) -> Section:
    """Raters beside each other, repeats, halo, flags."""
    blocks: list[Block] = [
        *_raters(of),
        *_controls(of),
        *_scales(of),
        *_components(of),
        *_validity(of),
        _flags(of),
        *people_blocks(of),
        Prose(lines=(NO_MATRIX,)),
    ]
    return Section(id="belief", title=TITLE, blocks=tuple(blocks))


def _raters(of: Material) -> list[Block]:
    others = of.raters.others
    if not others:
        line = f"Rater agreement was not measured in this run: only {of.rater} rated. Add `observers:` to the study to have others rate, too."
        return [Prose(lines=(line,))]
    rows = []
    for rater, o in others.items():
        order, flips = o.swap.order, o.swap.flips
        flipped = percentage(flips.share, beside=f"n {flips.n:,}")
        moved = percentage(o.scores.moved, beside=f"n {o.scores.n:,}")
        alike = Cell(text=f"{order.alike} of {order.pairs}", value=order.alike / order.pairs if order.pairs else None)
        rows.append(
            (
                named(rater),
                score(order.spearman),
                alike,
                flipped,
                moved,
                change(o.swap.difference),
            )
        )
    figures: list[Heading] = [
        ("ρ of targets", "Spearman, of targets by their fixed-set mean"),
        ("pairs alike", "of targets, ordered alike"),
        ("flips", "on one persona and scenario, the other target is preferred"),
        ("moved", "scores of the same reply that differ by a point or more"),
        ("difference", "the other's fixed-set mean less the primary rater's"),
    ]
    title = f"Other raters of the same replies, against {of.rater}"
    return [Table(id="raters", title=title, columns=columns("rater", figures=figures), rows=tuple(rows))]


def _scales(of: Material) -> list[Block]:
    """Ceiling, floor and length, and which dimensions say the same."""
    scales = of.summary.scales
    rows = []
    for d in DIMENSIONS:
        s = scales.dimensions[d]
        ends = [percentage(v) for v in (s.floor, s.ceiling, s.length.r_squared)]
        rows.append(
            (
                named(LABELS[d], link=talks_link(dimension=d)),
                count(s.n),
                count(s.occasions),
                *ends,
                score(s.length.per_doubling),
                count(s.quotes_not_found),
            )
        )
    figures: list[Heading] = [
        ("n", "scores"),
        "occasions",
        ("at 1", "share of scores"),
        ("at 5", "share of scores"),
        ("by length", "share of the variance within personas that the reply's length alone explains"),
        ("per doubling", "points for twice as many words"),
        ("quotes not found", "the rater quoted words that were never said"),
    ]
    twins = [f"{LABELS[a]} and {LABELS[b]} (r {share(t.r)}, n {t.n:,})" for t in scales.twins for a, b in (t.dimensions,)]
    notes = [f"Cannot be told apart here: {'; '.join(twins)}."] if twins else []
    title = f"What {scales.rater}'s scales are worth"
    return [Table(id="scales", title=title, columns=columns("dimension", figures=figures), rows=tuple(rows), notes=tuple(notes)), *_together(of)]


def _together(of: Material) -> list[ChartFigure]:
    scales = of.summary.scales.dimensions
    rows: list[dict[str, JsonValue]] = [
        {"row": LABELS[a], "column": SHORT[b], "r": c.r, "n": c.n, "link": talks_link(dimension=a)}
        for a, s in scales.items()
        for b, c in s.others.items()
        if c.r is not None
    ]
    if not rows:
        return []
    mean = of.summary.scales.mean_correlation
    return [
        ChartFigure(
            id="together",
            title="How far the dimensions go together is not known" if mean is None else f"The dimensions go together with a mean r of {share(mean)}",
            shows="Correlation of each dimension with each other one, within personas",
            alt=f"Correlation of each dimension with each other one, within personas; the mean is {share(mean)}.",
            notes=("Pearson's r of scores of the same reply, each less its persona's mean. From .90 on, two dimensions say the same thing.",),
            spec=charts.heat([LABELS[d] for d in DIMENSIONS], [SHORT[d] for d in DIMENSIONS], field="r", title="r", domain=(-1, 1)),
            columns={
                "row": "dimension",
                "column": "other dimension",
                "r": "Pearson's r within personas",
                "n": "replies",
                "link": "place of the page",
            },
            rows=tuple(rows),
        )
    ]


def _components(of: Material) -> list[Block]:
    """The variance split, and which number to raise."""
    found = of.diagnosis.components
    rows = []
    for effect, c in found.components.items():
        part_of = percentage(c.share) if c.share is not None else Cell(text=NONE, beside=c.why)
        rows.append((named(effect), score(c.variance, c.interval, digits=3), part_of, count(c.levels)))
    figures: list[Heading] = [("variance", "squared points of the fixed-set mean of a trial; negative says about 0"), "share", ("levels", "groups")]
    notes = []
    known = {n: r for n, r in found.design.items() if r.times is not None and n != "now"}
    if known:
        best = min(known, key=lambda n: known[n].times or 1.0)
        notes.append(f"Twice the {best} would bring the standard error of a difference down the most, to {percent(known[best].times)} of what it is.")
    if found.noise.target is not None:
        notes.append(
            f"Noise floor: the means of one target in two runs like this differ by chance by up to {number(found.noise.target)} in 95 of 100."
        )
    else:
        notes.append("The noise floor of whole trials was not measured in this run: it takes two seeds or more.")
    title = "Where the spread of the fixed set comes from"
    return [Table(id="components", title=title, columns=columns("effect", figures=figures), rows=tuple(rows), notes=tuple(notes))]


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
        moved = percentage(n.moved)
        rows.append((named(LABELS[d]), count(n.n), score(n.difference), moved, count(h.n), change(h.mean)))
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


def _validity(of: Material) -> list[Table]:
    """How sound it was with each target, and the primary outcome without the talks in which it was not."""
    summary = of.summary
    if not any(t.validity.messages for t in summary.targets):
        return []
    rows = tuple(
        (
            named(t.target),
            score(t.validity.critical, digits=3),
            score(t.validity.serious, digits=3),
            score(t.validity.rejected, digits=3),
            count(t.validity.messages),
            count(t.validity.flagged_trials),
            score(t.likability.primary(summary.primary)[0]),
            score(t.validity.clean),
            count(t.validity.kept_trials),
        )
        for t in summary.targets
    )
    figures: list[Heading] = [
        ("critical", "share of its messages with a critical flag"),
        ("serious", "share with a serious flag"),
        ("redrafted", "share before which a draft was discarded"),
        "messages",
        ("trials flagged", "trials with a critical flag, discarded drafts included"),
        ("all trials", "the primary outcome over all trials"),
        ("without", "the same without what is flagged with any target"),
        ("trials left", "trials in that"),
    ]
    title = "Was the simulated user sound?"
    return [Table(id="validity", title=title, columns=columns("target", figures=figures), rows=rows, notes=tuple(validity_notes(summary)))]
