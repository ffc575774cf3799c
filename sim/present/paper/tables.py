"""The tables of a results section: how much each target is liked, in what they differ, and what they remember.

Each is narrow by design, and its caption says what n counts, on what scale figures are, and what the interval is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.table import population
from sim.core.codebook import CRITERIA, DIMENSIONS, LABELS
from sim.present.report.document import Cell, Column, Table
from sim.present.text.comparison import p_text
from sim.present.text.trait_truth import FIGURES, NOTES, cells_of, lines_of
from sim.present.words import DIAGNOSTIC, HEADINGS, NONE, SHORT, half_width, many, number, overall_headings, share, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.figures.run_summary import RunSummary, TargetSummary
    from sim.analysis.verdicts.compare import CompareDocument, Comparison
    from sim.analysis.verdicts.policies import InCommon

TIERS = {"look": "a look, which gives no verdict", "screen": "a screen", "decide": "enough to decide"}
KINDS = ("explicit", "implicit", "update", "temporal")


def paper_tables(summary: RunSummary, document: CompareDocument | None) -> list[Table]:
    """Those that have something to show.

    Args:
        document: the comparison of its targets; None: there are no two.
    """
    tables = [liked_table(summary), _dimensions(summary)]
    if document is not None and (paired := paired_table(document)) is not None:
        tables += [paired, _beside(document)]
    if any(t.memory.probes for t in summary.targets):
        tables += [_memory(summary)]
        if any(t.memory.written is not None for t in summary.targets):
            tables.append(_failures(summary))
    if summary.bought:
        tables.append(_bought(summary))
    if summary.trait_truth:
        tables.append(_trait_truth(summary))
    return tables


def _table(id: str, title: str, names: tuple[str, ...], figures: tuple[str, ...], rows: Sequence[tuple[str, ...]], *notes: str) -> Table:
    columns = (*(Column(heading=h, kind="name") for h in names), *(Column(heading=h) for h in figures))
    cells = tuple(tuple(Cell(text=text) for text in row) for row in rows)
    return Table(id=id, title=title, columns=columns, rows=cells, notes=tuple(n for n in notes if n))


# --- how much each is liked ---------------------------------------------------------------------------------------


def liked_table(summary: RunSummary) -> Table:
    """Every target by the means over several dimensions, the primary outcome first, and by the second endpoint."""
    overall = overall_headings(summary.primary)
    rows = []
    for t in summary.targets:
        several = (*(t.likability.primary(m) for m, _ in overall), (t.likability.scripted, t.likability.scripted_interval))
        rows.append((t.target, *(number(v) + half_width(bounds, v) for v, bounds in several), f"{t.likability.n:,}"))
    return _table(
        "liked",
        f"Simulated likability on a scale of 1 to 5, rated by {summary.targets[0].rater}",
        ("target",),
        (*(heading for _, heading in overall), "scripted callback", "n"),
        rows,
        f"{_people(summary.targets)}, {many(summary.scenarios, 'scenario')}; n: rated exchanges.",
        f"±: half of the 95 % interval over {population(summary.scenarios)}.",
        f"Primary outcome: {HEADINGS[summary.primary]}; scripted callback: on facts that every target was told alike.",
        _marks(summary),
    )


def _dimensions(summary: RunSummary) -> Table:
    rows = [(t.target, *(number(t.likability.dimensions[d].mean) for d in DIMENSIONS)) for t in summary.targets]
    named = ", ".join(f"{SHORT[d]}: {LABELS[d]}" for d in DIMENSIONS if SHORT[d] != LABELS[d])
    occasions = ", ".join(f"{t.target} {sum(t.likability.dimensions[d].n for d in DIMENSIONS):,}" for t in summary.targets)
    return _table(
        "dimensions",
        "The seven dimensions, means of 1 to 5",
        ("target",),
        tuple(SHORT[d] for d in DIMENSIONS),
        rows,
        f"{named[:1].upper()}{named[1:]}.",
        f"{_people(summary.targets)}; n, ratings with an occasion: {occasions}. No intervals are given: differences are in the table of pairs.",
    )


def _people(targets: tuple[TargetSummary, ...]) -> str:
    """How many personas there are, of each target where they are not as many."""
    counts = {t.target: t.likability.n_personas for t in targets}
    if len(set(counts.values())) == 1:
        return many(next(iter(counts.values())), "persona")
    return "Personas: " + ", ".join(f"{target} {n}" for target, n in counts.items())


def _marks(summary: RunSummary) -> str:
    offline = f"{summary.offline_note[:1].upper()}{summary.offline_note[1:]}. " if summary.offline_note else ""
    return offline + DIAGNOSTIC


# --- pairs --------------------------------------------------------------------------------------------------------


def paired_table(document: CompareDocument) -> Table | None:
    """Every pair of sides by the primary outcome; None where they have nothing in common."""
    compared = document.measures[document.primary]
    if all(c.difference is None for c in compared.comparisons):
        return None
    rows = [
        (
            f"{c.a} − {c.b}",
            _with_interval(c, compared.digits),
            p_text(c.p_all),
            f"{c.personas:,}",
            " ".join(filter(None, (_verdict(c), c.hypothesis))),
        )
        for c in compared.comparisons
    ]
    scenarios = max((a.scenarios for a in document.arms), default=1)
    tiers = ", ".join(dict.fromkeys(TIERS[c.tier] for c in compared.comparisons))
    registered = document.registration
    return _table(
        "paired",
        f"Paired differences in {compared.label}, points of 1 to 5",
        ("sides",),
        ("difference", "p", "n", "verdict"),
        rows,
        f"Brackets: 95 % interval over {population(scenarios)}; n: personas, paired by persona and scenario.",
        "p: two-sided, of sign flips by persona and of the interval, the larger, after Holm over all pairs"
        + ("; of registered comparisons over those alone." if registered and registered.hypotheses else "."),
        f"A verdict takes p of .05 or less: {tiers}.",
        "Verdicts with the id of a hypothesis are confirmatory, all others exploratory." if registered and registered.hypotheses else "",
        *(registered.sentences if registered else ()),
    )


def _sides(c: Comparison) -> str:
    return f"{c.within}: {c.a} − {c.b}" if c.within else f"{c.a} − {c.b}"


def _with_interval(c: Comparison, digits: int) -> str:
    bounds = "" if c.interval is None else f" [{', '.join(f'{x:z.{digits}f}'.replace('-', '−') for x in c.interval)}]"
    return signed(c.difference, digits) + bounds


def _verdict(c: Comparison) -> str:
    return "look" if c.tier == "look" else "tied" if c.verdict == "not separable" else c.verdict


def _beside(document: CompareDocument) -> Table:
    """The other outcomes that a difference is read with."""
    shown = {m: h for m, h in {"fixed_set": "fixed set", "likability": "all seven", "callback_scripted": "scripted callback"}.items()}
    shown |= {c: LABELS[c] for c in CRITERIA}
    shown = {m: heading for m, heading in shown.items() if m != document.primary and m in document.measures}
    rows = []
    for i, c in enumerate(document.measures[document.primary].comparisons):
        found = [document.measures[m].comparisons[i] for m in shown]
        told = (signed(x.difference, 2) + half_width(x.interval, x.difference) for x in found)
        rows.append((f"{c.a} − {c.b}", *told, signed(c.d_av, 2), signed(c.d_z, 2)))
    scenarios = max((a.scenarios for a in document.arms), default=1)
    return _table(
        "beside",
        "Paired differences in other outcomes, points of 1 to 5",
        ("sides",),
        (*shown.values(), "d_av", "d_z"),
        rows,
        f"±: half of the 95 % interval over {population(scenarios)}, of each outcome by itself; n as in the table of pairs.",
        "d_av: the primary outcome over the mean standard deviation between personas; d_z: over that of the differences.",
        "Enjoyment and return: asked at the end of each session." if any(c in shown for c in CRITERIA) else "",
        "All of them exploratory." if document.registration and not any(h.measure in shown for h in document.registration.hypotheses) else "",
    )


# --- memory -------------------------------------------------------------------------------------------------------


def _memory(summary: RunSummary) -> Table:
    kinds = [k for k in KINDS if any(k in t.memory.probes for t in summary.targets)]
    rows = []
    for t in summary.targets:
        of = t.memory
        bounds = f" [{share(of.accuracy.interval[0])}, {share(of.accuracy.interval[1])}]" if of.accuracy.interval else ""
        by_kind = [share(of.probes[k].accuracy) if k in of.probes else NONE for k in kinds]
        rows.append((t.target, share(of.accuracy.accuracy) + bounds, f"{of.accuracy.n:,}", *by_kind, share(of.abstention.balanced_accuracy)))
    return _table(
        "memory",
        "What targets remember, shares of answers",
        ("target",),
        ("accuracy", "n", *kinds, "balanced"),
        rows,
        f"Accuracy over {', '.join(kinds)} probes of facts that were told; n: answers, by {_probed(summary)}.",
        "Brackets: 95 % interval, Clopper–Pearson on the persona-effective n.",
        "Balanced: accuracy in telling what was said from what was never said; .50 is a coin.",
    )


def _probed(summary: RunSummary) -> str:
    counts = {t.memory.accuracy.personas for t in summary.targets if t.memory.probes}
    low, high = min(counts), max(counts)
    return many(high, "persona") if low == high else f"{low} to {high} personas"


def _failures(summary: RunSummary) -> Table:
    rows = []
    for t in summary.targets:
        of, known = t.memory.split, t.memory.written is not None
        counts = (of.not_written, of.not_retrieved, of.not_used, of.used)
        rows.append((t.target, *(f"{n:,}" if known else NONE for n in counts), f"{sum(counts):,}" if known else NONE))
    return _table(
        "failures",
        "Where memory fails, counts of answers",
        ("target",),
        ("not written", "not retrieved", "not used", "right", "n"),
        rows,
        "Each answer about a fact that was told counts at the first step that failed; n: answers. Known only of targets whose memory is seen.",
    )


def _bought(summary: RunSummary) -> Table:
    rows = [
        (a.target, *(_more(x) for x in (a.gains, a.steady, a.brings, a.enjoys, a.likes)))
        for b in summary.bought
        for a in b.arms
        if a.target != b.against
    ]
    bases = ", ".join(f"{b.against} ({b.model})" for b in summary.bought)
    return _table(
        "bought",
        "What memory buys: one model under several memory policies, less its base",
        ("target",),
        ("memory accuracy", "fixed set", "scripted callback", "criterion", "without callback"),
        rows,
        f"Base: {bases}. Accuracy as a share, all else in points of 1 to 5, paired by persona and scenario.",
        f"±: half of the 95 % interval over {population(summary.scenarios)}. Criterion: enjoyment and the wish to return.",
        f"{_people(summary.targets)}.",
    )


def _more(found: InCommon | None) -> str:
    return NONE if found is None or found.difference is None else signed(found.difference, 2) + half_width(found.interval, found.difference)


# --- characters ---------------------------------------------------------------------------------------------------


def _trait_truth(summary: RunSummary) -> Table:
    return _table(
        "trait-truth",
        "Right answers given up for a character's sake",
        ("target", "without"),
        FIGURES,
        [(of.target, of.without, *cells_of(of)) for of in summary.trait_truth],
        *(f"{line[:1].upper()}{line[1:]}." for line in (*lines_of(summary.trait_truth), *NOTES)),
    )
