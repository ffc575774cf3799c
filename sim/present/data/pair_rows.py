"""A comparison as data: a row for each pair of sides and measure, with the names and figures of `sim compare --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.analysis.verdicts.compare import CompareDocument
    from sim.present.data.frames import ColumnKind

COLUMNS: Final[dict[str, tuple[ColumnKind, str]]] = {
    "runs": ("text", "the runs compared, separated by spaces"),
    "offline": ("truth", "true where any offline model took part"),
    "by": ("text", "what the sides differ in, such as target or memory"),
    "within": ("text", "the target both sides are about; empty where targets themselves are compared"),
    "a": ("text", "one side"),
    "b": ("text", "the other"),
    "measure": ("text", "the measure, as requirements name it"),
    "label": ("text", "what the measure is called in tables"),
    "primary": ("truth", "true for the primary outcome"),
    "better": ("text", "which end is better: higher, lower or neither"),
    "mean_a": ("figure", "mean of a over what both sides have in common; of unpaired groups, in all"),
    "mean_b": ("figure", "the same of b"),
    "difference": ("figure", "mean_a − mean_b; empty where there is nothing in common"),
    "low": ("figure", "lower end of the difference's 95 % interval; empty where there is none"),
    "high": ("figure", "upper end"),
    "p": ("figure", "two-sided, from sign flips by persona"),
    "p_interval": ("figure", "of the level at which the interval would just touch 0"),
    "p_holm": ("figure", "the larger of both, adjusted by Holm over the pairs within the measure"),
    "p_all": ("figure", "what the verdict goes by: also adjusted over the measures beside the primary outcome"),
    "d_av": ("figure", "the difference over the mean standard deviation between personas"),
    "d_z": ("figure", "the difference over the standard deviation of the personas' differences"),
    "personas": ("whole", "personas that both sides share"),
    "scenarios": ("whole", "scenarios that both sides share"),
    "pairs": ("whole", "persona × scenario pairs"),
    "paired": ("truth", "false where the sides are different people"),
    "tier": ("text", "look, screen or decide: how much the number of personas and scenarios allows"),
    "verdict": ("text", "higher, lower, not separable, or none"),
}
"""The columns in order: what kind of value each holds, and what it means."""


def pair_rows(document: CompareDocument) -> Iterator[tuple[object, ...]]:
    """The rows, measure by measure with the primary outcome first; None where there is no value."""
    for of in document.measures.values():
        for c in of.comparisons:
            low, high = c.interval or (None, None)
            beside = {
                "runs": " ".join(document.runs),
                "offline": document.offline,
                "by": document.by,
                "measure": of.measure,
                "label": of.label,
                "primary": of.measure == document.primary,
                "better": of.better,
                "low": low,
                "high": high,
            }
            yield tuple(beside[name] if name in beside else getattr(c, name) for name in COLUMNS)
