"""Targets over several users: the pooled difference is the mean of theirs, what users do to it is found, and what cannot be pooled is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sim.analysis.figures.measures import BY_ID
from sim.analysis.trust.pooled_users import PooledUsersDocument, pool_users
from sim.analysis.verdicts.arms import RunSource, build_families
from sim.analysis.verdicts.compare import compare, compare_measure
from sim.core.errors import InputError
from sim.present.text.pooled_users import render_pooled_users
from tests import examples
from tests.analysis.cells import Cells, people, source
from tests.analysis.trials import Given
from tests.present.test_tables import plain

ONE, TWO, THREE = "offline/friendly", "offline/guarded", "offline/hostile"
Score = Callable[[int], int]
"""Of the target that remembers, from the number of a persona; the other one has 3 from everybody."""


def run(name: str, user: str, cells: Cells, **study: object) -> RunSource:
    return source(cells, run=name, user={"model": user}, **study)  # type: ignore[arg-type]


def scored(score: Score, *, n: int = 14) -> Cells:
    return {(t, p, "s"): score(i) if t == "remembers" else 3 for i, p in enumerate(people(n)) for t in ("remembers", "forgets")}


def pooled(*sources: RunSource) -> PooledUsersDocument:
    return pool_users(sources, conditions=[{"user": s.run, "rater": str(s.study.rater), "prompt 'x'": "same"} for s in sources])


def more(i: int) -> int:
    """Liked a point or two more than the other target."""
    return 4 + i % 2


def less(i: int) -> int:
    return 2 - i % 2


def either(i: int) -> int:
    return 3 + (i % 3 - 1)


# --- the pooled figure --------------------------------------------------------------------------------------------


def test_the_pooled_difference_is_the_mean_of_the_users_each_of_which_is_as_compare_says() -> None:
    lost: Cells = scored(either) | {("remembers", p, "s"): None for p in people(14)[:2]}
    sources = run("a", ONE, scored(more)), run("b", TWO, lost)
    found = pooled(*sources)
    for measure in ("fixed_set", "likability", "length_fit"):
        (pair,) = found.measures[measure].pairs
        alone = [of.difference for of in pair.by_user.values()]
        assert pair.pooled.difference == pytest.approx(sum(d or 0.0 for d in alone) / 2)
    (pair,) = found.measures["fixed_set"].pairs
    assert [of.personas for of in pair.by_user.values()] == [14, 12]
    assert pair.pooled.personas == 14
    for source_, of in zip(sources, pair.by_user.values(), strict=True):
        (whole,) = compare([source_]).measures["fixed_set"].comparisons
        assert whole.model_copy(update={"sentence": ""}) == of.model_copy(update={"sentence": ""})


def test_two_users_who_say_the_same_leave_what_one_says() -> None:
    found = pooled(run("a", ONE, scored(more)), run("b", TWO, scored(more)))
    (pair,) = found.measures["fixed_set"].pairs
    (alone,) = compare_measure(BY_ID["fixed_set"], build_families([run("a", ONE, scored(more))], "target")).comparisons
    assert pair.pooled.interval == pytest.approx(alone.interval)
    assert (pair.pooled.p, pair.pooled.personas, pair.pooled.verdict) == (alone.p, 14, alone.verdict)
    assert found.measures["fixed_set"].means == {ONE: {"remembers": 4.5, "forgets": 3}, TWO: {"remembers": 4.5, "forgets": 3}}


def test_a_dimension_that_one_user_gave_no_occasion_for_is_left_out_with_every_user_and_named() -> None:
    seldom: list[Given] = [4, 4, 4, 4, "na", 4, 4]
    without: Cells = {place: seldom if place[0] == "remembers" else 3 for place in scored(more)}
    found = pooled(run("a", ONE, scored(more)), run("b", TWO, without))
    liked = found.measures["likability"]
    (pair,) = liked.pairs
    assert liked.left_out == ("reference understanding",)
    assert pair.pooled.difference == pytest.approx((1.5 + 1.0) / 2)
    assert any(note.startswith("likability (all seven): pooled without reference understanding") for note in found.notes)


# --- the interaction ----------------------------------------------------------------------------------------------


def test_users_who_order_targets_alike_are_said_to() -> None:
    found = pooled(run("a", ONE, scored(more)), run("b", TWO, scored(lambda i: 4 + (i % 4 > 1))))
    assert found.answer == "alike"
    assert found.answer_sentence.endswith("Yes, as far as these can tell: both users put remembers before forgets.")
    (pair,) = found.measures["fixed_set"].pairs
    (gap,) = pair.gaps
    assert (gap.user, gap.other, gap.personas, gap.clear) == (ONE, TWO, 14, False)
    assert gap.difference == pytest.approx(1 / 14)
    assert "by how much does not hang on the user beyond chance" in pair.sentence
    (order,) = found.measures["fixed_set"].orders
    assert (order.alike, order.pairs, order.first) == (1, 1, ("remembers", "remembers"))


def test_a_user_who_turns_the_order_is_found() -> None:
    found = pooled(run("a", ONE, scored(more)), run("b", TWO, scored(less)))
    assert found.answer == "not alike"
    assert "No: in 1 of 1 pair of targets who comes first hangs on the user, by more than chance" in found.answer_sentence
    (pair,) = found.measures["fixed_set"].pairs
    assert pair.pooled.verdict == "not separable"
    assert pair.gaps[0].difference == pytest.approx(3.0)
    assert (pair.p_interaction or 1.0) <= 0.001
    assert "who comes first hangs on the user, by more than chance" in pair.sentence
    assert found.measures["fixed_set"].orders[0].alike == 0


def test_users_who_agree_on_the_order_and_not_on_its_size_are_told_apart_from_those_who_turn_it() -> None:
    found = pooled(run("a", ONE, scored(lambda _: 5)), run("b", TWO, scored(lambda i: 3 + (i % 4 > 0))))
    (pair,) = found.measures["fixed_set"].pairs
    assert found.answer == "alike"
    assert pair.gaps[0].clear
    assert "every user puts remembers first, though not by as much, by more than chance" in pair.sentence


def test_signs_that_chance_turns_are_no_disagreement() -> None:
    found = pooled(run("a", ONE, scored(lambda i: 3 + (i % 5 == 0) - (i % 6 == 1) - (i == 2))), run("b", TWO, scored(lambda i: 3 + (i == 3))))
    (pair,) = found.measures["fixed_set"].pairs
    assert sorted(of.difference or 0.0 for of in pair.by_user.values())[0] < 0 < max(of.difference or 0.0 for of in pair.by_user.values())
    assert found.answer == "cannot tell"
    assert "That cannot be told: no two targets can be told apart; both users put 0 of 1 pair of targets in one order" in found.answer_sentence
    assert "may be chance" in pair.sentence


def test_below_twelve_personas_there_is_no_verdict_on_users() -> None:
    found = pooled(run("a", ONE, scored(more, n=8)), run("b", TWO, scored(less, n=8)))
    assert found.answer == "too few personas"
    (pair,) = found.measures["fixed_set"].pairs
    assert "look, no verdict on whether they agree" in pair.sentence
    assert not pair.gaps[0].clear


def test_of_three_users_each_two_are_compared_and_p_knows_how_many_there_are() -> None:
    found = pooled(run("a", ONE, scored(more)), run("b", TWO, scored(lambda i: 5 - i % 2)), run("c", THREE, scored(less)))
    (pair,) = found.measures["fixed_set"].pairs
    assert [(g.user, g.other) for g in pair.gaps] == [(ONE, TWO), (ONE, THREE), (TWO, THREE)]
    assert pair.gaps[1].p_holm == pytest.approx(3 * max(pair.gaps[1].p or 0.0, pair.gaps[1].p_interval or 0.0))
    assert found.answer == "not alike"
    assert "2 of 3" in plain(render_pooled_users(found), 100)


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seeds": 2}, None),
        ({"seed": 9}, "the study's seed"),
        ({"primary": "likability"}, "primary"),
        ({"rate_every": 2}, "rate_every"),
        ({"sampling": {"temperature": 0.2}}, "sampling"),
    ],
)
def test_what_else_differs_is_refused_by_name(change: dict[str, object], named: str | None) -> None:
    one, two = run("a", ONE, scored(more)), run("b", TWO, scored(more), **change)
    if named is None:
        two = replace(two, trials=[*two.trials, replace(two.trials[0], seed=2)])
        named = "seeds"
    with pytest.raises(InputError, match=f"runs 'a' and 'b' differ in more than the user's model: {named}"):
        pooled(one, two)


@pytest.mark.parametrize("changed", ["prompt 'x'", "tagger", "scenario 's'"])
def test_other_conditions_are_refused_by_name(changed: str) -> None:
    sources = run("a", ONE, scored(more)), run("b", TWO, scored(more))
    conditions: list[dict[str, str]] = [{"user": s.run, changed: s.run} for s in sources]
    with pytest.raises(InputError, match=f"differ in more than the user's model: {changed}"):
        pool_users(sources, conditions=conditions)


def test_another_rater_is_refused() -> None:
    another = run("b", TWO, scored(more), rater={"model": "offline/rater"})
    with pytest.raises(InputError, match="differ in more than the user's model: rater"):
        pooled(run("a", ONE, scored(more)), another)


def test_other_targets_personas_and_scenarios_are_refused_by_name() -> None:
    one = run("a", ONE, scored(more))
    for other, named in (
        ({("remembers", p, "s"): 3 for p in people(14)} | {("other", p, "s"): 3 for p in people(14)}, "targets"),
        (scored(more, n=13), "personas"),
        ({(t, p, "z"): 3 for t, p, _ in scored(more)}, "scenarios"),
    ):
        with pytest.raises(InputError, match=f"differ in more than the user's model: {named}"):
            pooled(one, run("b", TWO, other))


def test_one_user_alone_or_twice_and_one_target_are_refused() -> None:
    one = run("a", ONE, scored(more))
    with pytest.raises(InputError, match=f"one model plays the user, {ONE}"):
        pooled(one)
    with pytest.raises(InputError, match=f"user {ONE} plays in run 'a' and in run 'c'"):
        pooled(one, run("c", ONE, scored(less)))
    lone = {place: 3 for place in scored(more) if place[0] == "remembers"}
    with pytest.raises(InputError, match="has one target"):
        pooled(run("a", ONE, lone), run("b", TWO, lone))


def test_users_who_rate_their_own_talks_are_pooled_and_that_is_told() -> None:
    found = pooled(run("a", ONE, scored(more)), run("b", TWO, scored(more)))
    assert found.raters == ("self",)
    assert any("each user also rates its own talks" in note for note in found.notes)
    another = {"model": "offline/rater"}
    apart = pooled(run("a", ONE, scored(more), rater=another), run("b", TWO, scored(more), rater=another))
    assert apart.raters == ("offline/rater",)
    assert not any("rates its own" in note for note in apart.notes)


def test_one_model_that_plays_in_two_ways_is_two_users_named_by_their_runs() -> None:
    warm = run("b", ONE, scored(more))
    study = examples.study(**{**warm.study.model_dump(exclude={"user"}), "user": {"model": ONE, "sampling": {"temperature": 1.2}}})
    found = pooled(run("a", ONE, scored(more)), replace(warm, study=study))
    assert found.users == (f"{ONE} (a)", f"{ONE} (b)")


# --- as it is printed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_tables_fit_and_begin_with_the_answer(width: int) -> None:
    document = pooled(run("a", ONE, scored(more)), run("b", TWO, scored(less)))
    text = plain(render_pooled_users(document, width=width), width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    assert words.index(document.answer_sentence) < words.index(document.sentences[0])
    (row,) = (line for line in text.splitlines() if " all " in line and line.startswith("remembers −"))
    assert row.split()[-1] == "tied"
    assert ("14" in row.split()) == (width >= 80), "in a narrow window the number of personas gives way, and it is said"
    assert ("no room here for" in words) == (width < 100)
