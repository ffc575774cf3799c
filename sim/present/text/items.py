"""Which persona × scenario pairs tell targets apart, as `sim compare RUN` prints it."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from sim.analysis.trust.items import FEWEST_TARGETS, Item, Items
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import many, number, percent, safe, share, signed

MOST = 12
"""Items that are printed; `--json` has all."""


def render_items(items: Items) -> list[RenderableType]:
    """The broken items, and the others as far as there is room; nothing without items."""
    if not items.items:
        return []
    table = plain_table(("persona", "scenario"), "targets", "mean", "spread", "item–total", "")
    for item in items.items[:MOST]:
        table.add_row(*_cells(item))
    broken = [i for i in items.items if i.verdict in ("flat", "against")]
    lines = [f"{len(broken)} of {many(len(items.items), 'item')} broken" if items.targets >= FEWEST_TARGETS else _few(items)]
    if len(items.items) > MOST:
        lines.append(f"… and {many(len(items.items) - MOST, 'more item')}; `--json` has all")
    noise = "seeds of one target on one item differ by " + number(items.noise) if items.noise is not None else "one seed each: noise is not known"
    lines.append(f"spread: standard deviation over targets; {noise}; item–total: with the mean of the other items, over targets")
    parts: list[RenderableType] = [*titled("Items: which persona × scenario pairs tell targets apart", table), Text("\n".join(lines), "dim")]
    return [*parts, *_rasch(items)]


def _few(items: Items) -> str:
    return f"no verdicts: they take {FEWEST_TARGETS} targets, and there are {items.targets}"


def _cells(item: Item) -> tuple[Text | str, ...]:
    style = "yellow" if item.verdict in ("flat", "against") else ""
    figures = (f"{item.targets:,}", number(item.mean), number(item.spread), share(item.item_total))
    return (Text(safe(item.persona), style), Text(safe(item.scenario)), *figures, Text(item.verdict, style))


def _rasch(items: Items) -> list[RenderableType]:
    if items.rasch is None:
        return [Text(items.refused, "dim")]
    table = plain_table(("item",), "difficulty", "± s.e.", "liked")
    for d in items.rasch.items[:MOST]:
        table.add_row(Text(safe(d.item)), signed(d.difficulty), number(d.standard_error), percent(d.passed))
    left_out = f"; {many(len(items.rasch.left_out), 'item')} that all or none are liked on left out" if items.rasch.left_out else ""
    note = f"liked: fixed-set mean of 3.5 or more; logits; abilities spread by {number(items.rasch.spread)}{left_out}"
    return [*titled(f"Rasch: the hardest items for {many(items.rasch.targets, 'target')}", table), Text(note, "dim")]
