"""What a report consists of: sections of prose, tables and figures. Whoever renders one needs nothing else.

A figure is one Vega-Lite specification and its rows, for the page and for files alike. Nothing that a model or a person wrote is ever part of a
specification: texts stand in rows and cells, which are data.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from sim.analysis.figures.estimates import Tier
from sim.core.frozen import Frozen
from sim.core.record import RunStatus


class Column(Frozen):
    """One column of a table."""

    heading: str
    kind: Literal["name", "text", "figure"] = "figure"
    explained: str = ""
    """What it holds, where the heading does not say it."""


class Cell(Frozen):
    """One cell of a table."""

    text: str
    value: float | None = None
    """What it is sorted by, where that is not its text."""
    beside: str = ""
    """In small print: interval, n."""
    link: str = ""
    """A place of the page, as in `#/talks?target=a`."""


class Prose(Frozen):
    """Sentences, a paragraph each."""

    kind: Literal["prose"] = "prose"
    lines: tuple[str, ...]


class Table(Frozen):
    """Rows of cells."""

    kind: Literal["table"] = "table"
    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether there are no rows, or every cell beside the names holds no figure or nought: the page then folds it."""
        cells = [cell for row in self.rows for cell, column in zip(row, self.columns, strict=True) if column.kind != "name"]
        return all(cell.text.strip("0.,%– ") == "" and not cell.value for cell in cells)


class ChartFigure(Frozen):
    """One chart with the rows it is drawn from."""

    kind: Literal["figure"] = "figure"
    id: str
    """Also the name of its files."""
    title: str
    """What it shows, as a claim that its figures bear out."""
    shows: str = ""
    """What is drawn, in a few words."""
    alt: str
    """The same for people who cannot see it, with its main figures."""
    notes: tuple[str, ...] = ()
    spec: dict[str, JsonValue]
    """Vega-Lite, without data and colours."""
    columns: dict[str, str]
    """What each key of a row holds; `link` is a place of the page."""
    rows: tuple[dict[str, JsonValue], ...]


Block = Annotated[Prose | Table | ChartFigure, Field(discriminator="kind")]


class Section(Frozen):
    """One heading of the report."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    absent: str | None = None
    """Why there is nothing to show: then there are no blocks."""


class TargetGroup(Frozen):
    """Targets that a verdict puts neither above nor below each other; one alone is apart from all others."""

    targets: tuple[str, ...]
    """Most liked first."""


class SampleExchange(Frozen):
    """One exchange of the run, word for word, as an example of its conversations."""

    who: str
    """The simulated person."""
    target: str
    place: str
    """In which session it was."""
    rated: str
    message: str
    reply: str
    link: str
    """Its place in the page."""


class Headline(Frozen):
    """What was done, who is liked, and what this run cannot say."""

    done: tuple[str, ...] = ()
    """What was done, in two sentences."""
    tier: Tier
    """By personas and scenarios (guide/methods.md#tiers): what a comparison on this run may claim."""
    tier_means: str
    verdict: str
    """The sentence that `sim compare` and `sim show` say of the pair that is told apart most clearly; where there is no pair, why not."""
    forest: ChartFigure | None = None
    """Differences from one target, or means where there is nothing to compare; None: nothing was rated."""
    groups: tuple[TargetGroup, ...] = ()
    """Who can be told apart by the primary outcome, most liked first; a target may be in two groups. Empty: too few personas, or one target."""
    exchange: SampleExchange | None = None
    memory: tuple[str, ...] = ()
    """What memory changes, a sentence for each target that differs in memory alone from its base."""
    reasons: tuple[str, ...] = ()
    """At most three."""
    beside: tuple[str, ...] = ()
    """Likability over all seven, split by dimension, a sentence for each target against the leader; last, how far the primary outcome hangs on one
    persona."""
    leader: str = ""
    """The target that has most of the primary outcome; empty: nothing was rated, or nothing may be said."""
    not_concluded: tuple[str, ...]
    """What this run cannot tell."""


class RunFact(Frozen):
    """One thing about how the run was made."""

    name: str
    value: str


class ReportDocument(Frozen):
    """`sim report RUN --json`: everything in the report but the conversations."""

    run: str
    status: RunStatus
    created: dt.datetime
    offline: bool
    """Whether any offline model took part."""
    offline_note: str = ""
    """Who was played by an offline model and what that leaves; empty: nobody was."""
    outages: tuple[str, ...] = ()
    """Who never answered and why, a sentence each."""
    edited: str = ""
    """What is said of a run whose files were edited after it was made; empty: nothing."""
    targets: tuple[str, ...]
    """In the study's order."""
    colours: dict[str, int]
    """The place of each target's colour (`sim.present.colours`)."""
    headline: Headline
    sections: tuple[Section, ...]
    made: tuple[RunFact, ...]

    @property
    def figures(self) -> tuple[ChartFigure, ...]:
        """All figures, in order."""
        first = (self.headline.forest,) if self.headline.forest else ()
        return (*first, *(b for s in self.sections for b in s.blocks if isinstance(b, ChartFigure)))
