"""How a persona is played, as `sim personas check` prints it: what is wrong first, then levels, facets and how steady answers are."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.trust.expressed import FEWEST, FEWEST_OF_A_FACET, ExpressedCorrelation, ExpressionDocument, FacetExpression, Steadiness
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import NONE, OFFLINE_MARK, many, money, number, percent, safe, share, signed

OFFLINE_NOTE = (
    "An offline user answers by the level that the file gives and by how the item is keyed, with noise. This checks how answers are asked for, "
    "read and counted."
)


def render_expression(document: ExpressionDocument) -> RenderableType:
    """Sentences, then tables."""
    asked = f"{many(document.items, 'item')}, {many(document.asked, 'answer')} asked for, {document.answered:,} had"
    head = Text.assemble(("Played as told?", "bold"), f"  user {safe(document.model)} · {many(document.personas, 'persona')} · {asked}")
    if document.offline:
        head.append(f"\n{OFFLINE_MARK}", "yellow")
        head.append(f"\n{OFFLINE_NOTE}", "dim")
    parts: list[RenderableType] = [head, Text(), Text(_headline(document) if document.answered else "No answer was had.")]
    parts += [Text(safe(line)) for line in document.remarks]
    if document.lost:
        parts.append(Text(safe(f"{many(len(document.lost), 'sheet')} not answered for reasons outside the model: {document.lost[0]}"), "yellow"))
    if document.without:
        some = ", ".join(document.without[:8]) + (" …" if len(document.without) > 8 else "")
        parts.append(Text(safe(f"Not asked, as their files give no facet of the questionnaire a level: {some}")))
    if not document.answered:
        return Group(*parts)
    parts += titled("Expressed level by intended level, all facets", _levels(document))
    parts += titled("By facet", _facets(document))
    parts += titled("The same item again", _steady(document))
    spent = f"{many(document.calls, 'call')}, {money(document.cost)}" + (
        f", cost of {document.unknown_costs:,} unknown" if document.unknown_costs else ""
    )
    notes = [
        f"ρ: Spearman, intended level against the mean of the items. Interval: over personas, from {FEWEST}; of a facet from {FEWEST_OF_A_FACET}.",
        f"rises: no level has a lower mean than the one below it. {spent}.",
    ]
    return Group(*parts, Text(), Text("\n".join(notes), "dim"))


def _headline(document: ExpressionDocument) -> str:
    known = sum(f.rises is not None for f in document.facets)
    rising = f"; {document.rising} of {known} facets rise from level to level" if known else ""
    ways = f" (asked alone {share(document.alone.rho)}, as a form {share(document.form.rho)})"
    return f"Intended against expressed: ρ {_told(document.overall)}, n {document.overall.n:,}{ways}{rising}."


def _told(of: ExpressedCorrelation) -> str:
    interval = "" if of.interval is None else f", 95 % {share(of.interval[0])} to {share(of.interval[1])}"
    return f"{share(of.rho)}{interval}"


def _levels(document: ExpressionDocument) -> Table:
    table = plain_table(("",), *(f"told {m.level}" for m in document.levels))
    table.add_row("expressed", *(number(m.mean) for m in document.levels))
    table.add_row("n", *(f"{m.n:,}" for m in document.levels))
    return table


def _facets(document: ExpressionDocument) -> Table:
    table = plain_table(("facet", "domain"), "n", "ρ", "95 %", "1", "2", "3", "4", "5", "rises")
    for facet in document.facets:
        interval = facet.correlation.interval
        between = NONE if interval is None else f"{share(interval[0])} to {share(interval[1])}"
        means = (NONE if m.mean is None else number(m.mean, 1) for m in facet.means)
        table.add_row(facet.facet, facet.domain, str(facet.correlation.n), share(facet.correlation.rho), between, *means, _rises(facet))
    return table


def _rises(facet: FacetExpression) -> str:
    return NONE if facet.rises is None else "yes" if facet.rises else "no"


def _steady(document: ExpressionDocument) -> Table:
    table = plain_table(("options",), "n", "equal", "change", "ρ")
    for name, of in (("in the same order (retest)", document.retest), ("turned round", document.turned)):
        table.add_row(name, *_cells(of))
    if document.order is not None:
        p = NONE if document.order_p is None else f"p {document.order_p:.3f}"
        table.add_row("turned round, change added", "", "", signed(document.order), p)
    return table


def _cells(of: Steadiness) -> tuple[str, ...]:
    return f"{of.n:,}", percent(of.equal), number(of.change), share(of.rho)
