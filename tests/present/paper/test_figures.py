"""Figures for print: as wide as a column, in type that can be read, told apart without colour."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from sim.present.paper.figures import LARGEST, SHADES, SMALLEST, WIDTH, paper_spec, render_paper_figure
from sim.present.report import charts
from sim.present.report.document import ChartFigure, ReportDocument

TARGETS = ("remembers", "forgets", "a-rather-long-name-of-a-target")


def document(note: str = "") -> ReportDocument:
    """As far as a figure looks at it."""
    return ReportDocument.model_construct(offline_note=note, colours=dict(zip(TARGETS, range(3), strict=True)))


def over_sessions() -> ChartFigure:
    places = [(i, t, s) for i, t in enumerate(TARGETS) for s in (1, 2, 3)]
    rows = tuple({"target": t, "at": s, "fixed_set": 3 + i / 2, "low": 2.5 + i / 2, "high": 3.5 + i / 2} for i, t, s in places)
    return ChartFigure(
        id="sessions",
        title="A title that says a good deal about what is in the figure below it",
        alt="",
        spec=charts.over_sessions(TARGETS, sessions=3, y=charts.rating("fixed_set", "fixed set")),
        columns={"target": "t", "at": "s", "fixed_set": "f", "low": "l", "high": "h"},
        rows=rows,
    )


def values(spec: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its value, anywhere in a specification."""
    if isinstance(spec, dict):
        for name, value in spec.items():
            yield name, value
            yield from values(value, name)
    elif isinstance(spec, list):
        for value in spec:
            yield from values(value, key)


def lightness(colour: str) -> float:
    """L* of CIELAB, which is what is left of a colour in grey."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))]
    y = sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_shades_differ_in_grey() -> None:
    assert min(b - a for a, b in pairwise(map(lightness, SHADES))) >= 8
    assert max(map(lightness, SHADES)) <= 80, "the lightest must still be seen on white"


def test_type_is_seven_points_and_more() -> None:
    spec = paper_spec(over_sessions(), document("Offline models took part"), titles=True)
    sizes = [v for k, v in values(spec) if k.endswith("ontSize")]
    assert sizes
    assert all(SMALLEST <= size <= LARGEST for size in sizes)
    strip = ChartFigure(
        id="s", title="t", alt="", spec=charts.strip(TARGETS, order=TARGETS, x=charts.rating("x", "x")), columns={}, rows=({"target": "remembers"},)
    )
    assert all(SMALLEST <= v <= LARGEST for k, v in values(paper_spec(strip, document(), titles=False)) if k.endswith("ontSize"))


def test_a_legend_has_room_and_rows_are_low() -> None:
    spec = charts.dots(TARGETS, x=charts.rating("mean", "mean score"), y="dimension", order=("a", "b"), step=13)
    drawn = paper_spec(over_sessions().model_copy(update={"spec": spec}), document(), titles=False)
    assert {v for k, v in values(drawn) if k == "columns"} == {2}
    assert 7 in [v for k, v in values(drawn) if k == "step"]


def test_lines_are_dashed_as_they_are_coloured() -> None:
    for spec in (over_sessions().spec, charts.steps(TARGETS, x="x", x_title="x", y="y", y_title="y")):
        figure, before = over_sessions().model_copy(update={"spec": spec}), json.dumps(spec)
        dashes = [v for k, v in values(paper_spec(figure, document(), titles=False)) if k == "strokeDash" and isinstance(v, dict)]
        assert [d["field"] for d in dashes] == ["target"]
        assert dashes[0]["scale"]["domain"] == list(TARGETS)
        assert json.dumps(figure.spec) == before, "the page's own specification stays as it is"


def test_titles_are_off_by_choice_and_offline_models_are_marked_all_the_same() -> None:
    assert "title" not in paper_spec(over_sessions(), document(), titles=False)
    with_title = paper_spec(over_sessions(), document(), titles=True)["title"]
    assert isinstance(with_title, dict)
    assert " ".join(with_title["text"]) == over_sessions().title  # type: ignore[arg-type]
    marked = paper_spec(over_sessions(), document("Offline models took part in this run"), titles=False)["title"]
    assert isinstance(marked, dict)
    assert (marked["text"], marked["subtitle"]) == ("", ["Offline models took part in this run"])


def test_the_pdf_is_as_wide_as_a_column() -> None:
    pytest.importorskip("vl_convert", reason="drawing takes the extra `figures`")
    files = render_paper_figure(over_sessions(), document("Offline models took part"), titles=False)
    assert set(files) == {"sessions.csv", "sessions.pdf"}
    box = re.search(rb"/MediaBox\s*\[\s*([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", files["sessions.pdf"])
    assert box
    left, _, right, _ = map(float, box.groups())
    assert right - left == pytest.approx(WIDTH, abs=3)
