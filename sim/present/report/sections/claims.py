"""What a figure shows, as a sentence made from its figures: who is ahead of whom and by how much, or that nothing is clear.

A claim follows the verdicts of `sim compare`, so that no title says more than the comparison does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sim.present.report.cells import between

if TYPE_CHECKING:
    from sim.analysis.verdicts.compare import Comparison, MeasureComparison

Bounds = tuple[float, float]


def by(size: float, interval: Bounds | None, digits: int = 2) -> str:
    """A difference without its sign, and its interval in brackets: "0.98 (0.70 to 1.30)"."""
    return f"{abs(size):.{digits}f}" + (f" ({between(interval, digits=digits)})" if interval else "")


def listed(names: Sequence[str]) -> str:
    """Names as in a sentence: "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def ahead(pair: Comparison) -> Comparison:
    """The pair with the side that has more first."""
    return pair if (pair.difference or 0.0) >= 0 else pair.turned


ALONE = ", clear by itself and not over all measures together"
"""Said of a difference whose interval leaves 0 out and that no verdict bears out, since many measures were looked at."""


def clearest(pairs: Iterable[Comparison]) -> tuple[Comparison, str] | None:
    """The largest difference that has a verdict, larger side first; where none has one, the largest that is clear by itself, with `ALONE` beside it.

    None: nothing is clear, or there are too few personas for any verdict.
    """
    known = [c for c in pairs if c.difference is not None and c.tier != "look"]
    decided = [c for c in known if c.verdict in ("higher", "lower")]
    alone = [c for c in known if c.interval and (c.interval[0] > 0 or c.interval[1] < 0)]
    found = max(decided or alone, key=lambda c: abs(c.difference or 0.0), default=None)
    return None if found is None else (ahead(found), "" if decided else ALONE)


def liked(pairs: Sequence[Comparison], reference: str) -> str:
    """Who is liked less than `reference`, the side of every pair that comes second."""
    clear = sorted((c for c in pairs if c.verdict == "lower"), key=lambda c: c.difference or 0.0)
    if not clear:
        look = any(c.tier == "look" for c in pairs)
        return f"Too few personas to say who is liked less than {reference}" if look else f"No target can be told apart from {reference}"
    spans = [(c.a, by(c.difference or 0.0, turned(c.interval))) for c in clear]
    if len(spans) <= 2:
        told = " and ".join(f"{name} by {size}" for name, size in spans)
        first = f"{spans[0][0]} is liked less than {reference} by {spans[0][1]}"
        return first if len(spans) == 1 else f"Liked less than {reference}: {told}"
    least, most = (f"{abs(c.difference or 0.0):.2f}" for c in (clear[-1], clear[0]))
    return f"{listed([c.a for c in clear])} are liked less than {reference}, by {least} to {most}"


def more(compared: MeasureComparison | None, text: str, *, nothing: str, of: str) -> str:
    """Who has more of a measure than whom, by the largest difference with a verdict.

    Args:
        text: the sentence, with places for `{a}`, `{b}` and `{by}`.
        nothing: what is said where nothing is clear.
        of: what there are too few personas to judge.
    """
    found = clearest(compared.comparisons) if compared else None
    if found is not None and compared is not None:
        pair, alone = found
        return text.format(a=pair.a, b=pair.b, by=by(pair.difference or 0.0, pair.interval, compared.digits)) + alone
    if compared is None:
        return f"{of[0].upper()}{of[1:]} of the one target of this run"
    return f"Too few personas for a verdict on {of}" if any(c.tier == "look" for c in compared.comparisons) else nothing


def changes(found: Iterable[tuple[str, float | None, Bounds | None]]) -> list[tuple[str, float, Bounds]]:
    """Those whose interval leaves 0 out, the largest change first."""
    clear = [(name, value, bounds) for name, value, bounds in found if value is not None and bounds and (bounds[0] > 0 or bounds[1] < 0)]
    return sorted(clear, key=lambda c: -abs(c[1]))


def turned(interval: Bounds | None) -> Bounds | None:
    """The interval of the same with its sign turned."""
    return None if interval is None else (-interval[1], -interval[0])
