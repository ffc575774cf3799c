"""Colour and small lines for figures on a terminal; elsewhere the console drops the colour and the characters stay."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from sim.present.words import number

BARS = "▁▂▃▄▅▆▇█"
HIGH, LOW = "dodger_blue1", "dark_orange3"
"""Blue and orange, which nearly everybody tells apart."""
LOWEST, HIGHEST = 1.0, 5.0
"""Of the likability scale."""


def spark(values: Iterable[float | None]) -> str:
    """One bar a value on the scale of 1 to 5, low to high: "▆▅▇"; a dot where there is none."""
    return "".join("·" if v is None else BARS[_step(v)] for v in values)


def score_text(value: float | None, more: str = "") -> Text:
    """A score in the colour of its height, with what belongs behind it; the middle has none."""
    return Text.assemble((number(value), _style(value)), more)


def verdict_text(verdict: str) -> Text:
    """A verdict on one side against another; what is none stands back."""
    return Text(verdict, {"higher": HIGH, "lower": LOW}.get(verdict, "dim"))


def _step(value: float) -> int:
    return min(len(BARS) - 1, max(0, int((value - LOWEST) / (HIGHEST - LOWEST) * len(BARS))))


def _style(value: float | None) -> str:
    if value is None:
        return "dim"
    return LOW if value < 2.5 else HIGH if value >= 4 else ""
