"""The colours of targets, by their place in the study: one table for charts, chips, tables and the viewer, light and dark.

Arms of a target, under stress or with a swapped identity, are the same bot and have its colour; names, shapes and places tell them apart. The colours
can be told apart with the common colour vision deficiencies, and each reaches a contrast of 3 to 1 on its ground. After the last they begin again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sim.core.spec.fairness import base_of
from sim.core.spec.stress import stress_arms

if TYPE_CHECKING:
    from sim.core.spec import TargetSpec

TARGET_COLOURS: Final[dict[str, tuple[str, ...]]] = {
    "light": ("#0072b2", "#d55e00", "#00865f", "#a3498b", "#8a6d00", "#4b8fd0", "#5a5a5a", "#8c2d04"),
    "dark": ("#5cb3f0", "#ff8a4c", "#3fcf9f", "#e59bd0", "#e8c547", "#a9c7ff", "#b8b8b8", "#f2a07b"),
}
COUNT: Final = len(TARGET_COLOURS["light"])


def colours_of(targets: Sequence[TargetSpec]) -> dict[str, int]:
    """The place of each target's colour in the table, in the study's order: the same on every surface of a run."""
    undisturbed = {arm.id: base for base, arms in stress_arms(targets) for arm in arms}
    bots = {t.id: base_of(undisturbed.get(t.id, t)) for t in targets}
    places = places_of(bots.values())
    return {target: places[bot] for target, bot in bots.items()}


def places_of(names: Iterable[str]) -> dict[str, int]:
    """A place for each distinct name, as they come."""
    return {name: i % COUNT for i, name in enumerate(dict.fromkeys(names))}


def target_styles() -> str:
    """CSS: each colour as a variable (`--t0` …), `data-colour` of an element as its own (`--own`), and names of class `target` with a dot of it."""
    light, dark = ("".join(f"--t{i}:{colour};" for i, colour in enumerate(TARGET_COLOURS[look])) for look in ("light", "dark"))
    named = (
        "[data-colour].target{white-space:nowrap}[data-colour].target::before{content:'';display:inline-block;width:.62em;height:.62em;"
        "border-radius:50%;background:var(--own);margin-inline-end:.3em;print-color-adjust:exact}"
    )
    own = "".join(f'[data-colour="{i}"]{{--own:var(--t{i})}}' for i in range(COUNT))
    return (
        f':root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{dark}}}}}'
        f'@media screen{{:root[data-theme="dark"]{{{dark}}}}}{own}{named}\n'
    )
