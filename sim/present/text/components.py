"""Variance components, what raising each n would buy, and the noise floor, as `sim compare RUN` prints them."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from sim.analysis.trust.components import Component, Components, Doubled
from sim.analysis.trust.controls import NoiseFigures
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import NONE, many, number, percent

_NAMES: dict[Doubled, str] = {"now": "as it is", "personas": "twice the personas", "scenarios": "twice the scenarios", "seeds": "twice the seeds"}


def render_components(found: Components, *, repeats: NoiseFigures) -> list[RenderableType]:
    """Two tables and the noise floor; nothing where no trial has a fixed-set mean."""
    if not found.trials:
        return []
    spread = plain_table(("effect",), "variance", "95 %", "share", "groups", "")
    for effect, of in found.components.items():
        between = NONE if of.interval is None else f"{number(of.interval[0], 3)} to {number(of.interval[1], 3)}"
        spread.add_row(effect, _variance(of), between, percent(of.share), f"{of.levels:,}", Text(of.why, "dim"))
    raised = plain_table(("design",), "personas", "scenarios", "seeds", "standard error", "times")
    for doubled, to in found.design.items():
        sizes = (f"{to.personas:,}", f"{to.scenarios:,}", f"{to.seeds:.3g}")
        raised.add_row(_NAMES[doubled], *sizes, "not known" if to.standard_error is None else number(to.standard_error, 3), number(to.times))
    return [
        *titled(f"Where the spread of the fixed set comes from ({many(found.trials, 'trial')}, rated by {found.rater})", spread),
        Text("intervals: jackknife over personas, for these targets and scenarios; a negative estimate says about 0", "dim"),
        *titled("Which n to raise: standard error of the difference between two targets", raised),
        Text(_doubling(found), "dim"),
        Text(),
        Text("\n".join(("Noise floor: what differs when nothing differs", _seeds(found), _repeats(repeats)))),
    ]


def _doubling(found: Components) -> str:
    unknown = any(to.standard_error is None for to in found.design.values())
    return "each doubling doubles the cost" + ("; not known: there is one of these, so nobody knows what a second would take away" if unknown else "")


def _variance(of: Component) -> str:
    return number(of.variance, 3)


def _seeds(found: Components) -> str:
    floor = found.noise
    if floor.trial is None or floor.target is None:
        return "  seeds: not known, each persona × scenario × target has one"
    cells = many(floor.pairs, "cell")
    spread = f"  seeds: trials of one cell differ by a standard deviation of {number(floor.trial)} ({cells}),"
    return f"{spread}\n  a target's mean in two such runs by up to {number(floor.target)}, 95 times in 100"


def _repeats(noise: NoiseFigures) -> str:
    if not noise.n:
        return "  rater: not known, no exchange was rated twice"
    moved, mean = percent(noise.moved), number(noise.difference)
    return f"  rater: of {many(noise.n, 'score')} given twice in the same words {moved} move by a point or more, {mean} on average"
