"""Cells, and links between the page's parts."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from sim.present.report.document import Cell, Column
from sim.present.words import NONE, number, percent, safe, share, signed

Heading = str | tuple[str, str]
"""A heading, or one with what the column holds."""


def talks_link(**where: str | int) -> str:
    """The list of conversations, kept to some of them: by target, persona, scenario, session, dimension and most, move, flag."""
    return f"#/talks?{urlencode(where)}"


def talk_link(trial: str, session: int = 0, exchange: int = 0) -> str:
    """One conversation, at an exchange."""
    place: dict[str, str | int] = {"trial": trial}
    place |= {"session": session} if session else {}
    place |= {"exchange": exchange} if exchange else {}
    return f"#/talk?{urlencode(place)}"


def named(text: str, *, link: str = "", beside: str = "") -> Cell:
    """Somebody's or something's name."""
    return Cell(text=safe(text), link=link, beside=safe(beside))


def score(value: float | None, interval: tuple[float, float] | None = None, *, beside: str = "", digits: int = 2) -> Cell:
    """A figure with its interval in small print."""
    spoken = between(interval, digits=digits)
    return Cell(text=number(value, digits), value=value, beside="\n".join(p for p in (spoken, beside) if p))


def change(value: float | None, interval: tuple[float, float] | None = None) -> Cell:
    """A difference with its sign, and its interval in small print."""
    return Cell(text=signed(value).replace("-", "−"), value=value, beside=between(interval))


def percentage(value: float | None, *, beside: str = "") -> Cell:
    """A share in per cent."""
    return Cell(text=percent(value), value=value, beside=beside)


def part(value: float | None, interval: tuple[float, float] | None = None) -> Cell:
    """A figure that mostly lies between 0 and 1."""
    return Cell(text=share(value), value=value, beside="" if interval is None else f"{share(interval[0])} to {share(interval[1])}")


def count(value: int, *, link: str = "") -> Cell:
    """How many."""
    return Cell(text=f"{value:,}" if value else "0", value=value, link=link if value else "")


def probability(p: float | None) -> Cell:
    """A p with three decimals, or how small it is at most."""
    return Cell(text=spoken_p(p), value=p)


def spoken_p(p: float | None) -> str:
    """A p in words: ".012", "<.001"."""
    return NONE if p is None else "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def text(value: str) -> Cell:
    """Words."""
    return Cell(text=safe(value))


def between(interval: tuple[float, float] | None, *, digits: int = 2) -> str:
    """An interval in words: "3.71 to 3.87"; empty where there is none."""
    return "" if interval is None else f"{number(interval[0], digits)} to {number(interval[1], digits)}"


def columns(*names: str, figures: Iterable[Heading]) -> tuple[Column, ...]:
    """`names`, then figures."""
    told = [(f, "") if isinstance(f, str) else f for f in figures]
    return (*(Column(heading=n, kind="name") for n in names), *(Column(heading=h, explained=e) for h, e in told))
