"""A suite's verdict for people and machines: in the terminal, as a job's summary in Markdown, as JUnit XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.present.data.job_summary import REASON, markdown_text, place_of, shortened, worst_in_markdown
from sim.present.text.gate import SIGNS, STYLES, JUnitCase, junit_suites
from sim.present.text.plain_table import ruled
from sim.present.words import DIAGNOSTIC, NONE, many, number, percent, safe

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from sim.analysis.verdicts.verdict import VerdictDocument, VerdictRow, VerdictSection
    from sim.analysis.verdicts.worst_exchanges import BadExchange

MARKS = {"passed": "pass", "failed": "fail", "inconclusive": "cannot tell", "shown": "shown"}
"""What a section or a gate comes to, in words."""
COLOURS = {**STYLES, "shown": "dim"}


def value_of(row: VerdictRow) -> str:
    """The value of a figure: a share in per cent, a count with what it is of."""
    if row.value is None:
        return NONE
    if row.read == "count":
        return f"{row.value:,.0f} of {row.n:,}"
    return percent(row.value) if row.read == "share" else number(row.value)


def interval_of(row: VerdictRow) -> str:
    """Its 95 % interval; of a count, how many there may be."""
    if row.interval is None or row.value is None:
        return NONE
    low, high = row.interval
    if row.read == "share":
        return f"{percent(low)} to {percent(high)}"
    if row.read == "count":
        return f"up to {percent(high / row.n)}"
    return f"{number(low)} to {number(high)}"


def n_of(row: VerdictRow) -> str:
    """What it is taken from."""
    return f"{row.n:,}" if row.n else NONE


def mark_of(row: VerdictRow) -> str:
    """What its gate comes to; empty: it has none."""
    return MARKS[row.check.verdict] if row.check else ""


def made_of(document: VerdictDocument) -> str:
    """The size of the run, in words."""
    counts = (
        many(len(document.targets), "target"),
        many(document.personas, "persona"),
        many(document.scenarios, "scenario"),
        many(document.trials, "trial"),
        many(document.exchanges, "exchange"),
    )
    return " · ".join(counts)


# --- the terminal -------------------------------------------------------------------------------------------------


def render_verdict(document: VerdictDocument) -> RenderableType:
    """What `sim run --suite` prints."""
    heading = Text.assemble((document.run, "bold"), f"  {document.title}  ", (MARKS[document.verdict].upper(), COLOURS[document.verdict]))
    heading.append(f"\n{safe(document.sentence)}", "bold")
    heading.append(f"\n{made_of(document)}")
    for line, style in ((document.offline_note, "yellow"), (_allowed(document), "bold yellow"), (DIAGNOSTIC, "italic")):
        if line:
            heading.append(f"\n{safe(line)}", style)
    parts: list[RenderableType] = [heading, Text(), _table(document), *_notes(document)]
    for section in document.sections:
        if section.worst:
            parts += [Text(), Text.assemble((f"Worst of {section.title.lower()}", "bold"))]
            parts += [line for bad in section.worst for line in _lines(bad, several=len(document.targets) > 1)]
    parts += [Text(), Text("Not tested", "bold"), *(Text(f"  {safe(line)}") for line in document.untested), Text()]
    return Group(*parts)


def _allowed(document: VerdictDocument) -> str:
    """That offline models were let decide, where that made a difference."""
    return "--allow-offline: what an offline model says of a real chatbot was let decide" if document.stub_decided else ""


def _table(document: VerdictDocument) -> RenderableType:
    table = ruled()
    several = len(document.targets) > 1
    table.add_column("section", overflow="fold", min_width=10)
    if several:
        table.add_column("target", overflow="fold")
    table.add_column("figure", overflow="fold")
    table.add_column("asked", no_wrap=True)
    for name in ("value", "95 %", "n"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("gate")
    for section in document.sections:
        for i, row in enumerate(section.rows):
            cells = [
                Text("" if i else section.title, COLOURS[section.verdict]),
                *([Text(safe(row.target))] if several else []),
                Text(safe(row.figure)),
                Text(row.asked),
            ]
            gate = Text(mark_of(row), COLOURS[row.check.verdict] if row.check else "")
            table.add_row(*cells, value_of(row), interval_of(row), n_of(row), gate)
    return table


def _notes(document: VerdictDocument) -> list[Text]:
    """What is to be said of single figures, each under the name of its section."""
    several = len(document.targets) > 1
    noted = [(section, row) for section in document.sections for row in section.rows if row.note]
    lines = (f"  {section.title}, {row.figure}{f' of {row.target}' if several else ''}: {row.note}" for section, row in noted)
    return [Text(), *(Text(safe(line), "dim") for line in lines)] if noted else []


def _lines(bad: BadExchange, *, several: bool) -> Iterator[Text]:
    who = f"{safe(bad.target)}: " if several else ""
    yield Text.assemble(("  ", ""), (f"{who}{safe(place_of(bad))}", ""), (f"  {shortened(bad.why, REASON)}", "yellow"))
    if bad.message:
        yield Text(f"    user: {shortened(bad.message)}", "dim")
    for speaker, reply in bad.replies:
        yield Text(f"    {safe(speaker)}: {' ' * (speaker == 'bot')}{shortened(reply)}")


# --- Markdown -----------------------------------------------------------------------------------------------------


def markdown_verdict(document: VerdictDocument) -> str:
    """A job summary, as code hosts show it."""
    lines = [f"### {SIGNS[document.verdict]} {markdown_text(document.sentence)}", "", f"{markdown_text(document.run)}: {made_of(document)}"]
    lines += [part for line in (document.offline_note, _allowed(document)) if line for part in ("", f"> {markdown_text(line)}")]
    lines += ["", "| | section | target | figure | asked | value | 95 % | n |", "|---|---|---|---|---|---|---|---|"]
    for section in document.sections:
        for row in section.rows:
            sign = f"{SIGNS[row.check.verdict]} {mark_of(row)}" if row.check else ""
            cells = (sign, section.title, row.target, row.figure, row.asked, value_of(row), interval_of(row), n_of(row))
            lines.append(f"| {' | '.join(map(markdown_text, cells))} |")
    for section in document.sections:
        lines += worst_in_markdown(f"Worst of {section.title.lower()}", section.worst)
    lines += ["", "**Not tested**", "", *(f"- {markdown_text(line)}" for line in document.untested)]
    return "\n".join((*lines, "", f"_{DIAGNOSTIC}_", ""))


# --- JUnit --------------------------------------------------------------------------------------------------------


def junit_verdict(document: VerdictDocument, *, at: dt.datetime) -> str:
    """JUnit XML: a suite for each section, a case for each gate; what could not be told is an error."""
    facts = {"verdict": document.verdict, "suite": document.suite, "models": document.offline_note, "allowed": _allowed(document)}
    suites: dict[str, list[JUnitCase]] = {}
    told: dict[str, str] = {}
    for section in document.sections:
        name = f"{document.run}.{section.id}"
        suites[name] = [JUnitCase(name=r.check.requirement, of=f"{name}.{r.target}", check=r.check) for r in section.rows if r.check]
        told[name] = _told(section)
    return junit_suites(suites, facts=facts, told=told, package="sim.suite", at=at)


def _told(section: VerdictSection) -> str:
    """What stands beside a section's cases: its question, and where its worst exchanges are."""
    return "\n".join((section.asks, *(f"{b.trial} session {b.session} exchange {b.exchange}: {shortened(b.why, REASON)}" for b in section.worst)))
