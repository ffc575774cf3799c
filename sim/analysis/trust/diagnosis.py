"""What a run's own spread says of its instrument, beside any comparison of targets: where variance comes from, which items tell targets apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.analysis.trust.components import Components, estimate_components
from sim.analysis.trust.controls import NoiseFigures, summarise_controls
from sim.analysis.trust.items import Items, analyse_items
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.analysis.figures.columns import RatingColumns
    from sim.core.record import Trial
    from sim.core.spec import Study


class Diagnosis(Frozen):
    """Of one run, by its primary rater."""

    components: Components
    """Variance components, what raising each n would buy, the noise floor."""
    repeats: NoiseFigures
    """The rater's own noise: the same reply rated twice in the same words."""
    items: Items
    """Which persona × scenario pairs tell targets apart."""


def diagnose(study: Study, trials: Sequence[Trial], columns: RatingColumns) -> Diagnosis:
    """The diagnosis of a run's trials.

    Args:
        columns: the primary rater's ratings of them.
    """
    rater = study.primary_rater
    repeats = summarise_controls(study, trials).noise
    return Diagnosis(components=estimate_components(columns, rater=rater), repeats=repeats, items=analyse_items(columns))
