"""A gate's verdict for people and for machines: a table, a Markdown summary of a job, JUnit XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.present.data.job_summary import worst_in_markdown
from sim.present.text.plain_table import ruled
from sim.present.words import DIAGNOSTIC, NONE, many

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sim.analysis.verdicts.gate import GateDocument
    from sim.analysis.verdicts.gate_checks import Check
    from sim.analysis.verdicts.worst_exchanges import BadExchange

STYLES = {"passed": "green", "failed": "bold red", "inconclusive": "yellow"}
SIGNS = {"passed": "✅", "failed": "❌", "inconclusive": "❔"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_gate(document: GateDocument) -> RenderableType:
    """The table of `sim gate`."""
    heading = Text.assemble((document.run, "bold"), f"  {_against(document)}gate ", (document.verdict, STYLES[document.verdict]))
    heading.append(f"  {_tally(document)}")
    for line, style in ((document.offline_note, "yellow"), (_allowed(document), "bold yellow"), (DIAGNOSTIC, "italic")):
        if line:
            heading.append(f"\n{line}", style)
    table = ruled()
    for name, justify in (("verdict", "left"), ("target", "left"), ("requirement", "left"), ("observed", "right"), ("95 %", "right")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("from", overflow="fold")
    for c in document.checks:
        verdict, *cells = check_cells(c)
        table.add_row(Text(verdict, STYLES[c.verdict]), *map(Text, cells))
    parts: list[RenderableType] = [heading, Text(), table]
    if not document.finished:
        parts += [Text(), Text("the run is incomplete, so that nothing passes; `sim resume` goes on with it", "yellow")]
    if line := settling(document):
        parts += [Text(), Text(line)]
    return Group(*parts, Text())


def check_cells(c: Check) -> tuple[str, ...]:
    """One check as text: verdict, target, requirement, what was observed, its interval, and what stands behind the verdict."""
    return c.verdict, c.target, c.requirement, _figure(c.observed), _bounds(c), c.detail


def settling(document: GateDocument) -> str:
    """What settles all that cannot be told yet for want of personas, and the command that makes them; empty: nothing is open for that reason."""
    found = [(c.needed, c.needed_scenarios, c.personas) for c in document.checks if c.verdict == "inconclusive" and c.needed]
    if not found:
        return ""
    needed, scenarios, personas = max(found, key=lambda of: (of[0] or 0, of[1] or 0))
    more = max((needed or 0) - personas, 1)
    beside = f" and {scenarios:,} scenarios" if scenarios else ""
    made = f"`sim personas new --n {more} --out personas` makes {more:,} more"
    return f"To settle it: about {needed:,} personas{beside}, of whom the run has {personas:,}; {made}, which the study then names."


def _allowed(document: GateDocument) -> str:
    """That offline models were let decide, where that made a difference."""
    return "--allow-offline: what an offline model says of a real chatbot was let decide" if document.stub_decided else ""


def _against(document: GateDocument) -> str:
    return f"against {document.baseline}, " if document.baseline else ""


def _tally(document: GateDocument) -> str:
    counts = {v: sum(c.verdict == v for c in document.checks) for v in STYLES}
    return f"{many(len(document.checks), 'check')}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)


def _figure(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 10 else f"{value:.3g}".replace("-", "−")


def _bounds(c: Check) -> str:
    return NONE if c.interval is None else f"{_figure(c.interval[0])} to {_figure(c.interval[1])}"


# --- Markdown -----------------------------------------------------------------------------------------------------


def markdown_gate(document: GateDocument, worst: Sequence[BadExchange] = ()) -> str:
    """A job summary, as code hosts show it.

    Args:
        worst: exchanges that speak most against what was required.
    """
    lines = [f"### {SIGNS[document.verdict]} Gate {document.verdict}: {_cell(document.run)}", "", _tally(document)]
    lines += [part for line in (document.offline_note, _allowed(document)) if line for part in ("", f"> {line}")]
    lines += ["", "| | target | requirement | observed | 95 % | from |", "|---|---|---|---|---|---|"]
    for c in document.checks:
        cells = (f"{SIGNS[c.verdict]} {c.verdict}", c.target, f"`{c.requirement}`", _figure(c.observed), _bounds(c), c.detail)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    lines += ["", "The run is incomplete, so that nothing passes."] if not document.finished else []
    lines += ["", settling(document)] if settling(document) else []
    lines += worst_in_markdown("Worst exchanges", worst)
    return "\n".join((*lines, "", f"_{DIAGNOSTIC}_", ""))


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


# --- JUnit --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JUnitCase:
    """One check as a test case."""

    name: str
    of: str
    """What JUnit calls its class."""
    check: Check


def junit_gate(document: GateDocument, *, at: dt.datetime) -> str:
    """JUnit XML, valid for the schemas of Ant and of Jenkins: a suite for the run, a case for each check; what could not be told is an error."""
    facts = {"verdict": document.verdict, "baseline": document.baseline or "", "models": document.offline_note, "allowed": _allowed(document)}
    cases = [JUnitCase(name=c.requirement, of=f"{document.run}.{c.target}", check=c) for c in document.checks]
    return junit_suites({document.run: cases}, facts=facts, told={document.run: _tally(document)}, package="sim.gate", at=at)


def junit_suites(
    suites: Mapping[str, Sequence[JUnitCase]], *, facts: Mapping[str, str], told: Mapping[str, str], package: str, at: dt.datetime
) -> str:
    """Checks as JUnit XML.

    Args:
        suites: the cases of each suite, by its name.
        facts: become properties of each suite; empty ones are left out.
        told: what each suite prints.
    """
    root = ET.Element("testsuites")
    for number, (name, cases) in enumerate(suites.items()):
        counts = {v: str(sum(c.check.verdict == v for c in cases)) for v in STYLES}
        about = {"id": str(number), "package": package, "name": _xml(name), "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S"), "hostname": "localhost"}
        tally = {"tests": str(len(cases)), "failures": counts["failed"], "errors": counts["inconclusive"], "time": "0"}
        suite = ET.SubElement(root, "testsuite", {**about, **tally})
        properties = ET.SubElement(suite, "properties")
        for fact, value in facts.items():
            if value:
                ET.SubElement(properties, "property", {"name": fact, "value": _xml(value)})
        for case in cases:
            _case(suite, case)
        ET.SubElement(suite, "system-out").text = _xml(told[name])
        ET.SubElement(suite, "system-err")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, case: JUnitCase) -> None:
    c = case.check
    element = ET.SubElement(suite, "testcase", {"classname": _xml(case.of), "name": _xml(case.name), "time": "0"})
    if c.verdict != "passed":
        kind = "failure" if c.verdict == "failed" else "error"
        said = f"observed {_figure(c.observed)}, 95 % {_bounds(c)}: {c.detail}"
        ET.SubElement(element, kind, {"message": _xml(f"{c.verdict}: {c.requirement}"), "type": c.verdict}).text = _xml(said)


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
