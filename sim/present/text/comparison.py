"""What `sim compare` prints: a sentence first, then the figures it stands on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.measures import LIKABILITY
from sim.present.diagnosis import render_diagnosis
from sim.present.text.plain_table import ruled
from sim.present.text.terminal import score_text, verdict_text
from sim.present.text.validity import render_soundness
from sim.present.words import DIAGNOSTIC, NONE, SHORT, many, number, safe, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.verdicts.compare import CompareDocument, Comparison, MeasureComparison, Rank
    from sim.analysis.verdicts.registered import Unplanned
    from sim.analysis.verdicts.versions import PairChange

IN_FULL = 3
"""Pairs up to which every measure is shown pair by pair; beyond, all but the primary outcome as rankings."""
MOST_CHANGES = 12
"""Pairs named one by one."""
FIGURES = ("95 %", "p", "p all", "d_av", "d_z", "n", "verdict")
TIED = "tied"
"""Not separable."""
NAME = 28
"""Columns that a name may take before it is folded."""


def render_comparison(document: CompareDocument) -> RenderableType:
    """Everything `sim compare` prints."""
    primary = document.measures[document.primary]
    registered = [Text("\n".join(document.registration.sentences))] if document.registration else []
    parts: list[RenderableType] = [_heading(document), *registered, _sentences(document, primary.comparisons)]
    withins = tuple(primary.ranking)
    if document.versions:
        parts.append(_changes(document))
    for within in withins:
        pairs = [c for c in primary.comparisons if (c.within or "") == within]
        if len(pairs) > 1 and not document.versions:
            parts.append(_ranking(document, within))
        if len(pairs) <= IN_FULL:
            parts += [_pair(document, c.a, c.b, within) for c in pairs]
        else:
            parts += [_measure(primary, pairs, within), _left_out(primary, pairs, within), _rankings(document, within)]
    if document.soundness:
        parts.append(render_soundness(document))
    if document.diagnosis is not None:
        parts.append(Group(*render_diagnosis(document.diagnosis)))
    unpaired = [line for c in primary.comparisons if (line := _unpaired(c))]
    few = [line for c in document.measures[LIKABILITY].comparisons if (line := _few(c))]
    parts.append(Text("\n".join((*unpaired, *few, *_key(document), *document.notes)), "dim"))
    return Group(*(p for part in parts for p in (part, Text())))


def render_registrations(document: Unplanned) -> list[RenderableType]:
    """What was registered before each run of a comparison that cannot be registered; nothing where nothing was."""
    several = len(document.registrations) > 1
    told = (" ".join(of.sentences) for of in document.registrations.values())
    return [Text(safe(f"Run {run}: {said}" if several else said)) for run, said in zip(document.registrations, told, strict=True)]


def _heading(document: CompareDocument) -> Text:
    kinds = {
        "target": "targets",
        "memory": "memory policies",
        "persona-type": "types of persona",
        "scenario": "scenarios",
        "stress": "stress on the user",
    }
    sides = "versions" if document.versions else kinds[document.by]
    facts = [f"compared by {sides}", f"rated by {', '.join(document.raters)}"]
    text = Text.assemble((" and ".join(document.runs), "bold"), "  ", " · ".join(facts))
    for note in document.offline_notes:
        text.append(f"\n{note}", "yellow")
    return text.append(f"\n{DIAGNOSTIC}", "italic")


def _sentences(document: CompareDocument, comparisons: Sequence[Comparison]) -> Text:
    """What memory buys; then all headlines, of more than a few pairs only what was liked how much, and of many those that come to a verdict."""
    told = [h.sentences if len(comparisons) <= IN_FULL else tuple(s for s in (h.primary, h.likability) if s) for h in document.headlines]
    chosen = zip(comparisons, told, strict=True)
    clear = [" ".join(s) for c, s in chosen if len(comparisons) <= 2 * IN_FULL or c.verdict in ("higher", "lower")]
    lines = [*document.memory, *clear[:MOST_CHANGES]]
    lines += [f"… and {many(len(clear) - MOST_CHANGES, 'more pair')} that differ"] if len(clear) > MOST_CHANGES else []
    rest = len(comparisons) - len(clear)
    lines += [f"{many(rest, 'pair')} without a verdict"] if rest else []
    return Text("\n\n".join(lines))


def _pair(document: CompareDocument, a: str, b: str, within: str) -> Table:
    title = f"{a} (a) less {b} (b)"
    paired = all(c.paired for of in document.measures.values() for c in of.comparisons)
    headings = ("a\nin common" if paired else "a", "b\nin common" if paired else "b", "a − b", *FIGURES)
    table = _table(f"{within}: {title}" if within else title, ("measure",), headings)
    for of in document.measures.values():
        found = next(c for c in of.comparisons if (c.a, c.b, c.within or "") == (a, b, within))
        if found.difference is not None:
            digits = of.digits
            table.add_row(short_label(of.measure, of.label), number(found.mean_a, digits), number(found.mean_b, digits), *_cells(found, digits))
    nothing = [short_label(of.measure, of.label) for of in document.measures.values() if _difference(of, a, b, within) is None]
    notes = [f"nothing in common to compare: {', '.join(nothing)}"] if nothing else []
    first, *rest = document.measures.values()
    named = short_label(first.measure, first.label)
    notes += [f"primary outcome: {named}; p all, by which verdicts go, is of the {len(rest)} others Holm's over all of them together"]
    table.caption = "\n".join(notes)
    return table


def _difference(of: MeasureComparison, a: str, b: str, within: str) -> float | None:
    return next(c.difference for c in of.comparisons if (c.a, c.b, c.within or "") == (a, b, within))


def _measure(of: MeasureComparison, pairs: Sequence[Comparison], within: str) -> Table:
    title = f"{within}: {of.label}, pair by pair" if within else f"{of.label.capitalize()}, pair by pair"
    table = _table(title, ("a", "b"), ("a − b", *FIGURES))
    for c in pairs:
        table.add_row(Text(c.a), Text(c.b), *_cells(c, of.digits))
    return table


def _left_out(of: MeasureComparison, pairs: Sequence[Comparison], within: str) -> Table:
    """How far each pair hangs on one persona."""
    title = f"{of.label.capitalize()}, leaving out one persona at a time"
    table = _table(f"{within}: {title}" if within else title, ("a", "b"), ("a − b", "least", "most", "without", "it is"))
    for c in pairs:
        left = c.left_out
        cells = (left.low, left.high, None, left.without) if left else (None, None, None, None)
        low, high, _, without = (signed(v, of.digits) for v in cells)
        table.add_row(Text(c.a), Text(c.b), signed(c.difference, of.digits), low, high, Text(left.persona if left else NONE), without)
    table.caption = "without: the persona that moves it most, and what it is without that one"
    return table


def _cells(c: Comparison, digits: int) -> list[str | Text]:
    effects = (signed(e, 2) for e in (c.d_av, c.d_z))
    figures = signed(c.difference, digits), signed_between(c.interval, digits), p_text(c.p_holm), p_text(c.p_all)
    return [*figures, *effects, f"{c.personas:,}", verdict_cell(c)]


def verdict_cell(c: Comparison) -> Text:
    """The verdict of a pair in a word, with a mark where it was registered: whatever is unmarked beside it is exploratory."""
    said = verdict_text("look" if c.tier == "look" else TIED if c.verdict == "not separable" else c.verdict)
    return said.append(f" ({c.hypothesis})") if c.hypothesis else said


def told_standing(c: Comparison) -> str:
    """The verdict of a pair, and whether it was registered where anything was: "higher, confirmatory (H1)"."""
    return c.verdict + (f", {c.standing}" if c.standing else "") + (f" ({c.hypothesis})" if c.hypothesis else "")


def short_label(measure: str, label: str) -> str:
    """What a measure is called in a table's first column."""
    return SHORT.get(measure, label)  # type: ignore[call-overload, no-any-return]


def _ranking(document: CompareDocument, within: str) -> Table:
    primary = document.measures[document.primary]
    title = f"{within}: by {primary.label}" if within else f"Ranking by {primary.label}"
    table = _table(title, ("",), (primary.label, "place (overlapping: tied)"))
    for rank in primary.ranking[within]:
        table.add_row(Text(rank.arm), score_text(rank.mean), _place(rank))
    return table


def _rankings(document: CompareDocument, within: str) -> Table:
    """Each other measure in a row: sides in order with the places they may have, or in the study's order where no place says anything."""
    table = _table("The other measures: each side's mean (places it may have), best first where there is a best", ("measure",), ())
    table.add_column("sides", overflow="fold")
    for of in sorted(document.measures.values(), key=lambda m: any(r.first is None for r in m.ranking[within])):
        ranks = [r for r in of.ranking[within] if r.mean is not None]
        if of.measure != document.primary and ranks:
            table.add_row(
                short_label(of.measure, of.label),
                Text(" · ".join(f"{r.arm} {number(r.mean, of.digits)}{f' ({_place(r)})' if r.first else ''}" for r in ranks)),
            )
    table.caption = "`--json` has every measure pair by pair"
    return table


def _changes(document: CompareDocument) -> Text:
    run = shlex.quote(document.runs[1])
    label = document.measures[document.primary].label
    lines = _listed(f"Newly bad ({label} in common was 3 or more, now is below, or every trial failed)", document.newly_bad, run)
    return Text("\n".join(lines + _listed("Fixed (was bad, now is not)", document.fixed, run)))


def _listed(title: str, changes: Sequence[PairChange], run: str) -> list[str]:
    lines = [f"{title}: {many(len(changes), 'pair') if changes else 'none'}"]
    for c in changes[:MOST_CHANGES]:
        old, new = (number(v) if v is not None else "failed" for v in (c.old, c.new))
        lines.append(f"  {old} → {new}  sim show {run} {shlex.quote(f'{c.persona}/{c.scenario}/{c.target}')}")
    if len(changes) > MOST_CHANGES:
        lines.append(f"  … and {many(len(changes) - MOST_CHANGES, 'more pair')}; `--json` names all")
    return lines


def _unpaired(c: Comparison) -> str | None:
    sides = [f"{count:,} of {arm}" for arm, count in ((c.a, c.unpaired_a), (c.b, c.unpaired_b)) if count]
    return f"left over, without a partner: {' and '.join(sides)} (persona × scenario)" if sides else None


def _few(c: Comparison) -> str | None:
    named = ", ".join(f"{name} by {n}" for name, n in c.few.items())
    return (
        f"shared by few personas: {named} ({c.a} − {c.b}); one of them moves likability over all seven by itself, and its interval reckons with that"
        if named
        else None
    )


def _key(document: CompareDocument) -> list[str]:
    lines = []
    if document.by in ("target", "memory"):
        lines.append("in common: ratings are compared session by session on occasions that both sides had, and these means are of those alone,")
        lines.append("so that a − b is their difference; a side's mean over everything is what `sim show` and rankings say")
    lines.append("p: Holm's, over all pairs within the measure; p all: over all measures but the primary outcome as well, by which verdicts go")
    lines.append("n: personas; tied: not separable")
    if document.registration and document.registration.hypotheses:
        lines.append("(H…): a registered hypothesis, confirmatory; its p and p all are Holm's over the registered ones; all else is exploratory")
    lines.append("d_av: a − b over the mean of both standard deviations between personas; d_z: over that of their differences")
    return lines


def _place(rank: Rank) -> str:
    if rank.first is None:
        return NONE
    return f"{rank.first}" if rank.first == rank.last else f"{rank.first}–{rank.last}"


def signed_between(interval: tuple[float, float] | None, digits: int) -> str:
    """The interval of a difference; a dash where there is none."""
    return NONE if interval is None else f"{signed(interval[0], digits)} to {signed(interval[1], digits)}"


def p_text(value: float | None) -> str:
    """P, as ".017" or "<.001"; a dash where unknown."""
    if value is None:
        return NONE
    return "<.001" if value < 0.001 else f"{value:.3f}".replace("0.", ".", 1)


def _table(title: str, names: tuple[str, ...], figures: tuple[str, ...]) -> Table:
    table = ruled(title)
    for heading in names:
        table.add_column(heading, overflow="fold", max_width=NAME)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
