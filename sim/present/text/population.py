"""Populations as `sim personas describe` and `sim personas new` print them: what is missing or goes together first, then every count."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.coverage import FEWEST, VALUES, CoverageDocument
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import NONE, many, number, safe


def render_coverage(document: CoverageDocument) -> RenderableType:
    """Sentences, then tables: characteristics, facets, pairs."""
    parts: list[RenderableType] = [Text(safe(f"{many(document.personas, 'persona')}{f' of {document.of}' if document.of else ''}"), "bold"), Text()]
    parts += [Text(safe(line)) for line in remarks(document)]
    who = plain_table(("characteristic", "personas"))
    for one in document.characteristics:
        who.add_row(one.name, ", ".join(f"{value} {n}" for value, n in one.counts.items()))
    who.add_row("language", ", ".join(f"{safe(tag)} {n}" for tag, n in document.languages.items()))
    if document.tags:
        who.add_row("tags", ", ".join(f"{safe(tag)} {n}" for tag, n in document.tags.items()))
    parts += [Text(), who]
    levels = plain_table(("facet", "domain"), "1", "2", "3", "4", "5")
    for facet in document.facets:
        levels.add_row(Text(safe(facet.facet)), facet.domain or NONE, *(str(n) if n else NONE for n in facet.levels))
    parts += titled("Personas at each level of each facet (1 hardly, 5 very much)", levels)
    together = plain_table(("pair",), "n", "V", "p")
    for pair in sorted(document.confounds, key=lambda c: -(c.v or 0)):
        together.add_row(f"{pair.first} × {pair.second}", str(pair.n), number(pair.v), number(pair.p, 3))
    parts += titled("What goes together", together)
    note = (
        "V: Cramér's V, corrected for bias (0 independent, 1 the one tells the other). p: a permutation of personas, adjusted by Holm over the pairs."
    )
    return Group(*parts, Text(note, "dim"))


def remarks(document: CoverageDocument) -> list[str]:
    """What a person should know before any table."""
    lines = [
        f"{c.first.capitalize()} goes with {c.second} (V {number(c.v)}, p {number(c.p, 3)}, n {c.n}): {c.says}." for c in document.confounds if c.says
    ]
    if not lines and document.personas < FEWEST:
        lines.append(f"What goes together cannot be told: that takes {FEWEST} personas.")
    elif not lines:
        names = ", ".join(VALUES)
        lines.append(f"No two of {names} are shown to go together.")
    if document.missing:
        lines.append(f"Nobody says anything of {', '.join(document.missing)}.")
    lines.append(_levels(document))
    if document.closest:
        c = document.closest
        lines.append(f"The two most alike are {c.first} and {c.second}: {c.different} of {c.facets} facets differ, distance {number(c.distance, 1)}.")
    return lines


def _levels(document: CoverageDocument) -> str:
    if document.gaps:
        few = "; ".join(document.gaps[:6]) + (f"; and {len(document.gaps) - 6} more" if len(document.gaps) > 6 else "")
        return f"Levels that nobody has, of facets that somebody has: {few}."
    known = sum(bool(sum(f.levels)) for f in document.facets if f.domain)
    return f"Every level of {'all 30 facets' if known == 30 else many(known, 'facet')} is there."
