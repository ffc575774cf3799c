"""What can be said of two sides, from runs whose every cell is written down."""

from __future__ import annotations

import pytest

from sim.analysis.figures.measures import LIKABILITY
from sim.analysis.verdicts.compare import CompareDocument, Comparison, compare
from sim.core.errors import InputError
from tests.analysis.cells import people, source


def primary(document: CompareDocument) -> Comparison:
    (found,) = document.measures[LIKABILITY].comparisons
    return found


def two_arms(n: int, *, scenarios: int = 1, gap: int = 1) -> dict[tuple[str, str, str], int]:
    """`remembers` is liked better by `gap` points, by `gap` + 1 by every third persona."""
    cells = {}
    for i, p in enumerate(people(n)):
        for s in range(scenarios):
            base = 2 + (i + s) % 2
            cells["forgets", p, f"s{s}"] = base
            cells["remembers", p, f"s{s}"] = min(5, base + gap + (i % 3 == 0))
    return cells  # type: ignore[return-value]


def test_a_decision_takes_24_personas_and_six_scenarios() -> None:
    document = compare([source(two_arms(24, scenarios=6))])
    found = primary(document)
    assert found.difference == pytest.approx(-4 / 3)
    assert (found.a, found.verdict, found.tier, found.personas, found.pairs) == ("forgets", "lower", "decide", 24, 144)
    assert found.interval
    assert found.interval[1] < 0
    assert found.sentence.startswith(
        "remembers is liked 1.33 more than forgets over all seven dimensions (spread over 7 dimensions; fixed set +1.33 ± "
    )
    assert found.sentence.endswith(", 24 personas: decide")
    assert document.headlines[0].primary.startswith("remembers is liked 1.33 more than forgets on the fixed set (")
    assert document.headlines[0].primary.endswith(", 24 personas: decide.")


def test_fewer_than_twelve_personas_get_no_verdict_however_clear() -> None:
    found = primary(compare([source(two_arms(8))]))
    assert (found.verdict, found.tier, found.sentence.split(": ")[-1]) == ("none", "look", "look, no verdict")
    assert found.interval


def test_one_persona_has_a_difference_and_no_interval() -> None:
    found = primary(compare([source(two_arms(1))]))
    assert (found.difference, found.interval, found.d_av, found.verdict) == (-2, None, None, "none")
    assert "no interval below 3 personas" in found.sentence


def test_all_equal_scores_are_no_verdict_and_no_interval() -> None:
    found = primary(compare([source({(t, p, "s"): 3 for t in ("a", "b") for p in people(12)})]))
    assert (found.difference, found.interval, found.p_holm, found.verdict) == (0, None, 1, "not separable")
    assert "no interval, for all differ by the same" in found.sentence


def test_all_differing_by_the_same_is_no_verdict_either() -> None:
    found = primary(compare([source({(t, p, "s"): 3 + (t == "a") for t in ("a", "b") for p in people(12)})]))
    assert (found.difference, found.verdict) == (1, "not separable")


def test_nothing_applicable_is_nothing_in_common() -> None:
    found = primary(compare([source({(t, p, "s"): "na" for t in ("a", "b") for p in people(3)})]))
    assert (found.difference, found.personas, found.verdict) == (None, 0, "none")
    assert found.sentence == "a and b have nothing in common to compare likability (all seven) by"


def test_a_trial_that_failed_on_one_side_is_left_over_on_the_other() -> None:
    cells = {**two_arms(12), ("remembers", "p00", "s0"): None}
    found = primary(compare([source(cells)]))
    assert (found.personas, found.pairs, found.unpaired_a, found.unpaired_b) == (11, 11, 1, 0)


def test_a_surprise_is_not_compared() -> None:
    cells = {(t, p, "s"): [3, 3, 3, 3, 3, "surprise" if t == "a" else "na", 3] for t in ("a", "b") for p in people(4)}
    document = compare([source(cells)])  # type: ignore[arg-type]
    assert primary(document).difference == 0
    (humour,) = document.measures["humor_fit"].comparisons
    assert humour.difference is None


def test_targets_that_are_not_separable_share_places() -> None:
    cells: dict[tuple[str, str, str], int] = {}
    for i, p in enumerate(people(14)):
        cells |= {("good", p, "s"): 5, ("fair", p, "s"): 3 + i % 2, ("also", p, "s"): 4 - i % 2, ("poor", p, "s"): 1 + (i % 4 == 0)}
    ranks = compare([source(cells)]).measures[LIKABILITY].ranking[""]  # type: ignore[arg-type]
    assert [(r.arm, r.first, r.last) for r in ranks] == [("good", 1, 1), ("also", 2, 3), ("fair", 2, 3), ("poor", 4, 4)]


def test_policies_of_one_model_are_compared_within_the_model() -> None:
    found = primary(compare([source(two_arms(12))], by="memory"))
    assert {found.a, found.b} == {"full", "none"}


def test_two_policies_are_needed_to_compare_memory() -> None:
    with pytest.raises(InputError, match="no model is under two memory policies"):
        compare([source({("a", "p", "s"): 3, ("b", "p", "s"): 4})], by="memory")


def test_types_of_persona_are_unpaired_and_named_so() -> None:
    kinds = {p: "hostile" if i < 6 else "social" for i, p in enumerate(people(12))}
    cells = {("a", p, "s"): (2 if kinds[p] == "hostile" else 4) + i % 2 for i, p in enumerate(people(12))}
    document = compare([source(cells, kinds=kinds)], by="persona-type")  # type: ignore[arg-type]
    found = primary(document)
    assert (found.a, found.b, found.paired, found.difference, found.personas) == ("hostile", "social", False, -2, 6)
    assert found.p is not None
    assert found.p < 0.01
    assert "6 personas a side, different ones: look" in found.sentence
    assert any("unpaired" in note for note in document.notes)


def test_scenarios_are_compared_within_personas() -> None:
    cells = {("a", p, s): 2 + i % 2 + (s == "easy") * (1 + (i % 5 == 0)) for i, p in enumerate(people(12)) for s in ("easy", "hard")}
    found = primary(compare([source(cells)], by="scenario"))  # type: ignore[arg-type]
    assert (found.within, found.verdict, found.tier) == ("a", "higher", "screen")
    assert found.sentence.startswith("a is liked 1.25 more in easy than in hard")


def test_versions_list_what_went_bad_and_what_was_fixed() -> None:
    names = people(13)
    old = {("bot", p, "s"): 4 for p in names} | {("bot", "p02", "s"): 2, ("bot", "p03", "s"): None}
    new = {("bot", p, "s"): 4 for p in names} | {("bot", "p00", "s"): 1, ("bot", "p01", "s"): None}
    document = compare([source(old), source(new, run="new")])  # type: ignore[arg-type]
    assert [(c.persona, c.old, c.new) for c in document.newly_bad] == [("p01", 4, None), ("p00", 4, 1)]
    assert {(c.persona, c.old, c.new) for c in document.fixed} == {("p02", 2, 4), ("p03", None, 4)}
    assert primary(document).a == "new/bot"


def test_other_conditions_are_noted() -> None:
    runs = [source({("bot", "p", "s"): 3}), source({("bot", "p", "s"): 4}, run="new")]
    document = compare(runs, conditions=[{"rater": "1", "persona 'p'": "2"}, {"rater": "9", "persona 'q'": "3"}])
    assert document.notes[0].startswith("not the same conditions: 'new' and 'old' differ in rater;")


def test_one_target_alone_is_refused_with_what_else_could_be_compared() -> None:
    with pytest.raises(InputError, match="--by scenario"):
        compare([source({("a", "p", "s"): 3})])
