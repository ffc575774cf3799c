"""A run's diagnosis, for whoever shows comparisons: one call, whatever it comes to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.present.text.components import render_components
from sim.present.text.items import render_items

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.analysis.trust.diagnosis import Diagnosis


def render_diagnosis(diagnosis: Diagnosis) -> list[RenderableType]:
    """The tables, one below the other."""
    return [*render_components(diagnosis.components, repeats=diagnosis.repeats), *render_items(diagnosis.items)]
