"""Only what was registered is confirmatory, corrected over the plan alone; and nothing is where the run is not the registered one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache

import pytest

from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.answer import first_sentences
from sim.analysis.verdicts.compare import CompareDocument, Comparison, compare
from sim.analysis.verdicts.registered import RunRegistration, report_registration
from sim.core.errors import InputError
from sim.core.spec.registration import Hypothesis, Registered, RegisteredSize, Registration, parse_hypothesis
from sim.present.paper.tables import paper_tables
from sim.present.text.comparison import render_comparison, told_standing
from tests.analysis.cells import people, source
from tests.analysis.stories import CODEBOOK
from tests.present.test_tables import plain

CELLS = {(t, p, "s"): min(5, base + i // every % 2) for i, p in enumerate(people(12)) for t, base, every in (("a", 4, 1), ("b", 3, 1), ("c", 2, 2))}
CELLS |= {("a", p, "s"): 3 for p in people(2)}


def registered(*hypotheses: str, drop: str = "") -> Registered:
    planned = tuple(parse_hypothesis(text, id=f"H{n}", primary="fixed_set") for n, text in enumerate(hypotheses, 1))
    return Registered(
        file="study.registration.yaml",
        sha256="0" * 64,
        plan=Registration(
            study="study",
            registered=dt.date(2026, 11, 29),
            primary="fixed_set",
            hypotheses=planned,
            correction="holm",
            n=RegisteredSize(targets=3, personas=12, scenarios=1, seeds=1, trials=36),
            stopping="All trials.",
            versions={"rapport-sim": "0.1.0"},
            hashes={f"target '{t}'": t for t in "abc"},
        ),
    )


@cache
def free() -> CompareDocument:
    """The same run with nothing registered."""
    return compare([source(CELLS)])


@cache
def held(*hypotheses: str, **of: object) -> CompareDocument:
    return compare([replace(source(CELLS), registration=RunRegistration(registered(*hypotheses), **of))])  # type: ignore[arg-type]


def pair(document: CompareDocument, measure: str, a: str, b: str) -> Comparison:
    return next(c for c in document.measures[measure].comparisons if {c.a, c.b} == {a, b})


def test_a_comparison_that_was_not_registered_is_never_called_confirmatory() -> None:
    document = held("a > b", "callback: a > c")
    for measure, of in document.measures.items():
        for c in of.comparisons:
            planned = (measure, {c.a, c.b}) in (("fixed_set", {"a", "b"}), ("callback", {"a", "c"}))
            assert c.standing == ("confirmatory" if planned else "exploratory"), (measure, c.a, c.b)
            assert bool(c.hypothesis) == planned
    assert pair(document, "fixed_set", "a", "c").sentence.endswith("screen, exploratory")
    assert pair(document, "fixed_set", "a", "b").sentence.endswith("screen, confirmatory (H1)")
    assert told_standing(pair(document, "fixed_set", "a", "b")) == "higher, confirmatory (H1)"


def test_p_is_adjusted_over_the_registered_comparisons_and_no_others() -> None:
    planned, all_of_them = (pair(of, "fixed_set", "b", "c") for of in (held("b > c"), free()))
    raw = max(all_of_them.p or 0, all_of_them.p_interval or 0)
    assert planned.p_all == pytest.approx(raw)
    assert all_of_them.p_all
    assert all_of_them.p_all > raw


@pytest.mark.parametrize(("claim", "outcome"), [("a > b", "supported"), ("b < a", "supported"), ("b != a", "supported"), ("b > a", "contradicted")])
def test_a_hypothesis_is_read_in_its_own_direction(claim: str, outcome: str) -> None:
    measures = {m: of.comparisons for m, of in free().measures.items()}
    report = report_registration(RunRegistration(registered(claim)), measures, {m: m for m in measures})
    (result,) = report.hypotheses
    assert result.outcome == outcome
    assert (result.difference or 0) * (1 if claim.startswith("a") else -1) > 0
    assert outcome in report.sentences[1]


def test_equal_targets_leave_a_hypothesis_open() -> None:
    same = source({(t, p, "s"): 3 + (i + (t == "b")) % 2 for i, p in enumerate(people(12)) for t in "abc"})
    document = compare([replace(same, registration=RunRegistration(registered("a > b")))])
    assert document.registration
    assert document.registration.hypotheses[0].outcome == "open"


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ({"differs": ("user", "persona 'davi' (left out)")}, "differs from its registration in user, persona 'davi' (left out)"),
        ({"finished": False}, "has not come to the end that was registered, 36 trials"),
        ({"edited": ("header.json",)}, "header.json of the run was edited"),
    ],
)
def test_a_run_that_is_not_the_registered_one_confirms_nothing(of: dict[str, object], why: str) -> None:
    document = held("a > b", **of)
    assert document.registration
    assert why in document.registration.sentences[0]
    assert document.registration.hypotheses == ()
    assert {c.standing for m in document.measures.values() for c in m.comparisons} == {"exploratory"}
    assert pair(document, "fixed_set", "a", "b").p_all == pair(free(), "fixed_set", "a", "b").p_all


def test_other_kinds_of_comparison_were_not_registered() -> None:
    known = RunRegistration(registered("a > b"))
    older, newer = source(CELLS, run="old"), replace(source(CELLS, run="new"), registration=known)
    document = compare([older, newer])
    assert document.registration
    assert "comparisons of this kind were not registered" in document.registration.sentences[0]
    assert {c.standing for c in document.measures["fixed_set"].comparisons} == {"exploratory"}


def told_before(*runs: tuple[str, Registered | None]) -> tuple[CompareDocument, str]:
    """Runs of the same targets with what was registered before each, and what the comparison prints first."""
    document = compare([replace(source(CELLS, run=run), registration=RunRegistration(of) if of else None) for run, of in runs])
    return document, " ".join(plain(render_comparison(document), 200).split())


def test_of_two_runs_both_registrations_are_named_and_in_what_they_differ() -> None:
    one, other = registered("a > b"), registered("a < b")
    other = other.model_copy(update={"sha256": "1" * 64, "plan": other.plan.model_copy(update={"hashes": {**other.plan.hashes, "user": "u"}})})
    document, text = told_before(("old", one), ("new", other))
    assert list(document.registrations) == ["old", "new"]
    assert "Run old: Registered on 2026-11-29 (study.registration.yaml, sha256 000000000000)" in text
    assert "Run new: Registered on 2026-11-29 (study.registration.yaml, sha256 111111111111)" in text
    assert "The registrations differ in hypotheses, user." in text
    assert {c.standing for m in document.measures.values() for c in m.comparisons} == {"exploratory"}
    assert "confirmatory" not in text


def test_of_two_runs_with_one_registration_or_one_of_them_without_that_is_said() -> None:
    alike, text = told_before(("old", registered("a > b")), ("new", registered("a > b")))
    assert (alike.registrations_differ, "differ in" in text, text.count("Registered on")) == ("", False, 2)
    document, text = told_before(("old", None), ("new", registered("a > b")))
    assert (list(document.registrations), document.registrations_differ) == (["new"], "Run old was not registered.")
    assert "Run old was not registered." in text
    none, text = told_before(("old", None), ("new", None))
    assert (none.registrations, none.registrations_differ, "egistered" in text) == ({}, "", False)


def test_the_answer_and_the_export_say_the_same() -> None:
    run = replace(source(CELLS), registration=RunRegistration(registered("a > b")))
    assert [s.rsplit(": ", 1)[1] for s in first_sentences(run)] == ["screen, confirmatory (H1).", "screen, exploratory.", "screen, exploratory."]
    summary = summarise(run.study, run.trials, run="r", status="finished", offline=(), codebook=CODEBOOK)
    table = next(t for t in paper_tables(summary, compare([run])) if t.id == "paired")
    assert [row[-1].text for row in table.rows] == ["higher H1", "higher", "higher"]
    assert any("Registered on 2026-11-29" in note for note in table.notes)


def test_without_a_registration_nothing_is_called_either() -> None:
    document = free()
    assert document.registration is None
    assert {c.standing for c in document.measures["fixed_set"].comparisons} == {None}
    assert "exploratory" not in " ".join(document.sentences)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a > b", ("fixed_set", "a", "higher", "b")),
        ("callback_scripted:a<b", ("callback_scripted", "a", "lower", "b")),
        (" bot-full != bot-window-5 ", ("fixed_set", "bot-full", "different", "bot-window-5")),
    ],
)
def test_hypotheses_are_written_as_they_are_said(text: str, found: tuple[str, ...]) -> None:
    h = parse_hypothesis(text, id="H1", primary="fixed_set")
    assert (h.measure, h.first, h.expected, h.second) == found


@pytest.mark.parametrize("text", ["a", "a > ", "a >= b", "a > b > c", ""])
def test_what_is_no_hypothesis_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(InputError, match="is not a hypothesis; write it as"):
        parse_hypothesis(text, id="H1", primary="fixed_set")


def test_a_registration_holds_together() -> None:
    for wrong, problem in ((("a > a",), "with itself"), (("a > b", "b > a"), "compares already"), (("a > x",), "'x', which is not registered")):
        with pytest.raises(ValueError, match=problem):
            registered(*wrong)
    assert isinstance(registered("a > b").plan.hypotheses[0], Hypothesis)


def test_what_differs_is_named() -> None:
    plan = registered("a > b").plan
    made = {"target 'a'": "a", "target 'b'": "other", "persona 'x'": "p", "prompt 'new'": "n"}
    assert plan.differs(made) == ("target 'b'", "target 'c' (left out)", "persona 'x' (not registered)")
