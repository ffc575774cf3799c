"""Tables for a paper: narrow, labelled, with captions that say what figures are; and where a TeX is installed, what it makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from sim.analysis.figures.run_summary import RunSummary
from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.compare import compare
from sim.present.paper.latex import WIDTH, escape, render_latex
from sim.present.paper.markdown import render_markdown
from sim.present.paper.tables import paper_tables
from sim.present.report.document import Cell, Column, Table
from tests import examples
from tests.analysis.cells import people, source
from tests.analysis.stories import CODEBOOK, whole_run

LONG = "a-target-with-a-long_name+typos-0.25"
DOCUMENT = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{booktabs}
\setlength{\textwidth}{3.3in}\setlength{\columnwidth}{3.3in}\hfuzz=0.5pt
\begin{document}
BODY
\end{document}
"""


@cache
def summary(*offline: str) -> RunSummary:
    return summarise(examples.study(), whole_run(), run="first_look", status="finished", offline=offline, codebook=CODEBOOK)


@cache
def tables() -> tuple[Table, ...]:
    """Those of a run told in full, and the comparison of two targets, one of which has a long name."""
    cells = {(t, p, "s"): 3 + (i + (t == "b")) % 2 for i, p in enumerate(people(3)) for t in ("b", "remembers")}
    return tuple(paper_tables(summary("user"), compare([source(cells)])))


def table(*headings: str, names: tuple[str, ...] = ("x",), cell: str = "+1.00 ±0.10") -> Table:
    columns = (Column(heading="target", kind="name"), *(Column(heading=h) for h in headings))
    return Table(id="t", title="T", columns=columns, rows=tuple((Cell(text=n), *(Cell(text=cell) for _ in headings)) for n in names))


def test_captions_say_n_the_scale_and_the_interval() -> None:
    by_id = {t.id: " ".join((t.title, *t.notes)) for t in tables()}
    assert {"liked", "dimensions", "paired", "beside"} <= by_id.keys()
    for id in ("liked", "paired", "beside"):
        assert "1 to 5" in by_id[id]
        assert re.search(r"\bn\b", by_id[id])
        assert "95 % interval over personas like these, in this scenario only" in by_id[id]
    assert "sim calibrate" in by_id["liked"]
    assert "Offline models play the user" in by_id["liked"]
    assert not any("ffline models" in " ".join(t.notes) for t in paper_tables(summary(), None))


def test_every_table_has_a_label_booktabs_and_no_backtick() -> None:
    text = "\n".join(render_latex(t, run="first_look") for t in tables())
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(labels) == len(set(labels)) == text.count(r"\begin{table}")
    assert "tab:first-look-liked" in labels
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == len(labels)
    assert "`" not in text
    assert r"95\,\% interval" in text


def test_what_does_not_fit_goes_to_a_second_table() -> None:
    narrow, wide = render_latex(table("a", "b")), render_latex(table(*(f"measure{i}" for i in range(9))))
    assert narrow.count(r"\begin{table}") == 1
    parts = wide.count(r"\begin{table}")
    assert parts > 1
    assert all(f"measure{i}" in wide for i in range(9))
    assert wide.count(r"\raggedright x") == parts
    assert rf"(1 of {parts})" in wide
    assert r"Notes as in Table~\ref{tab:t}" in wide
    assert WIDTH < 238 / 4.25


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("50 % of A&B_c", r"50\,\% of A\&B\_c"),
        (r"\x{}", r"\textbackslash{}x\{\}"),
        ("-0.15 and 3-7, a-b", r"$-$0.15 and 3-7, a-b"),
        ("run `sim check_x` now", r"run \texttt{sim check\_x} now"),
        ("p < .05", r"p $<$ .05"),
        ("日本", "[U+65E5][U+672C]"),
    ],
)
def test_nothing_in_a_text_is_a_command(text: str, printed: str) -> None:
    assert escape(text) == printed


def test_markdown_has_a_row_a_target_and_keeps_a_bar_inside_its_cell() -> None:
    text = render_markdown(tables()[0])
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(examples.study().targets)
    assert len({row.count("|") for row in rows}) == 1
    assert r"| x\|y |" in render_markdown(table(names=("x|y",)))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex is installed, which alone can say whether the tables compile")
def test_a_tex_sets_every_table_in_one_column(tmp_path: Path) -> None:
    odd = table(*(f"measure{i}" for i in range(7)), names=(LONG, "x_y#z%&~^", "a" * 40), cell="−1.00 [−2.22, −0.33]")
    body = "\n".join(render_latex(t, run="first_look") for t in (*tables(), odd))
    (tmp_path / "paper.tex").write_text(DOCUMENT.replace("BODY", body + "\n\\clearpage"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=300)
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
    assert [line for line in log.splitlines() if line.startswith("Overfull \\hbox")] == []
