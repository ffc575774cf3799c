"""What `sim compare` prints: a sentence first, then the figures it stands on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.measures import LIKABILITY
from sim.analysis.verdicts.answer import tell_first
from sim.present.diagnosis import render_diagnosis
from sim.present.text.plain_table import WIDE_NAME, Cell, columns_of, fitted_table, ruled
from sim.present.text.terminal import score_text, verdict_text
from sim.present.text.validity import render_soundness
from sim.present.words import DIAGNOSTIC, NONE, SHORT, many, number, safe, signed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sim.analysis.verdicts.compare import CompareDocument, Comparison, MeasureComparison, Rank
    from sim.analysis.verdicts.registered import Unplanned
    from sim.analysis.verdicts.versions import PairChange

IN_FULL = 3
"""Pairs up to which every measure is shown pair by pair; beyond, all but the primary outcome as rankings."""
MOST_CHANGES = 12
"""Pairs named one by one."""
FIGURES = ("95 %", "p", "p all", "d_av", "d_z", "n", "verdict")
SPARE = ("d_z", "d_av", "p", "n", "p all", "b\nin common", "a\nin common", "b", "a", "95 %")
"""Figures that a narrow terminal does without, the first first."""
PartRole = Literal["heading", "registered", "answer", "changes", "table", "words", "notes"]
TIED = "tied"
"""Not separable."""


def render_comparison(document: CompareDocument, *, width: int | None = None) -> RenderableType:
    """Everything `sim compare` prints: what can be said in a few lines, the tables, and after them the rest in words.

    Args:
        width: columns there are; None: as many as it takes.
    """
    return Group(*(p for part in parts_of(document, width=width) for p in (part.rendered, Text())))


@dataclass(frozen=True)
class ComparisonPart:
    """One part of a comparison, in the order in which it is read."""

    role: PartRole
    rendered: RenderableType


def parts_of(document: CompareDocument, *, width: int | None = None) -> list[ComparisonPart]:
    """A comparison part by part: for the terminal one below the other, for a page each in its place."""
    primary = document.measures[document.primary]
    parts = [ComparisonPart("heading", _heading(document))]
    if told := _registered(document):
        parts.append(ComparisonPart("registered", Text("\n".join(told))))
    first = tell_first(primary, more="see below")
    if first:
        parts.append(ComparisonPart("answer", Text("\n".join(first))))
    if document.versions:
        parts.append(ComparisonPart("changes", _changes(document)))
    parts += [ComparisonPart("table", table) for table in _tables(document, primary, width)]
    parts += [ComparisonPart("words", words) for words in _in_words(document, primary.comparisons, frozenset(first))]
    if document.soundness:
        parts.append(ComparisonPart("table", render_soundness(document)))
    if document.diagnosis is not None:
        parts.append(ComparisonPart("table", Group(*render_diagnosis(document.diagnosis))))
    unpaired = [line for c in primary.comparisons if (line := _unpaired(c))]
    few = [line for c in document.measures[LIKABILITY].comparisons if (line := _few(c))]
    notes = Text("\n".join((*unpaired, *few, *_key(document), *document.notes)), "dim")
    return [*parts, ComparisonPart("notes", notes)]


def _tables(document: CompareDocument, primary: MeasureComparison, width: int | None) -> Iterator[RenderableType]:
    """Sides in order, then few pairs by every measure, or many by the primary outcome and the order by every other."""
    for within in primary.ranking:
        pairs = [c for c in primary.comparisons if (c.within or "") == within]
        if len(pairs) > 1 and not document.versions:
            yield _ranking(document, within)
        if len(pairs) <= IN_FULL:
            yield from (_pair(document, c.a, c.b, within, width) for c in pairs)
        else:
            yield from (_measure(primary, pairs, within, width), _left_out(primary, pairs, within), _rankings(document, within))


def _registered(document: CompareDocument) -> tuple[str, ...]:
    """What was registered before the run, or before each of several and in what that differs."""
    if document.registrations:
        told = (f"Run {run}: {' '.join(of.sentences)}" for run, of in document.registrations.items())
        return (*told, *([document.registrations_differ] if document.registrations_differ else []))
    return document.registration.sentences if document.registration else ()


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


def _in_words(document: CompareDocument, comparisons: Sequence[Comparison], said: Collection[str]) -> Iterator[RenderableType]:
    """What memory buys; then what the tables say of each pair, of more than a few only of how much it was liked, and of many those with a verdict.

    Args:
        said: sentences that were read already.
    """
    if document.memory:
        yield _worded("What memory buys", document.memory)
    few = len(comparisons) <= 2 * IN_FULL
    told = [(c, h) for c, h in zip(comparisons, document.headlines, strict=True) if few or c.verdict in ("higher", "lower")]
    for c, h in told[:MOST_CHANGES]:
        sentences = h.sentences if len(comparisons) <= IN_FULL else tuple(s for s in (h.primary, h.likability) if s)
        if left := [s for s in sentences if s not in said]:
            yield _worded(f"{c.within}: {c.a} and {c.b}" if c.within else f"{c.a} and {c.b}", left)
    lines = [f"… and {many(len(told) - MOST_CHANGES, 'more pair')} that differ"] if len(told) > MOST_CHANGES else []
    rest = len(comparisons) - len(told)
    lines += [f"{many(rest, 'pair')} without a verdict"] if rest else []
    if lines:
        yield Text("\n".join(lines))


def _worded(title: str, sentences: Iterable[str]) -> Text:
    return Text.assemble((title, "bold"), *(f"\n{s}" for s in sentences))


def _pair(document: CompareDocument, a: str, b: str, within: str, width: int | None) -> Table:
    paired = all(c.paired for of in document.measures.values() for c in of.comparisons)
    found = {m: next(c for c in of.comparisons if (c.a, c.b, c.within or "") == (a, b, within)) for m, of in document.measures.items()}
    known = {m: c for m, c in found.items() if c.difference is not None}
    of = {m: document.measures[m] for m in found}
    means = ("a\nin common", "b\nin common") if paired else ("a", "b")
    rows = [(number(c.mean_a, of[m].digits), number(c.mean_b, of[m].digits), *_cells(c, of[m].digits)) for m, c in known.items()]
    title = f"{a} (a) less {b} (b)"
    names = [short_label(m, of[m].label) for m in known]
    figures = columns_of((*means, "a − b", *FIGURES), rows)
    table = fitted_table(f"{within}: {title}" if within else title, {"measure": names}, figures, spare=SPARE, width=width)
    nothing = [short_label(m, of[m].label) for m, c in found.items() if c.difference is None]
    notes = [f"nothing in common to compare: {', '.join(nothing)}"] if nothing else []
    first, *rest = document.measures.values()
    named = short_label(first.measure, first.label)
    notes += [f"primary outcome: {named}; p all, by which verdicts go, is of the {len(rest)} others Holm's over all of them together"]
    table.caption = "\n".join((*notes, *([str(table.caption)] if table.caption else [])))
    return table


def _measure(of: MeasureComparison, pairs: Sequence[Comparison], within: str, width: int | None) -> Table:
    title = f"{within}: {of.label}, pair by pair" if within else f"{of.label.capitalize()}, pair by pair"
    names = {"a": [c.a for c in pairs], "b": [c.b for c in pairs]}
    figures = columns_of(("a − b", *FIGURES), [_cells(c, of.digits) for c in pairs])
    return fitted_table(title, names, figures, spare=SPARE, width=width)


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


def _cells(c: Comparison, digits: int) -> tuple[Cell, ...]:
    effects = (signed(e, 2) for e in (c.d_av, c.d_z))
    figures = signed(c.difference, digits), signed_between(c.interval, digits), p_text(c.p_holm), p_text(c.p_all)
    return (*figures, *effects, f"{c.personas:,}", verdict_cell(c))


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
    table = _table("The other measures: each side's mean, best first where there is a best (and places, where a verdict parts any)", ("measure",), ())
    table.add_column("sides", overflow="fold")
    for of in sorted(document.measures.values(), key=lambda m: any(r.first is None for r in m.ranking[within])):
        ranks = [r for r in of.ranking[within] if r.mean is not None]
        if of.measure != document.primary and ranks:
            parted = len({(r.first, r.last) for r in ranks}) > 1
            sides = (f"{r.arm} {number(r.mean, of.digits)}{f' ({_place(r)})' if parted else ''}" for r in ranks)
            table.add_row(short_label(of.measure, of.label), Text(" · ".join(sides)))
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
        table.add_column(heading, overflow="fold", max_width=WIDE_NAME)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
