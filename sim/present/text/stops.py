"""What stopped a run before its end, in one line each: what `show`, the report and the viewer say of budgets and of calls that a kill cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.present.words import many, safe

if TYPE_CHECKING:
    from collections.abc import Sequence


def budget_line(stop: str) -> str:
    """For example "Stopped: the budget of 20,000 tokens is used up (19,870 spent, …); raise --max-tokens … to go on"."""
    return f"Stopped: {safe(stop)}"


def stop_lines(budget_stops: Sequence[str], unaccounted: int) -> list[str]:
    """Everything there is to say, in the order in which it is said.

    Args:
        budget_stops: `sim.analysis.figures.outages.find_budget_stops`.
        unaccounted: calls that no event accounts for, at most.
    """
    lost = [f"Unaccounted: up to {many(unaccounted, 'call')}, cut off when the run was killed; what they cost is in no figure"] if unaccounted else []
    return [*map(budget_line, budget_stops), *lost]
