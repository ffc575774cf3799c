"""The tables of `sim show RUN`, made from a run's summary alone; `sim.present.text.showing` says which are printed when.

What does not fit the width goes on in a second table below the first. Colour is the console's business: on anything but a terminal it drops the
styles and leaves plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.table import population
from sim.core.codebook import ALWAYS, BY_OCCASION, CRITERIA, DIMENSIONS, LABELS
from sim.core.event import ROLES
from sim.present.text.plain_table import Column, columns_needed, ruled, tables_within
from sim.present.text.scorer_tables import between, critical_lines, pressure_lines, scorer_rows
from sim.present.text.terminal import score_text, spark
from sim.present.words import (
    HEADINGS,
    NONE,
    SHORT,
    half_width,
    many,
    money,
    number,
    overall_headings,
    percent,
    share,
    signed,
)

if TYPE_CHECKING:
    from sim.analysis.figures.run_summary import DimensionFigures, RepetitionFigures, RunSummary, TargetSummary
    from sim.core.event import Ending, Role

NAME = 16
"""Columns that a target's id may take before it is folded."""
RATER = 32
"""Columns that a rater's id may take."""


# --- tables -------------------------------------------------------------------------------------------------------


def likability_tables(summary: RunSummary, width: int) -> list[RenderableType]:
    """The overall means and the seven dimensions."""
    of = [t.likability for t in summary.targets]
    rater = ", ".join(dict.fromkeys(t.rater for t in summary.targets))
    title = f"Simulated likability, 1 to 5, rated by {rater}{', an offline model' if summary.stub_rated else ''}"
    overall: list[Column] = [
        (heading, [score_text(value, half_width(bounds, value)) for value, bounds in (f.primary(m) for f in of)])
        for m, heading in overall_headings(summary.primary)
    ]
    overall.append(("scripted", [score_text(f.scripted, half_width(f.scripted_interval, f.scripted)) for f in of]))
    dimensions: list[Column] = [(SHORT[d], [score_text(f.dimensions[d].mean) for f in of]) for d in DIMENSIONS]
    sizes: list[Column] = [("n", [f"{f.n:,}" for f in of]), ("personas", [f"{f.n_personas:,}" for f in of])]
    key = Text(likability_key(summary), "dim")
    together = by_target(title, summary, [*overall, *dimensions, *sizes], width)
    if len(together) == 1:
        return [*together, key]
    return [*by_target(title, summary, [*overall, *sizes], width), *by_target("The seven dimensions", summary, dimensions, width), key]


def likability_key(summary: RunSummary) -> str:
    """What the headings mean, and what the intervals are over."""
    lines = [
        f"primary outcome: {HEADINGS[summary.primary]}; n: rated exchanges",
        "fixed set: emotional and knowledge adaptation, formality matching and length fit, which always apply",
        "scripted: callback on facts that every target was told alike, the second endpoint",
        "all seven: LikeBench's likability, of which callback is a seventh",
    ]
    if any(t.likability.interval for t in summary.targets):
        lines.append(f"±: 95 % interval over {population(summary.scenarios)}")
    else:
        lines.append("no interval: it takes 3 personas or more, and some spread between them")
    short: dict[int, list[str]] = {}
    for target in summary.targets:
        short.setdefault(target.likability.dimensions_scored, []).append(target.target)
    for scored, names in short.items():
        if 0 < scored < len(DIMENSIONS):
            lines.append(f"{', '.join(names)}: all seven is over {scored} of {len(DIMENSIONS)} dimensions; nothing was scored on the others")
    return "\n".join(lines)


def course_tables(summary: RunSummary, width: int) -> list[Table]:
    """The fixed set from the first session to the last; nothing where no target has two."""
    of = [[p.fixed_set for p in t.sessions] for t in summary.targets]
    if max(map(len, of), default=0) < 2:
        return []
    last: list[Column] = [("first", [score_text(v[0] if v else None) for v in of]), ("last", [score_text(v[-1] if v else None) for v in of])]
    bands = [[p.interval for p in t.sessions if p.interval] for t in summary.targets]
    widest = ("widest ±", [f"{max((b - a) / 2 for a, b in band):.2f}" if band else NONE for band in bands])
    columns = [("1 ▁ to █ 5", [spark(v) for v in of]), *last, widest, ("sessions", [f"{len(v):,}" for v in of])]
    return by_target("Fixed set over sessions", summary, columns, width)


def occasion_tables(summary: RunSummary, width: int) -> list[RenderableType]:
    """Three rows a target for the dimensions that go by occasion, one for the four that always apply."""
    headings = ("given", "hit", "missed", "surprise", "n.a.", "unscored", "quote\nnot found")
    table = figure_table("Occasions: taken up, missed, or met without one", ("target", "dimension"), headings)
    for target in summary.targets:
        of = target.likability.dimensions
        always = [of[d] for d in ALWAYS]
        rows = [(SHORT[d], _counts([of[d]])) for d in BY_OCCASION]
        counts = _counts(always)
        rows.append(("the other 4", [counts[0], NONE, NONE, NONE, NONE, *counts[5:]]))
        for i, (label, cells) in enumerate(rows):
            table.add_row(Text(target.target if i == 0 else ""), label, *cells, end_section=i == len(rows) - 1)
    false = [(t.target, t.likability.false_memories) for t in summary.targets if t.likability.false_memories]
    table.caption = "; ".join(f"{target}: {many(count, 'false memory', 'false memories')}" for target, count in false) or None
    drawn: list[Column] = [(SHORT[d], [number(t.occasions[d]) for t in summary.targets]) for d in BY_OCCASION]
    drawn.append(("facts a trial", [number(t.memory.elicited_facts) for t in summary.targets]))
    key = "given: occasions with a score; a surprise comes without one: it is the target's own choice, and in no mean"
    return [table, Text(key, "dim"), *by_target("Drawn out: occasions a session, and facts that nobody scripted", summary, drawn, width)]


def _counts(dimensions: Iterable[DimensionFigures]) -> list[str]:
    of = list(dimensions)
    fields = ("n", "hit", "missed", "surprise", "not_applicable", "unscored", "quotes_not_found")
    return [f"{sum(getattr(d, field) for d in of):,}" for field in fields]


def criterion_tables(summary: RunSummary, width: int) -> list[Table]:
    """How the simulated user looked back on its sessions, and how they ended."""
    columns = [(LABELS[c], [number(t.criterion[c].mean) for t in summary.targets]) for c in CRITERIA]
    sessions = ("sessions", [f"{max(t.criterion[c].n for c in CRITERIA):,}" for t in summary.targets])
    endings: list[tuple[str, Ending]] = [("said goodbye", "farewell"), ("left without a word", "left")]
    ended = [(heading, [f"{t.endings.get(e, 0):,}" for t in summary.targets]) for heading, e in endings]
    return by_target("Looking back on the session, 1 to 5", summary, [*columns, sessions, *ended], width)


def scorer_table(summary: RunSummary) -> list[RenderableType]:
    """A row a figure: a scorer's own, and the share of each of its labels."""
    headings = ("mean or\nshare", "95 %", "n", "personas", "n.a.", "unscored")
    table = figure_table("What the study's own scorers found", ("scorer", "target"), headings, name=RATER)
    before = ""
    for row in scorer_rows(summary):
        f = row.found
        counts = (f"{n:,}" for n in (f.n, f.n_personas, f.not_applicable, f.unscored))
        table.add_row(Text(row.what if row.what != before else ""), Text(row.target), row.text, row.between, *counts)
        before = row.what
    found = {t.target: t.scorers for t in summary.targets}
    counted = (*critical_lines(found), *pressure_lines(found))
    return [
        table,
        *(Text(line) for line in counted),
        Text("a mean on the scorer's scale, or the share that is yes, good or so labelled; n: results", "dim"),
    ]


def said_before_tables(summary: RunSummary, width: int) -> list[RenderableType]:
    """How much of what it says a target has said before, word for word."""
    of = [t.repetition.said_before for t in summary.targets]
    columns: list[Column] = [
        ("said before", [percent(s.anybody) for s in of]),
        ("95 %", [between(s.interval["anybody"], share=True) for s in of]),
        ("to the same user", [percent(s.same_user) for s in of]),
        ("nearly", [percent(s.nearly) for s in of]),
        ("replies", [f"{s.replies:,}" for s in of]),
        ("greetings", [f"{s.short:,}" for s in of]),
    ]
    key = "said before: word for word what the target has said to anybody; greetings: openings of under four words, not counted"
    return [*by_target("Said before, word for word", summary, columns, width), Text(key, "dim")]


def observer_table(summary: RunSummary) -> Table:
    """What raters beside the primary one gave."""
    table = figure_table("Other raters", ("target", "rater"), ("fixed set", "all seven", "n"), name=RATER)
    for target in summary.targets:
        for i, (rater, of) in enumerate(target.likability.observers.items()):
            table.add_row(Text(target.target if i == 0 else ""), Text(rater), number(of.fixed_set), number(of.mean), f"{of.n:,}")
    return table


def control_tables(summary: RunSummary) -> list[RenderableType]:
    """Noise and halo of the primary rater, a row a dimension."""
    of = summary.controls
    headings = ("repeats", "mean\ndifference", "moved", "one by one", "together\n− alone")
    table = figure_table(f"{of.rater} rates again: the same words, and one dimension a call", ("dimension",), headings)
    for d in DIMENSIONS:
        noise, shift = of.noise.dimensions[d], of.halo.dimensions[d]
        table.add_row(SHORT[d], f"{noise.n:,}", number(noise.difference), percent(noise.moved), f"{shift.n:,}", signed(shift.mean))
    table.add_section()
    table.add_row("all", f"{of.noise.n:,}", number(of.noise.difference), percent(of.noise.moved), *("" for _ in headings[3:]))
    return [table, Text("\n".join(_control_notes(summary)), "dim")]


def _control_notes(summary: RunSummary) -> list[str]:
    noise, halo = summary.controls.noise, summary.controls.halo
    repeated, alone = f"{percent(noise.share)} repeated ({noise.exchanges:,})", f"{percent(halo.share)} one by one ({halo.exchanges:,})"
    lines = [f"exchanges drawn by seed: {repeated}, {alone}"]
    if halo.joint is None:
        lines.append("halo: too few exchanges to correlate dimensions")
    else:
        over = f"{many(halo.pairs, 'pair')} of dimensions, {many(halo.exchanges, 'exchange')}, {many(halo.personas, 'persona')}"
        lines.append(f"halo: dimensions correlate within personas {share(halo.joint)} together, {share(halo.one_by_one)} alone ({over})")
    changed = noise.changed_kind + halo.changed_kind
    lines += [f"scored one time and not the other: {many(changed, 'rating')}"] if changed else []
    lines += ["offline rater: deterministic, no noise"] if summary.controls.rater in summary.offline_parts else []
    return lines


def repetition_tables(summary: RunSummary, width: int) -> list[RenderableType]:
    """Repetition of discourse moves, a table for each tagger."""
    tables = _repetition_by([t.repetition for t in summary.targets], summary, width)
    for tagger in dict.fromkeys(name for t in summary.targets for name in t.other_taggers):
        tables += _repetition_by([t.other_taggers[tagger] for t in summary.targets], summary, width)
    return [*tables, Text(_REPETITION_KEY, "dim")]


def _repetition_by(of: Sequence[RepetitionFigures], summary: RunSummary, width: int) -> list[RenderableType]:
    """By one tagger, target by target."""
    coded = ", ".join(dict.fromkeys(f"tagger {r.tagger}, codebook {r.codebook}" for r in of))
    columns = [
        ("repertoire", [share(r.repertoire) for r in of]),
        ("beyond size", [share(r.repertoire_beyond_size) for r in of]),
        ("fit, adj.", [share(r.conversation_fit_adjusted) for r in of]),
        ("carry-over, adj.", [share(r.carry_over_adjusted) for r in of]),
        ("moves", [number(r.moves_per_reply, 1) for r in of]),
        ("words", [number(r.words_per_reply, 0) for r in of]),
        ("pairs", [f"{r.pairs:,}" for r in of]),
        ("Jaccard", [share(r.jaccard) for r in of]),
        ("sticky", [share(r.stickiness) for r in of]),
        ("base", [share(r.base_rate) for r in of]),
        ("excess", [share(r.excess) for r in of]),
        ("in turn", [share(r.sequential_excess) for r in of]),
        ("pooled", [share(r.pooled) for r in of]),
        ("expected", [share(r.expected) for r in of]),
    ]
    if any(r.untagged for r in of):
        columns.append(("untagged", [f"{r.untagged:,}" for r in of]))
    return [*by_target(f"Repetition of moves from reply to reply ({coded})", summary, columns, width)]


_REPETITION_KEY = """\
no figure alone: repertoire is how alike replies to different people are; beyond size: what of it is not how many moves a reply makes
fit: what person and topic explain; carry-over: what the reply just before explains; both adjusted for the place in a talk
in turn: excess beyond that in random order; moves, words: a reply"""


def spending_table(summary: RunSummary) -> Table:
    """Calls, tokens and cost, a row for each role."""
    thinks = any(of.reasoning for t in summary.targets for of in t.tokens.values())
    caches = any(of.cached or of.cache_write for t in summary.targets for of in t.tokens.values())
    figures = (
        "calls",
        "tokens in",
        *(("cached",) if caches else ()),
        "tokens out",
        *(("of them thought",) if thinks else ()),
        "cost",
        "cost unknown",
    )
    table = figure_table("Calls, tokens and cost", ("for",), figures)
    for role in ROLES:
        of = [t for t in summary.targets if role in t.calls]
        if of:
            table.add_row(role, *_spent(of, role, thinks=thinks, caches=caches))
    return table


def _spent(targets: Sequence[TargetSummary], role: Role, *, thinks: bool, caches: bool) -> list[str]:
    known = [cost for t in targets if (cost := t.cost[role]) is not None]
    unknown = sum(t.unknown_cost[role] for t in targets)
    first, *others = (t.tokens[role] for t in targets)
    tokens = first.plus(others)
    return [
        f"{sum(t.calls[role] for t in targets):,}",
        f"{tokens.input:,}",
        *([f"{100 * tokens.cached_share:.0f} %"] if caches else []),
        f"{tokens.output:,}",
        *([f"{tokens.reasoning:,}"] if thinks else []),
        money(fsum(known) if known else None),
        many(unknown, "call") if unknown else "",
    ]


# --- shape --------------------------------------------------------------------------------------------------------


def by_target(title: str, summary: RunSummary, columns: Sequence[Column], width: int) -> list[Table]:
    """One row a target, one column a figure; as many tables as it takes to keep within `width`."""
    return tables_within(title, {"target": [t.target for t in summary.targets]}, columns, width=width, name=NAME)


def fitting(columns: Sequence[Column], summary: RunSummary, beside: Sequence[Column], width: int) -> list[Column]:
    """Those of `columns`, from the first on, that find room in one table with those `beside` them."""
    left = width - min(NAME, max(len(t.target) for t in summary.targets)) - sum(columns_needed(*column) for column in beside)
    found: list[Column] = []
    for column in columns:
        if columns_needed(*column) <= left:
            found.append(column)
            left -= columns_needed(*column)
    return found


def figure_table(title: str, names: tuple[str, ...], figures: tuple[str, ...], *, name: int = NAME) -> Table:
    """An empty table whose columns of figures are never cut; names are folded beyond `name` columns."""
    table = ruled(title)
    for heading in names:
        table.add_column(heading, overflow="fold", min_width=4, max_width=max(name, len(heading)))
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
