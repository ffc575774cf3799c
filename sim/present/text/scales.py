"""The scale checks that stand in every summary: a row for each dimension, and in words only what should make one doubt."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from sim.analysis.trust.families import SameFamily
from sim.analysis.trust.scales import NOT_APART, ScaleChecks, ScaleFigures
from sim.core.codebook import DIMENSIONS, Dimension
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, SHORT, many, percent, safe, share, signed

MUCH = 0.5
"""Share of a score's variance explained by length from which it is said aloud."""
AT_ONE_END = 0.8
"""Share of scores at one end from which it is."""
FEWEST = 30
"""Scores of a dimension below which nothing is."""


def render_scales(checks: ScaleChecks) -> list[RenderableType]:
    """The table, its key and its warnings; nothing where the rater has rated nothing."""
    if not checks.exchanges:
        return []
    table = ruled(f"Scales of {safe(checks.rater)}, within personas: can the dimensions be told apart?")
    table.add_column("dimension", no_wrap=True)
    for heading in ("n", "at 5", "at 1", "nearest", "r", "enjoyed", "return", "length\nR²", "twice\nthe\nwords"):
        table.add_column(heading, justify="right", no_wrap=True)
    for d in DIMENSIONS:
        table.add_row(SHORT[d], *_cells(checks.dimensions[d]))
    lines = ["r: with the dimension it goes with most; enjoyed, return: with how the session was looked back on"]
    lines.append("length R²: share of the scores' variance that the reply's word count alone explains")
    parts: list[RenderableType] = [table, Text("\n".join(lines), "dim")]
    warnings = _warnings(checks)
    return [*parts, Text("\n".join(warnings), "yellow")] if warnings else parts


def _cells(of: ScaleFigures) -> list[str]:
    nearest, r = _nearest(of)
    looked_back = [share(c.r) for c in of.criterion.values()]
    return [f"{of.n:,}", percent(of.ceiling), percent(of.floor), nearest, r, *looked_back, share(of.length.r_squared), signed(of.length.per_doubling)]


def _nearest(of: ScaleFigures) -> tuple[str, str]:
    known: list[tuple[float, Dimension]] = [(c.r, d) for d, c in of.others.items() if c.r is not None]
    if not known:
        return NONE, NONE
    r, dimension = max(known)
    return SHORT[dimension], share(r)


def _warnings(checks: ScaleChecks) -> list[str]:
    lines = []
    for t in checks.twins:
        one, other = (SHORT[d] for d in t.dimensions)
        lines.append(f"! {one} and {other} cannot be told apart (r {share(t.r)} from {share(NOT_APART)} on, n {t.n:,}): read them as one")
    for d, of in checks.dimensions.items():
        if of.n < FEWEST:
            continue
        for end, at in ((5, of.ceiling), (1, of.floor)):
            if at is not None and at >= AT_ONE_END:
                lines.append(f"! {SHORT[d]}: {percent(at)} of {many(of.n, 'score')} are {end}, which leaves little to tell apart")
        if of.length.r_squared is not None and of.length.r_squared >= MUCH:
            lines.append(f"! {SHORT[d]}: the word count alone explains {percent(of.length.r_squared)} of its variance")
    return [*lines, *same_family_lines(checks.same_family)]


def same_family_lines(found: Iterable[SameFamily]) -> list[str]:
    """A warning for each rater or user that is of a target's family."""
    lines = []
    for f in found:
        who = "the user" if f.role == "user" else safe(f.name)
        lines.append(f"! {who} ({safe(f.model)}) is of the family of {safe(f.target)} ({safe(f.target_model)}): it may like its own kind better")
    return lines
