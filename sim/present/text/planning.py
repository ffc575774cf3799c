"""What `sim plan` prints: what a study takes, what it can tell, and what more of each would buy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.estimates import FEWEST_SCENARIOS
from sim.analysis.verdicts.chances import Foreseen
from sim.analysis.verdicts.power import ITEMS_A_PERSON, MINUTES_AN_ITEM, Detectable, HumanPlan, Spreads
from sim.core.event import Role
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.core.spec import Unsuited
from sim.core.spec.study import Primary
from sim.engine.plan import Range
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, OFFLINE_MARK, many, money, not_suited, number

if TYPE_CHECKING:
    from sim.analysis.verdicts.power import Design


class RolePlan(Frozen):
    """One role; each range from the shortest to the longest that the talks can be."""

    calls: Range
    input: Range
    """Tokens."""
    output: Range
    cost: tuple[float, float] | None
    """US dollars, of the models whose price is known. None: of none of them."""
    unknown_prices: tuple[str, ...]
    """Models whose price is unknown; `cost` leaves them out."""
    again: Range = Range(min=0, max=0)
    """Of `input`, what a provider's prompt cache can read because it was sent before; `cost` takes none of it off."""


class RegistrationLine(Frozen):
    """Where a study was registered."""

    place: str
    sha256: str
    """Of the file."""


class PlanDocument(Shown):
    """`sim plan --json`."""

    study: str
    offline: bool
    """Whether offline models take part: they cost nothing, and their tokens are counted as if they did."""
    pilot: str | None
    primary: Primary
    """The study's primary outcome, which is planned for."""
    targets: int
    personas: int
    scenarios: int
    seeds: int
    trials: int
    exchanges: Range
    calls: Range
    tokens: Range
    tokens_an_exchange: float
    cost: tuple[float, float] | None
    unknown_prices: tuple[str, ...]
    by_role: dict[Role, RolePlan]
    spreads: Spreads | None
    detectable: Detectable | None
    """The smallest difference in the primary outcome that the study tells with 80 % power. None, as `spreads`, of a suite, which compares nothing."""
    bigger: dict[str, Detectable]
    """The same with more of each."""
    by_scenarios: tuple[Detectable, ...]
    """The same with one to eight scenarios. Up to three, what is told is told of these scenarios; from four on, of scenarios like them."""
    foreseen: tuple[Foreseen, ...]
    """What a gate will say, with `--require` and `--margin`."""
    left_out: tuple[Unsuited, ...]
    """Pairs of persona and scenario that do not suit each other and are not run."""
    human: tuple[HumanPlan, ...]
    """With `--human`: what a calibration against people takes, for 2, 3 and 4 people an item."""
    registration: RegistrationLine | None = None
    """With `--register`: the file that was written."""


def render_planning(document: PlanDocument) -> RenderableType:
    """Everything `sim plan` prints."""
    parts: list[RenderableType] = [_heading(document), _sentence(document), _spending(document)]
    if document.detectable:
        parts += [_power(document, document.detectable), _scenarios(document, document.detectable.design.scenarios)]
    parts += [_foreseen(of) for of in document.foreseen]
    if document.human:
        parts.append(_human(document))
    parts.append(_notes(document))
    if document.registration:
        parts.append(Text(f"Registered: {document.registration.place}\nsha256 {document.registration.sha256}", "bold"))
    return Group(*(p for part in parts for p in (part, Text())))


def _heading(document: PlanDocument) -> Text:
    counts = [many(document.personas, "persona"), many(document.scenarios, "scenario")]
    if document.detectable:
        size = " × ".join((many(document.targets, "target"), *counts, many(document.seeds, "seed"))) + " ="
    else:
        size = f"{', '.join(counts)} in"
    text = Text.assemble((document.study, "bold"), f"  {size} {many(document.trials, 'trial')}, {written_range(document.exchanges)} exchanges")
    if said := not_suited(document.left_out):
        text.append(f"\n{said}")
    return text.append(f"\n{OFFLINE_MARK}", "yellow") if document.offline else text


def _sentence(document: PlanDocument) -> Text:
    least, most = (_millions(n) for n in (document.tokens.min, document.tokens.max))
    spent = f"about {most} tokens" if least == most else f"{least} to {most} tokens"
    lines = [f"It takes {spent}, {document.tokens_an_exchange:,.0f} an exchange: {written_cost(document)}."]
    found = document.detectable
    if found is None:
        return Text("\n".join([*lines, "A suite decides by bars and counts; it compares nothing."]))
    if document.targets < 2:
        lines.append("With one target there is nothing to compare within the study; the figures below are for two versions of it.")
    if found.difference is None:
        lines.append("It cannot tell targets apart: it takes 3 personas for an interval.")
    else:
        or_so = f" ({number(found.range[0])} to {number(found.range[1])}, by what the pilot leaves open)" if found.range else ""
        points = f"{number(found.difference)} points {_OF[document.primary]}"
        lines.append(f"It tells targets apart that differ by {points} or more{or_so}, with 80 % power: {found.tier}.")
    if found.tier == "look":
        lines.append("Below 12 personas `sim compare` gives no verdict, however large the difference.")
    return Text("\n".join(lines))


_OF: dict[str, str] = {
    "fixed_set": "of the fixed set",
    "likability": "of likability over all seven",
    "without_callback": "of likability without callback",
}


def _spending(document: PlanDocument) -> Table:
    table = _table("Calls, tokens and cost", ("for",), ("calls", "tokens in", "sent before", "tokens out", "cost"))
    for role, of in document.by_role.items():
        unknown = "unknown" if of.cost is None else _dollars(of.cost) + (" + unknown" if of.unknown_prices else "")
        table.add_row(role, written_range(of.calls), _tokens(of.input), _share(of.again, of.input), _tokens(of.output), unknown)
    table.add_section()
    cost = "unknown" if document.cost is None else _dollars(document.cost) + (" + unknown" if document.unknown_prices else "")
    sums = [
        Range(min=sum(r.min for r in of), max=sum(r.max for r in of))
        for of in zip(*((r.input, r.again, r.output) for r in document.by_role.values()), strict=True)
    ]
    sent, again, came = sums
    table.add_row("all", written_range(document.calls), _tokens(sent), _share(again, sent), _tokens(came), cost, style="bold")
    return table


def _share(part: Range, whole: Range) -> str:
    """Of the longest talks."""
    return f"{100 * part.max / whole.max:.0f} %" if whole.max else ""


def _power(document: PlanDocument, now: Detectable) -> Table:
    table = _table("What more would buy", ("",), ("personas", "scenarios", "seeds", "trials", "smallest\ndifference", "d_z", "tier"))
    for name, of in (("as it is", now), *document.bigger.items()):
        cells = (number(of.difference), number(of.standardised), of.tier)
        d = of.design
        table.add_row(name, f"{d.personas:,}", f"{d.scenarios:,}", f"{d.seeds:,}", f"{_trials(d, document):,}", *cells)
    return table


def _scenarios(document: PlanDocument, now: int) -> Table:
    table = _table("What each scenario buys", ("scenarios",), ("trials", "smallest\ndifference", "tier"))
    table.add_column("it applies to")
    for of in document.by_scenarios:
        n = of.design.scenarios
        told = "scenarios like these" if n >= FEWEST_SCENARIOS else "this scenario" if n == 1 else "these scenarios"
        table.add_row(
            f"{n}{' (as it is)' if n == now else ''}", f"{_trials(of.design, document):,}", number(of.difference), of.tier, Text(told, "dim")
        )
    return table


def _foreseen(of: Foreseen) -> Table:
    """A row for each true value, the best last."""
    margin = "not worse by" in of.text
    table = _table(f"Chances of `{of.text}`", ("if truly",), ("passes", "fails", "cannot tell"))
    for c in of.chances:
        if margin:
            lost = of.bar - c.away
            true = "as good" if abs(lost) < 1e-9 else f"worse by {number(lost)}"
        else:
            true = number(of.bar + (c.away if of.better == "higher" else -c.away))
        table.add_row(true, *(f"{100 * share:.0f} %" for share in (c.passes, c.fails, c.cannot_tell)))
    table.caption = f"by simulation, one target; spreads {of.source}"
    return table


def _trials(design: Design, document: PlanDocument) -> int:
    return document.targets * design.personas * design.scenarios * design.seeds


def _human(document: PlanDocument) -> Table:
    table = _table("A calibration against people", ("people an item",), ("replies", "ratings", "people", "hours"))
    for of in document.human:
        table.add_row(str(of.raters_an_item), f"{of.items:,}", f"{of.ratings:,}", f"{of.people:,}", number(of.hours, 0))
    return table


def _notes(document: PlanDocument) -> Text:
    lines: list[str] = []
    if (s := document.spreads) and (now := document.detectable):
        lines = [
            f"spreads of paired differences ({s.source}): personas {number(s.personas)}, scenarios {number(s.scenarios)}, "
            f"cells {number(s.cells)}, seeds {number(s.seeds)} points",
            f"power: by simulation through what `sim compare` does, over {many(now.design.pairs, 'pair')} of targets",
        ]
    told = (
        f"as its calls took in pilot {document.pilot}"
        if document.pilot
        else "estimated from prompts, personas and growing talks; better: --pilot RUN"
    )
    lines.append(f"tokens: {told}")
    if document.unknown_prices:
        lines.append(f"price unknown: {', '.join(document.unknown_prices)}")
    for of in document.human[:1]:
        lines.append(
            f"people: so that their own agreement, taken to be ICC {number(of.expected, 1)}, is known to ± {number(of.precision, 1)}; "
            f"{ITEMS_A_PERSON} replies a person at {MINUTES_AN_ITEM:g} minutes; seven dimensions each"
        )
        if document.targets < 10:
            lines.append(f"whether people order the targets alike is told by {many(document.targets, 'target')}: under ten, say so")
    kept = "Nothing was spent." if document.registration else "Nothing was spent or written."
    lines.append(f"Repairs and repeated attempts are not included. {kept}")
    return Text("\n".join(lines), "dim")


def written_range(r: Range) -> str:
    """From the least to the most: "528 to 567"."""
    return f"{r.min:,}" if r.min == r.max else f"{r.min:,} to {r.max:,}"


def _tokens(r: Range) -> str:
    low, high = _millions(r.min), _millions(r.max)
    return low if low == high else f"{low} to {high}"


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f} M" if count >= 1e6 else f"{count / 1e3:,.0f} k" if count >= 1e4 else f"{count:,}"


def written_cost(document: PlanDocument) -> str:
    """What a study costs, as far as prices are known."""
    return "cost unknown" if document.cost is None else _dollars(document.cost) + (", and what is unknown" if document.unknown_prices else "")


def _dollars(cost: tuple[float, float] | None) -> str:
    if cost is None:
        return NONE
    low, high = map(money, cost)
    return low if low == high else f"{low} to {high}"


def _table(title: str, names: tuple[str, ...], figures: tuple[str, ...]) -> Table:
    table = ruled(title)
    for heading in names:
        table.add_column(heading)
    for heading in figures:
        table.add_column(heading, justify="right")
    return table
