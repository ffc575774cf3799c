"""What the run took: calls, tokens, money and time, by role."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from sim.core.event import ROLES, Role
from sim.present.report.cells import Heading, columns, count, named, score
from sim.present.report.document import Cell, Section, Table
from sim.present.words import many, money, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.present.report.material import Material

TITLE = "Cost and latency"


def cost_section(of: Material) -> Section:
    """One row a role."""
    thinks = any(tokens.reasoning for t in of.summary.targets for tokens in t.tokens.values())
    caches = any(tokens.cached or tokens.cache_write for t in of.summary.targets for tokens in t.tokens.values())
    rows = [_row(of, role, thinks=thinks, caches=caches) for role in ROLES if any(role in t.calls for t in of.summary.targets)]
    if not rows:
        return Section(id="cost", title=TITLE, absent="Nothing was called in this run yet.")
    thought: list[Heading] = [("of them thought", "tokens that models thought with and did not say")] if thinks else []
    read: list[Heading] = [("cached", "of the tokens in, the part that providers read from their prompt cache")] if caches else []
    seconds: list[Heading] = [
        ("median", "seconds from the first attempt to the answer"),
        ("19 of 20 within", "seconds that 95 of 100 calls took at most"),
    ]
    figures: list[Heading] = ["calls", "tokens in", *read, "tokens out", *thought, "cost", *seconds]
    table = Table(id="cost", title="By role", columns=columns("for", figures=figures), rows=tuple(rows))
    return Section(id="cost", title=TITLE, blocks=(table,))


def total_cost(of: Material) -> str:
    """What the run cost, in words."""
    known = [c for t in of.summary.targets for c in t.cost.values() if c is not None]
    unknown = sum(n for t in of.summary.targets for n in t.unknown_cost.values())
    told = money(fsum(known) if known else None)
    lost = of.summary.unaccounted
    told += f", and {many(unknown, 'call')} of unknown cost" if unknown else ""
    return f"{told}, and up to {many(lost, 'call')} unaccounted" if lost else told


def _row(of: Material, role: Role, *, thinks: bool, caches: bool) -> tuple[Cell, ...]:
    targets = [t for t in of.summary.targets if role in t.calls]
    known = [c for t in targets if (c := t.cost[role]) is not None]
    unknown = sum(t.unknown_cost[role] for t in targets)
    cost = fsum(known) if known else None
    first, *others = (t.tokens[role] for t in targets)
    tokens = first.plus(others)
    seconds = sorted(of.latencies.get(role, ()))
    return (
        named(role),
        count(sum(t.calls[role] for t in targets)),
        count(tokens.input),
        *([Cell(text=f"{100 * tokens.cached_share:.0f} %", value=tokens.cached_share)] if caches else []),
        count(tokens.output),
        *([count(tokens.reasoning)] if thinks else []),
        Cell(text=money(cost), value=cost, beside=f"{many(unknown, 'call')} of unknown cost" if unknown else ""),
        _seconds(seconds, 0.5),
        _seconds(seconds, 0.95),
    )


def _seconds(ordered: Sequence[float], at: float) -> Cell:
    """The quantile of sorted seconds, by nearest rank."""
    if not ordered:
        return score(None)
    value = ordered[min(len(ordered) - 1, int(at * len(ordered)))]
    return Cell(text=f"{number(value * 1000, 0)} ms" if value < 1 else f"{number(value, 1)} s", value=value)
