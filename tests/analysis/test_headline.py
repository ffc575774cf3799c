"""What is said of a pair beside the primary outcome, against arithmetic of the tests' own."""

from __future__ import annotations

import re
from statistics import fmean

import numpy as np
import pytest

from sim.analysis.figures.measures import BY_ID, LIKABILITY, SECOND
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import CompareDocument, Comparison, compare
from sim.analysis.verdicts.gate_checks import check
from sim.analysis.verdicts.non_inferiority import not_worse
from sim.analysis.verdicts.pairs import Paired
from sim.analysis.verdicts.requirements import parse_requirement
from sim.analysis.verdicts.sentence import criterion_sentence, left_out_sentence, memory_sentence, split
from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS, LABELS
from tests.analysis.cells import people, source
from tests.analysis.trials import Given

Cells = dict[tuple[str, str, str], list[Given]]


def callback_world(n: int = 24, scenarios: int = 1, *, seed: int = 4) -> Cells:
    """Two targets that differ in callback alone: everything else is the same noise."""
    rng = np.random.default_rng(seed)
    cells: Cells = {}
    for p in people(n):
        for s in range(scenarios):
            for target, callback in (("remembers", 4), ("forgets", 1)):
                others: list[Given] = [int(v) for v in rng.integers(2, 5, 6)]
                cells[target, p, f"s{s}"] = [*others, callback + int(rng.integers(0, 2))]
    return cells


def pair(document: CompareDocument, measure: str) -> Comparison:
    (found,) = document.measures[measure].comparisons
    return found


# --- the planted world --------------------------------------------------------------------------------------------


def test_where_callback_alone_differs_the_fixed_set_decides_and_the_sentence_says_so() -> None:
    document = compare([source(callback_world())])
    first, liked = pair(document, "fixed_set"), pair(document, LIKABILITY)
    assert next(iter(document.measures)) == document.primary == "fixed_set"
    assert (first.verdict, first.tier) == ("not separable", "screen")
    assert liked.verdict in ("higher", "lower")
    (told,) = document.headlines
    assert "cannot be told apart on the fixed set" in told.primary
    assert re.search(
        r"Over all seven dimensions remembers is liked 0\.\d\d more than forgets \(95 % interval .*\): 0\.\d\d of it is callback", told.likability
    )
    assert re.search(r"fixed set [+−]?0\.\d\d ± 0\.\d\d", told.likability)
    assert told.criterion.endswith("do not bear out the difference over all seven dimensions.")
    assert document.sentences == (told.text,)


def test_what_memory_buys_is_told_without_what_it_is_by_definition() -> None:
    (told,) = compare([source(callback_world())]).memory
    assert told.startswith("In this scenario memory buys nothing that 24 personas can show: fixed set ")
    better = callback_world()
    for i, (place, given) in enumerate(better.items()):
        better[place] = [*((4, 5, 5, 4 + i % 4 // 2) if place[0] == "remembers" else (3, 2, 3, 2)), *given[4:]]
    (told,) = compare([source(better)]).memory  # type: ignore[arg-type]
    told_of = "memory buys liking on the fixed set and, as far as 24 personas can show, nothing else of the three"
    assert told.startswith(f"In this scenario {told_of}: fixed set +")
    assert told.endswith("(remembers less forgets, one model with memory full and none; 24 personas: screen).")


def test_what_is_clear_by_itself_and_not_over_all_measures_is_not_told_as_nothing() -> None:
    found = compare([source(callback_world())]).measures
    (steady,) = found["fixed_set"].comparisons
    callback = steady.model_copy(update={"difference": 1.5, "interval": (0.9, 2.1), "verdict": "not separable"})
    told = memory_sentence(
        {"fixed_set": steady, SECOND: callback, **dict.fromkeys(CRITERIA, steady)}, target=steady.a, memory="full", base_memory="none"
    )
    assert " memory buys nothing that 24 personas can show over all measures together, though by itself callback differs: callback on" in told


# --- split --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_difference_is_the_sum_of_what_its_dimensions_add(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells: Cells = {}
    for p in people(7):
        for target in ("a", "b"):
            given: list[Given] = [int(v) for v in rng.integers(1, 6, 7)]
            given[5] = "na" if rng.random() < 0.5 else given[5]
            cells[target, p, "s"] = given
    document = compare([source(cells)])  # type: ignore[arg-type]
    for measure, over in ((LIKABILITY, DIMENSIONS), ("fixed_set", ALWAYS), ("without_callback", DIMENSIONS[:-1])):
        found = pair(document, measure)
        expected = {}
        for d in over:
            i = DIMENSIONS.index(d)
            gaps = [a - b for p in people(7) if isinstance(a := cells["a", p, "s"][i], int) and isinstance(b := cells["b", p, "s"][i], int)]
            if gaps:
                expected[d] = fmean(gaps)
        assert found.split == pytest.approx({LABELS[d]: expected[d] / len(expected) if d in expected else 0.0 for d in over}, abs=1e-12)
        assert sum(found.split.values()) == pytest.approx(found.difference, abs=1e-12)
        turned = found.turned
        assert turned.split == {name: -by for name, by in found.split.items()}
        assert turned.turned == found


@pytest.mark.parametrize(
    ("adds", "said"),
    [
        ({"a": 0.229, "b": 0.007, "c": 0.006}, "0.23 of it is a, 0.01 the other two"),
        ({"a": 0.3, "b": -0.1, "c": 0.0}, "it is made of +0.30 a, −0.10 b, 0.00 the other one"),
        ({d: 0.1 for d in "abcdefg"}, "spread over 7 dimensions"),
        ({"a": 0.0, "b": 0.0}, ""),
    ],
)
def test_a_split_in_words(adds: dict[str, float], said: str) -> None:
    assert split(adds) == said


@pytest.mark.parametrize("seed", range(30))
def test_printed_parts_add_up_to_the_printed_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    adds = {d: float(v) for d, v in zip(DIMENSIONS, rng.normal(0.05, 0.1, 7), strict=True)}
    if sum(adds.values()) < 0:
        adds = {d: -v for d, v in adds.items()}
    told = split(adds).replace("−", "-")
    figures = [float(v) for v in re.findall(r"[+-]?\d\.\d\d", told)]
    if "spread" not in told:
        left_over = abs(sum(figures) - round(sum(adds.values()), 2))
        assert left_over < 0.005, told


# --- scenarios ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scenarios", "begins"), [(1, "In this scenario "), (3, "In these scenarios "), (4, "remembers ")])
def test_below_four_scenarios_the_sentence_speaks_of_these(scenarios: int, begins: str) -> None:
    document = compare([source({place: [5 if place[0] == "remembers" else 2] * 7 for place in callback_world(12, scenarios)})])  # type: ignore[arg-type]
    assert document.headlines[0].primary.startswith(begins)
    assert pair(document, "callback").sentence.lower().startswith(begins.lower() if scenarios < 4 else "callback")


# --- many measures ------------------------------------------------------------------------------------------------


def by_holm(p: list[float]) -> list[float]:
    """Holm's step-down, in numpy: sorted p times how many are left, never falling, at most 1."""
    values = np.array(p)
    order = np.argsort(values, kind="stable")
    stepped = np.minimum(1, np.maximum.accumulate(values[order] * (len(p) - np.arange(len(p)))))
    back = np.empty(len(p))
    back[order] = stepped
    return list(back)


def test_measures_beside_the_primary_outcome_are_one_family() -> None:
    rng = np.random.default_rng(9)
    cells: Cells = {(t, p, "s"): [int(v) + (t == "c") for v in rng.integers(1, 5, 7)] for t in ("a", "b", "c") for p in people(13)}
    document = compare([source(cells)])  # type: ignore[arg-type]
    known = [
        (m, i, c)
        for m, of in document.measures.items()
        for i, c in enumerate(of.comparisons)
        if m != "fixed_set" and c.p is not None and c.p_interval is not None
    ]
    assert len(known) > 20
    within = {m: by_holm([max(c.p, c.p_interval) for n, _, c in known if n == m]) for m in {m for m, _, _ in known}}  # type: ignore[type-var]
    beside = by_holm([max(c.p, c.p_interval) for _, _, c in known])  # type: ignore[type-var]
    for (m, i, c), adjusted in zip(known, beside, strict=True):
        assert c.p_holm == pytest.approx(within[m][i], abs=1e-12)
        assert c.p_all == pytest.approx(max(adjusted, within[m][i]), abs=1e-12)
        assert c.verdict == (("higher" if c.difference > 0 else "lower") if c.p_all <= 0.05 else "not separable")  # type: ignore[operator]
    assert any(c.p_holm <= 0.05 < c.p_all for _, _, c in known), "nothing here is a verdict by itself and none among many"  # type: ignore[operator]
    for c in document.measures["fixed_set"].comparisons:
        assert c.p_all == c.p_holm


# --- one persona --------------------------------------------------------------------------------------------------


def without(cells: Cells, persona: str) -> RunSource:
    return source({place: given for place, given in cells.items() if place[1] != persona})  # type: ignore[arg-type]


def test_leaving_out_each_persona_is_comparing_without_it() -> None:
    cells = callback_world(6, 2, seed=1)
    cells["remembers", "p03", "s0"] = cells["remembers", "p03", "s1"] = [5, 5, 5, 5, 5, 5, 5]
    document = compare([source(cells)])  # type: ignore[arg-type]
    less = {p: compare([without(cells, p)]) for p in people(6)}
    for measure in ("fixed_set", LIKABILITY, "callback"):
        found = pair(document, measure)
        again = {p: pair(one, measure).difference for p, one in less.items()}
        assert found.left_out is not None
        assert (found.left_out.low, found.left_out.high) == pytest.approx((min(again.values()), max(again.values())))  # type: ignore[type-var]
        most = max(again, key=lambda p: abs(again[p] - found.difference))  # type: ignore[operator]
        assert (found.left_out.persona, found.left_out.without) == (most, pytest.approx(again[most]))
    assert pair(document, "fixed_set").left_out.persona == "p03"  # type: ignore[union-attr]
    assert "p03 moves it most" in document.headlines[0].left_out


def test_unpaired_groups_leave_out_each_persona_too() -> None:
    kinds = {p: "hostile" if i < 4 else "social" for i, p in enumerate(people(8))}
    cells: Cells = {("a", p, "s"): [1 + (i * i) % 5] * 7 for i, p in enumerate(people(8))}
    found = pair(compare([source(cells, kinds=kinds)], by="persona-type"), LIKABILITY)  # type: ignore[arg-type]
    scores = {p: float(cells["a", p, "s"][0]) for p in people(8)}  # type: ignore[arg-type]

    def gap(left: str) -> float:
        sides = [[v for p, v in scores.items() if kinds[p] == kind and p != left] for kind in ("hostile", "social")]
        return fmean(sides[0]) - fmean(sides[1])

    again = {p: gap(p) for p in people(8)}
    assert found.left_out is not None
    assert (found.left_out.low, found.left_out.high) == pytest.approx((min(again.values()), max(again.values())))
    assert sum(found.split.values()) == pytest.approx(found.difference)


def test_one_persona_is_never_left_out() -> None:
    document = compare([source({("a", "p", "s"): 3, ("b", "p", "s"): 5})])
    assert pair(document, "fixed_set").left_out is None
    assert left_out_sentence(pair(document, "fixed_set"), BY_ID["fixed_set"]) == ""


# --- criterion ----------------------------------------------------------------------------------------------------


def held(difference: float | None, half: float | None = 0.1) -> Paired:
    bounds = None if difference is None or half is None else (difference - half, difference + half)
    return Paired(difference=difference, interval=bounds, p=None, p_interval=None, d_av=None, d_z=None, personas=9, scenarios=1, pairs=9)


@pytest.mark.parametrize(
    ("fixed", "liked", "enjoyment", "back", "ends"),
    [
        (0.5, 0.6, 0.4, 0.05, "agree."),
        (0.5, 0.6, -0.4, 0.3, "point the other way."),
        (0.5, 0.6, 0.05, 0.05, "do not bear out the difference on the fixed set."),
        (0.0, 0.6, 0.05, 0.05, "do not bear out the difference over all seven dimensions."),
        (0.0, 0.0, 0.05, 0.05, "show no difference either."),
        (0.0, 0.6, 0.05, None, "does not bear out the difference over all seven dimensions."),
    ],
)
def test_the_sentence_says_whether_the_criterion_agrees(fixed: float, liked: float, enjoyment: float, back: float | None, ends: str) -> None:
    told = criterion_sentence((held(fixed), "on the fixed set"), (held(liked), "over all seven dimensions"), [held(enjoyment), held(back)], 1.0, "a")
    assert told.endswith(ends)
    assert told.startswith(f"Enjoyment ({'+' if enjoyment > 0 else '−'}{abs(enjoyment):.2f} ± 0.10 for a)")


def test_a_criterion_that_moves_alone_is_told() -> None:
    told = criterion_sentence((held(0.0), "x"), (held(0.0), "y"), [held(0.4), held(0.0)], -1.0)
    assert told == "Yet the sessions were looked back on differently: Enjoyment (−0.40 ± 0.10) and the wish to return (0.00 ± 0.10)."
    assert criterion_sentence((held(0.0), "x"), (held(0.0), "y"), [held(None), held(None)], 1.0) == ""


# --- one primary outcome everywhere -------------------------------------------------------------------------------


def test_a_study_that_declares_another_primary_outcome_is_judged_by_it() -> None:
    run = source(callback_world(), primary=LIKABILITY)  # type: ignore[arg-type]
    document = compare([run])
    assert (document.primary, next(iter(document.measures))) == (LIKABILITY, LIKABILITY)
    assert pair(document, LIKABILITY).p_all == pair(document, LIKABILITY).p_holm
    assert "is liked 0." in document.headlines[0].primary
    assert document.headlines[0].likability == ""
    worst = check(run, "forgets", parse_requirement("worst_persona >= 1"))
    assert worst.observed == check(run, "forgets", parse_requirement(f"worst_persona({LIKABILITY}) >= 1")).observed
    assert worst.detail.startswith("likability (all seven) of p")
    usual = check(source(callback_world()), "forgets", parse_requirement("worst_persona >= 1"))  # type: ignore[arg-type]
    assert usual.observed == check(run, "forgets", parse_requirement("worst_persona(fixed_set) >= 1")).observed
    assert usual.detail.startswith("fixed set of p")


def test_runs_that_declare_different_primary_outcomes_are_compared_by_the_first_and_it_is_said() -> None:
    runs = [source({("bot", p, "s"): 3 for p in people(3)}, primary=m, run=m) for m in ("without_callback", "fixed_set")]
    document = compare(runs)
    assert document.primary == "without_callback"
    assert any("run 'fixed_set' declares another primary outcome, fixed set" in note for note in document.notes)


def test_a_new_version_that_loses_is_split_and_told_of_one_persona() -> None:
    old = {("bot", p, "s"): [4, 4, 4, 4, 4, 4, 4 + i % 2] for i, p in enumerate(people(8))}
    new = {("bot", p, "s"): [4, 4, 4, 4, 4, 4, 1 + (i == 2)] for i, p in enumerate(people(8))}
    found = not_worse(source(new, run="new"), source(old), "bot", LIKABILITY, 0.1)  # type: ignore[arg-type]
    assert found.verdict == "failed"
    assert "8 pairs in this scenario; 0.48 of it is callback" in found.detail
    assert "p02 moves it most" in found.detail
