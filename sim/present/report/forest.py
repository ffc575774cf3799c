"""The plot of the first screen, drawn without a script: each row a strip whose parts are placed in per cent of its width, so that it fits every page.

The brief has no scripts, and a page that is printed or sent by mail has its main picture at once. The same figure is drawn by Vega-Lite where it
becomes a file (`sim.present.report.figures`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.present.report.cells import between
from sim.present.words import NONE, number, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from sim.present.report.document import ChartFigure, ReportDocument

STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
MOST_TICKS = 7


@dataclass(frozen=True)
class ForestRow:
    """One row; places are in per cent of the strip."""

    name: str
    colour: int
    at: float | None
    low: float | None
    high: float | None
    figure: str
    interval: str
    told: str
    link: str


@dataclass(frozen=True)
class Forest:
    """All rows on one scale."""

    figure: ChartFigure
    colours: dict[str, int]
    differs: bool
    rows: tuple[ForestRow, ...]
    zero: float | None
    """Where no difference is; None: these are means."""
    ticks: tuple[tuple[float, str], ...]


def draw_forest(document: ReportDocument) -> Forest | None:
    """The headline's figure, ready to be put into a template; None: there is none."""
    figure = document.headline.forest
    if figure is None:
        return None
    differs = figure.columns["value"].startswith("difference")
    values = [v for r in figure.rows for k in ("value", "low", "high") if isinstance(v := r[k], (int, float))]
    low, high, step = whole_scale([*values, 0.0]) if differs else (1.0, 5.0, 1.0)

    def place(value: JsonValue) -> float | None:
        return place_on((low, high), value) if isinstance(value, (int, float)) else None

    rows = tuple(
        ForestRow(
            name=str(r["row"]),
            colour=document.colours[str(r["target"])],
            at=place(r["value"]),
            low=place(r["low"]),
            high=place(r["high"]),
            figure="" if r["told"] == "reference" else _figure(r["value"], differs=differs),
            interval=between((r["low"], r["high"])) if isinstance(r["low"], float) and isinstance(r["high"], float) else "",
            told=str(r["told"]),
            link=str(r["link"]),
        )
        for r in figure.rows
    )
    ticks = tuple((place(at) or 0.0, tick_label(at, step, differs=differs)) for at in steps_of(low, high, step))
    return Forest(figure, document.colours, differs, rows, place(0.0) if differs else None, ticks)


def whole_scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Whole steps around `values`, few enough that their labels have room."""
    span = max(max(values) - min(values), 0.2)
    step = next((s for s in STEPS if span / s <= MOST_TICKS - 2), STEPS[-1])
    low, high = math.floor(min(values) / step) * step, math.ceil(max(values) / step) * step
    return low, max(high, low + step), step


def steps_of(low: float, high: float, step: float) -> list[float]:
    """Where the scale has its labels."""
    return [low + i * step for i in range(round((high - low) / step) + 1)]


def place_on(scale: tuple[float, float], value: float) -> float:
    """Where `value` is, in per cent of the strip, whose ends are a little beyond those of the scale."""
    low, high = scale
    return round(2 + 96 * (value - low) / (high - low), 2)


def _figure(value: JsonValue, *, differs: bool) -> str:
    if not isinstance(value, (int, float)):
        return NONE
    return signed(value).replace("-", "−") if differs else number(value)


def tick_label(at: float, step: float, *, differs: bool) -> str:
    """What stands below a line of the scale."""
    if not differs:
        return f"{at:g}"
    text = f"{at:+z.{2 if step < 0.1 else 1}f}".replace("-", "−")
    return text if text.strip("+−0.") else "0"
