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


def test_of_more_pairs_those_with_a_verdict_are_told_the_largest_difference_first() -> None:
    run = run_of({"a": 4, "b": 4, "c": 4, "d": 2})
    *told, rest = first_sentences(run)
    assert len(told) == 3
    assert set(told) < said(run)
    assert all(" more than d" in sentence for sentence in told)
    assert rest == "3 more pairs of targets: see `sim compare`."


def test_where_no_pair_has_a_verdict_the_one_furthest_apart_is_told() -> None:
    first, rest = first_sentences(run_of({"a": 4, "b": 4, "c": 4, "d": 2}, personas=5))
    assert " more than d" in first
    assert "look, no verdict" in first
    assert rest.startswith("5 more pairs")


def test_one_target_has_nobody_to_be_compared_with() -> None:
    assert first_sentences(run_of({"a": 4})) == ()
