from __future__ import annotations

from sim.analysis.run_summary import RunSummary
from sim.analysis.summary import summarise
from sim.present.report.document import Cell, Column, Table
from sim.present.report.tabular import main_table, render_latex, render_markdown
from tests import examples
from tests.analysis.stories import CODEBOOK, whole_run


def summary(*offline: str) -> RunSummary:
    return summarise(examples.study(), whole_run(), run="first-look", status="finished", offline=offline, codebook=CODEBOOK)


def test_markdown_has_a_row_a_target_with_n_and_the_marks() -> None:
    text = render_markdown(main_table(summary("user")))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(examples.study().targets)
    assert len({row.count("|") for row in rows}) == 1
    assert "Offline models play the user: messages to remembers and forgets follow rules and are not a model's" in text
    assert "sim calibrate" in text
    assert "Offline models" not in render_markdown(main_table(summary()))


def test_latex_escapes_what_latex_would_read() -> None:
    table = Table(
        id="t", title="50 % of A&B_c", columns=(Column(heading="a", kind="name"), Column(heading="b")), rows=((Cell(text=r"\x{}"), Cell(text="±1")),)
    )
    text = render_latex(table)
    assert r"50 \% of A\&B\_c" in text
    assert r"\textbackslash{}x\{\} & $\pm$1 \\" in text
    assert r"\begin{tabular}{lr}" in text


def test_markdown_keeps_a_bar_inside_its_cell() -> None:
    table = Table(id="t", title="t", columns=(Column(heading="a"),), rows=((Cell(text="x|y"),),))
    assert r"| x\|y |" in render_markdown(table)
