"""What `sim compare` prints: the answer first, and nothing broken in a narrow window."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from sim.analysis.verdicts.answer import first_sentences
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from sim.present.text.comparison import render_comparison, short_label
from sim.present.text.plain_table import WIDE_NAME
from tests.analysis.cells import people, source

TARGETS = ("attentive-listener", "cold", "remembers-everything", "keeps-notes")
LIKED = dict(zip(TARGETS, (3, 1, 4, 3), strict=True))


def run_of(targets: int) -> RunSource:
    """Twelve personas in two scenarios; every fourth finds one dimension better."""
    cells = {
        (t, p, s): [LIKED[t] + (i % 4 == j)] + [LIKED[t]] * 6
        for j, t in enumerate(TARGETS[:targets])
        for i, p in enumerate(people(12))
        for s in ("s", "t")
    }
    return source(cells)


def printed(targets: int, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(render_comparison(compare([run_of(targets)]), width=width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("targets", [2, 4])
def test_no_word_and_no_figure_is_broken(targets: int, width: int) -> None:
    lines = printed(targets, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert not re.search(r"\S…", text), "nothing is cut"
    words = set(text.split())
    assert "higher" in words, "no verdict is cut"
    assert {t for t in TARGETS[:targets] if t not in words} == set()
    of = compare([run_of(2)])
    found = [m for m in of.measures.values() if any(c.difference is not None for c in m.comparisons)]
    labels = {word for m in found for word in short_label(m.measure, m.label).split() if len(word) <= WIDE_NAME}
    assert len(labels) > 20
    if targets == 2:
        assert {w for w in labels if w not in text} == set()


def test_what_finds_no_room_is_named() -> None:
    wide, narrow = ("\n".join(printed(2, width)) for width in (160, 60))
    assert "d_av" in wide
    assert "no room here" not in wide
    (line,) = {part for part in " ".join(narrow.split()).split(". ") if "no room here for" in part} or {""}
    assert "d_z" in " ".join(narrow.split()).partition("no room here for")[2][:40], line


def test_the_answer_is_that_of_show_and_stands_before_the_first_table() -> None:
    of = run_of(4)
    lines = printed(4, 100)
    table = next(i for i, line in enumerate(lines) if line.startswith("Ranking by"))
    assert table < 20
    first = " ".join(" ".join(lines[:table]).split())
    *told, more = first_sentences(of)
    assert told
    assert [s for s in told if s not in first] == []
    assert more.partition(":")[0] + ": see below." in first


def test_the_rest_in_words_is_below_the_tables() -> None:
    lines = printed(2, 100)
    table = next(i for i, line in enumerate(lines) if line.startswith("measure"))
    below = " ".join(" ".join(lines[table:]).split())
    assert "Over all seven dimensions" in below
    assert "Over all seven dimensions" not in " ".join(lines[:table])
