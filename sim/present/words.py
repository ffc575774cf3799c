"""How numbers, names and foreign text are written wherever a person reads them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sim.core.codebook import Dimension
from sim.core.standins import OFFLINE_MARK as OFFLINE_MARK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.core.spec import Unsuited
    from sim.core.spec.study import Primary

DIAGNOSTIC = "Simulated likability: a diagnostic until `sim calibrate` has shown, for your rater, that people order targets the same way."

NONE = "–"
"""Stands where there is no number; never 0."""

SHORT: dict[Dimension, str] = {
    "emotional_adaptation": "emotional",
    "formality_matching": "formality",
    "knowledge_adaptation": "knowledge",
    "length_fit": "length",
    "reference_understanding": "reference",
    "humor_fit": "humor",
    "callback": "callback",
}
"""Column headings for the seven dimensions: a word of each one's name (`sim.core.codebook.LABELS`)."""

HEADINGS: dict[Primary, str] = {"fixed_set": "fixed set", "likability": "all seven", "without_callback": "without callback"}
"""Column headings for what may be a study's primary outcome."""


def overall_headings(primary: Primary) -> list[tuple[Primary, str]]:
    """The means over several dimensions that tables show, the primary outcome first, then the fixed set and likability over all seven."""
    return [(m, HEADINGS[m]) for m in dict.fromkeys((primary, "fixed_set", "likability"))]


_VISIBLE = {i: f"\\x{i:02x}" for i in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)) if chr(i) not in "\n\t"}


def minus(figure: str) -> str:
    """A figure as people read it: with a minus sign in place of the hyphen that programs write."""
    return figure.replace("-", "−")


def number(value: float | None, digits: int = 2) -> str:
    """`value` with `digits` decimals, or a dash."""
    return NONE if value is None else minus(f"{value:z.{digits}f}")


def share(value: float | None) -> str:
    """A figure that mostly lies between 0 and 1, without its leading zero: ".27"."""
    return NONE if value is None else minus(f"{value:z.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.2f}")


def percent(value: float | None) -> str:
    """A share in per cent, with a decimal where it is needed: "10 %", "2.5 %"; a dash where unknown."""
    return NONE if value is None else minus(f"{round(value * 100, 1):g} %")


def signed(value: float | None, digits: int = 2) -> str:
    """A difference with its sign: "+0.25", "−0.25"; a dash where unknown."""
    return NONE if value is None else minus(f"{value:+z.{digits}f}" if round(value, digits) else f"{0:.{digits}f}")


def half_width(interval: tuple[float, float] | None, value: float | None) -> str:
    """An interval as what is added to and taken from its `value`: " ±0.21"; empty where there is none. Where a scale ends it, the longer side."""
    return "" if interval is None or value is None else f" ±{max(value - interval[0], interval[1] - value):.2f}"


def money(dollars: float | None) -> str:
    """US dollars, below one dollar to a hundredth of a cent; a dash where unknown."""
    if dollars is None:
        return NONE
    if 0 < dollars < 0.0001:
        return "<$0.0001"
    return f"${dollars:,.2f}" if dollars >= 1 or dollars == 0 else f"${dollars:.4f}"


def many(count: int, one: str, more: str = "") -> str:
    """A count with its noun: "1 trial", "12 trials"."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def safe(text: str) -> str:
    """`text` with control and bidirectional override characters made visible: a reply cannot steer the terminal it is shown on."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def not_suited(pairs: Sequence[Unsuited]) -> str:
    """How many pairs of persona and scenario are not run, and of which scenarios; empty where all are."""
    if not pairs:
        return ""
    counts = Counter(pair.scenario for pair in pairs)
    of = ", ".join(f"{safe(scenario)} {n}" for scenario, n in counts.items())
    return f"left out: {many(len(pairs), 'pair')} of persona and scenario that {'does' if len(pairs) == 1 else 'do'} not suit each other ({of})"
