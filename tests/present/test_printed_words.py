"""Every surface writes figures and words alike: one minus sign, and a glossary entry for each heading."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator

import pytest
from rich.console import Console, Group, RenderableType
from rich.table import Table as Printed

from sim.analysis.figures.measures import MEASURES
from sim.analysis.verdicts.compare import compare
from sim.analysis.verdicts.gate import run_gate
from sim.analysis.verdicts.requirements import parse_requirement
from sim.app import Run, prepare_study, run_study
from sim.app.planning import plan_document
from sim.core.codebook import DIMENSIONS, LABELS
from sim.core.spec import Study
from sim.present.glossary import explained, glossary
from sim.present.paper.markdown import render_markdown
from sim.present.paper.tables import liked_table
from sim.present.report.build import build_report
from sim.present.report.document import ReportDocument, Table
from sim.present.report.material import Material
from sim.present.text.comparison import render_comparison
from sim.present.text.gate import render_gate
from sim.present.text.planning import render_planning
from sim.present.text.showing import SECTIONS, render_run
from sim.present.words import SHORT, number, percent, share, signed

HYPHENED = re.compile(r"(?<![\w.)-])-\.?\d")
"""A figure below zero that begins with the hyphen of programs."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    study = Study.model_validate(
        {
            "name": "words",
            "targets": [{"id": "keeps", "model": "offline/uses", "memory": "full"}, {"id": "drops", "model": "offline/uses", "memory": "none"}],
            "user": {"model": "offline/user"},
            "observers": [{"id": "second", "model": "offline/rater"}],
            "personas": ["attracta", "chebet", "davi"],
            "scenarios": ["bank-assistant"],
            "probes": {"facts": 2},
        }
    )
    return asyncio.run(run_study(study, results=tmp_path_factory.mktemp("results")))


@pytest.fixture(scope="module")
def report(run: Run) -> ReportDocument:
    of = run.folder
    return build_report(Material(run.study, of.header, of.codebook, run.trials, run.summary, {}, run.source.scorers, run.source))


@pytest.fixture(scope="module")
def printed(run: Run) -> dict[str, RenderableType]:
    """What the commands print of a run and its study, by command."""
    requirements = [parse_requirement("adaptability >= -3"), parse_requirement("likability >= 3")]
    return {
        "show": render_run(run.summary, width=200),
        "compare": render_comparison(compare([run.source])),
        "compare by persona type": render_comparison(compare([run.source], by="persona-type")),
        "gate": render_gate(run_gate(run.source, requirements, margins={})),
        "plan": render_planning(plan_document(prepare_study("demonstration"), pilot=None, human=True)),
    }


def test_a_figure_below_zero_has_a_minus_sign_and_nothing_else_has_one() -> None:
    assert [number(-0.254), number(-0.0001), share(-0.07), percent(-0.025), signed(-0.4), signed(0.4), signed(-0.001)] == [
        "−0.25",
        "0.00",
        "−.07",
        "−2.5 %",
        "−0.40",
        "+0.40",
        "0.00",
    ]
    assert signed(-0.0123, 3) == "−0.012"


def test_no_command_prints_a_hyphen_for_a_minus(printed: dict[str, RenderableType]) -> None:
    texts = {name: _plain(what).replace("adaptability >= -3", "") for name, what in printed.items()}
    assert {name: HYPHENED.findall(text) for name, text in texts.items() if HYPHENED.search(text)} == {}
    assert sum("−" in text for text in texts.values()) > 3


def test_no_page_or_table_writes_a_hyphen_for_a_minus(report: ReportDocument, run: Run) -> None:
    cells = [cell for table in _tables(report) for row in table.rows for c in row for cell in (c.text, c.beside)]
    lines = [
        line for s in report.sections for b in s.blocks if not isinstance(b, Table) for line in (*getattr(b, "lines", ()), *getattr(b, "notes", ()))
    ]
    lines += _strings(report.headline.model_dump(mode="json"))
    written = [*cells, *lines, render_markdown(liked_table(run.summary))]
    assert [text for text in written if HYPHENED.search(text)] == []
    assert any("−" in text for text in written)


def test_the_short_name_of_a_dimension_is_a_word_of_its_name() -> None:
    assert [d for d in DIMENSIONS if SHORT[d] not in LABELS[d].split()] == []


def test_every_heading_that_a_command_prints_is_in_the_glossary(printed: dict[str, RenderableType], run: Run) -> None:
    shown = Group(*(part for section in SECTIONS.values() for part in section(run.summary, 200)))
    headings = {heading for what in (*printed.values(), shown) for table in _printed_tables(what) for heading in _headings(table)}
    assert len(headings) > 60
    missing = sorted(h for h in headings if not _known(h))
    assert not missing, "; ".join(missing)


def test_every_heading_and_measure_of_the_report_is_in_the_glossary(report: ReportDocument) -> None:
    bare = {c.heading for table in _tables(report) for c in table.columns if not c.explained}
    missing = sorted(h for h in (*bare, *(m.label for m in MEASURES)) if not _known(h))
    assert not missing, "; ".join(missing)


def test_no_word_has_two_entries_and_they_are_in_the_order_of_the_alphabet() -> None:
    forms = [form.casefold() for term in glossary() for form in (term.term, *term.also)]
    assert [f for f in set(forms) if forms.count(f) > 1] == []
    names = [t.term.casefold() for t in glossary()]
    assert names == sorted(names, key=lambda n: (not n[0].isalnum(), n))


PLAIN = {
    "",
    "for",
    "measure",
    "figure",
    "pair",
    "it is",
    "without",
    "least",
    "most",
    "more",
    "persona",
    "user",
    "hours",
    "people",
    "people an item",
    "dimension",
    "from",
    "r",
    "1",
    "2",
    "3",
}
"""Headings that any reader knows, or that name what their cells name."""


def _known(heading: str) -> bool:
    return heading in PLAIN or heading in explained() or re.sub(r" (in common|given|tokens)$|^sessions? ", "", heading) in explained()


def _headings(table: Printed) -> Iterator[str]:
    return (str(column.header).replace("\n", " ") for column in table.columns)


def _printed_tables(what: RenderableType) -> Iterator[Printed]:
    if isinstance(what, Printed):
        yield what
    elif isinstance(what, Group):
        for part in what.renderables:
            yield from _printed_tables(part)


def _tables(report: ReportDocument) -> Iterator[Table]:
    return (block for section in report.sections for block in section.blocks if isinstance(block, Table))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _plain(rendered: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=200, highlight=False).print(rendered)
    return out.getvalue()
