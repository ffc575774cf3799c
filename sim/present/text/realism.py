"""How a user's messages differ from people's, as `sim realism` prints it: what is odd first, then every figure."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.realism import FEWEST, SHARES, RealismDocument, RealismFigure
from sim.present.text.plain_table import plain_table
from sim.present.words import NONE, many, number, percent, safe, signed


def render_realism(document: RealismDocument) -> RenderableType:
    """A sentence for each difference, then the table."""
    of = ", ".join([many(document.messages, "message"), many(document.sessions, "session"), many(document.persons, "person", "persons")])
    parts: list[RenderableType] = [Text(safe(f"The user of {document.of} beside {document.against}"), "bold"), Text(of), Text()]
    odd = [f for f in document.figures if f.verdict]
    parts += [Text(safe(sentence(f))) for f in odd]
    if not odd:
        too_few = document.persons < FEWEST
        parts.append(Text(f"Nothing can be said: intervals take {FEWEST} persons." if too_few else "No difference is shown."))
    published = document.against_messages is None
    table = plain_table(("figure",), "user", "95 %", "people", *(() if published else ("effect", "p")))
    for f in document.figures:
        between = NONE if f.interval is None else f"{_value(f, f.interval[0])} to {_value(f, f.interval[1])}"
        tested = () if published else (signed(f.effect), NONE if f.p is None else f"{f.p:.3f}")
        table.add_row(Text(f.name), _value(f, f.value), between, _people(f), *tested)
    if published:
        note = f"People: {document.source}. A difference is one that the whole interval shows; the interval is over persons."
    else:
        note = f"People: {document.source}. Effect: Cliff's delta over persons. p: a permutation of persons, adjusted by Holm over the figures."
    return Group(*parts, Text(), table, Text(safe(note), "dim"))


def sentence(figure: RealismFigure) -> str:
    """ "Too long: words a message (median) 31, people 11." """
    return f"{figure.verdict[:1].upper()}{figure.verdict[1:]}: {figure.name} {_value(figure, figure.value)}, people {_people(figure)}."


def _people(figure: RealismFigure) -> str:
    if figure.people is None:
        return NONE
    low, high = figure.people
    return _value(figure, low) if low == high else f"{_value(figure, low)} to {_value(figure, high)}"


def _value(figure: RealismFigure, value: float | None) -> str:
    if figure.id == "length":
        return number(value, 0)
    if figure.id == "vocabulary":
        return number(None if value is None else value * 50, 1)
    return percent(value) if figure.id in SHARES else number(value)
