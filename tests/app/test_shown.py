"""What a run, a comparison and a gate say of themselves, in a line, in a notebook and as frames."""

from __future__ import annotations

import asyncio
import html
import re

import polars
import pytest

import sim
from sim.analysis.verdicts.answer import first_sentences
from sim.core.codebook import DIMENSIONS
from sim.core.errors import InputError
from sim.core.spec import Study


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    study = Study.model_validate(
        {
            "name": "shown",
            "targets": [{"id": "remembers", "model": "offline/uses", "memory": "full"}, {"id": "cold", "model": "offline/cold"}],
            "user": {"model": "offline/user"},
            "personas": ["builtin/davi", "builtin/attracta", "builtin/filomena"],
            "scenarios": ["builtin/new-in-town"],
        }
    )
    return asyncio.run(sim.run_study(study, results=tmp_path_factory.mktemp("results")))


def test_a_run_says_in_a_line_what_it_is(run: sim.Run) -> None:
    assert repr(run) == "<run shown: remembers, cold · 6 of 6 trials finished · finished>"


def test_a_notebook_shows_what_a_run_says_and_one_table(run: sim.Run) -> None:
    shown = run._repr_html_()
    assert shown.count("<table>") == 1
    assert "offline models: checks the instrument" in shown
    for sentence in first_sentences(run.source):
        assert sentence.split(",")[0] in shown
    for target in run.summary.targets:
        row = re.search(rf"<tr><td[^>]*>{target.target}</td>(.*?)</tr>", shown)
        assert row
        assert f"{target.likability.fixed_set:.2f}" in row.group(1)


def test_a_comparison_says_what_it_found(run: sim.Run) -> None:
    compared = sim.compare(run)
    assert repr(compared) == "<comparison of shown by target: remembers, cold>"
    assert compared.sentences == compared.document.sentences
    assert compared.sentences[0] in str(compared)
    shown = compared._repr_html_()
    assert shown.count("<table>") == 1
    assert "remembers − cold" in shown


def test_a_comparison_is_a_row_for_each_pair_and_measure(run: sim.Run) -> None:
    compared = sim.compare(run)
    frame = compared.frame()
    assert frame["measure"].to_list() == [m for m, of in compared.document.measures.items() for _ in of.comparisons]
    (primary,) = frame.filter(polars.col("primary")).to_dicts()
    found = compared.document.measures["fixed_set"].comparisons[0]
    assert (primary["difference"], primary["low"], primary["high"]) == (found.difference, *found.interval)
    assert primary["difference"] == pytest.approx(primary["mean_a"] - primary["mean_b"])


def test_a_gate_says_its_verdict(run: sim.Run) -> None:
    gate = sim.gate(run, "failed == 0", "failed >= 1")
    assert gate.verdict == "failed"
    assert not gate.passed
    assert repr(gate) == "<gate on shown: failed · 2 passed, 2 failed>"
    shown = gate._repr_html_()
    assert shown.count("<table>") == 1
    assert all(c.requirement.replace(">", "&gt;") in shown for c in gate.checks)
    assert sim.gate(run, "failed == 0").passed
    with pytest.raises(InputError, match="nothing is required"):
        sim.gate(run)


def test_frames_of_trials_and_sessions_agree_with_the_exchanges(run: sim.Run) -> None:
    exchanges, sessions, trials = run.frame(), run.frame("sessions"), run.frame("trials")
    assert trials["trial"].to_list() == sorted(t.id for t in run.trials)
    assert trials["sessions"].sum() == len(sessions)
    for frame in (sessions, trials):
        assert frame["exchanges"].sum() == len(exchanges)
        assert frame["reply_words"].sum() == exchanges["reply_words"].sum()
    one = trials.row(0, named=True)
    mine = sessions.filter(polars.col("trial") == one["trial"])
    assert one["probes"] == mine["probes"].sum()
    scored = [one[d] for d in DIMENSIONS if one[d] is not None]
    assert one["likability"] == pytest.approx(sum(scored) / len(scored))
    assert mine["session"].to_list() == list(range(1, len(mine) + 1))
    assert mine["days"].to_list()[1:] == [d.days for d in mine["date"].diff().to_list()[1:]]
    with pytest.raises(InputError, match="there are no rows of 'talks'"):
        run.frame("talks")  # type: ignore[arg-type]


def test_every_document_says_in_a_line_what_it_is_and_in_a_notebook_the_same(run: sim.Run) -> None:
    documents = {
        "realism": sim.realism(run),
        "coverage": sim.describe_personas("*"),
        "plan": sim.plan(run.study),
        "compare": sim.compare(run).document,
        "run summary": run.summary,
    }
    for name, document in documents.items():
        line = repr(document)
        assert line == str(document)
        assert line.startswith(f"<{name}: ")
        assert len(line) < 1_000
        assert "\n" not in line
        page = document._repr_html_()
        assert page.count("<table>") == 1
        assert [cell for cell in re.findall(r"<td[^>]*>(.*?)</td>", page) if html.unescape(cell) not in line] == []
    assert "of run shown" in repr(documents["realism"])
    assert f"figures ({len(documents['realism'].figures)})" in repr(documents["realism"])
