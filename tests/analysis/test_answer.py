"""What a run says first is what the comparison says of the pairs that matter most."""

from __future__ import annotations

from collections.abc import Mapping

from sim.analysis.verdicts.answer import first_sentences
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from tests.analysis.cells import people, source


def run_of(scores: Mapping[str, int], personas: int = 14) -> RunSource:
    """Targets liked as `scores` say, but by every fourth persona, who finds one dimension better."""
    cells = {(t, p, "s"): [score + (i % 4 == j)] + [score] * 6 for j, (t, score) in enumerate(scores.items()) for i, p in enumerate(people(personas))}
    return source(cells)


def said(run: RunSource) -> set[str]:
    return {h.primary for h in compare([run]).headlines}


def test_each_of_up_to_three_pairs_has_the_sentence_of_the_comparison() -> None:
    run = run_of({"a": 4, "b": 3, "c": 3})
    assert set(first_sentences(run)) == said(run)


def test_of_more_pairs_it_says_who_can_be_told_apart_and_tells_of_the_clearest() -> None:
    run = run_of({"a": 4, "b": 4, "c": 4, "d": 2})
    order, told, rest = first_sentences(run)
    assert order.startswith("In this scenario, by the fixed set, from the top: ")
    first, last = order.removesuffix(".").split(": ")[1].split(", then ")
    assert set(first.removesuffix(" (not told apart)").replace(" and ", ", ").split(", ")) == {"a", "b", "c"}
    assert last == "d"
    assert told in said(run)
    assert " more than d" in told
    assert rest == "5 more pairs: see `sim compare`."


def test_where_nobody_can_be_told_apart_it_says_so() -> None:
    order, *_ = first_sentences(run_of({"a": 4, "b": 4, "c": 4, "d": 4}))
    assert order.endswith("c and d cannot be told apart.")


def test_where_no_pair_has_a_verdict_the_one_furthest_apart_is_told() -> None:
    first, rest = first_sentences(run_of({"a": 4, "b": 4, "c": 4, "d": 2}, personas=5))
    assert " more than d" in first
    assert "look, no verdict" in first
    assert rest.startswith("5 more pairs")


def test_one_target_has_nobody_to_be_compared_with() -> None:
    assert first_sentences(run_of({"a": 4})) == ()
