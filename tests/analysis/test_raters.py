from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sim.analysis.stats.order import compare_orders
from sim.analysis.trust.judging import judge_run, own_targets
from sim.analysis.trust.raters import compare_raters, compare_simulators
from sim.core.codebook import DIMENSIONS
from sim.core.record import Trial
from tests import examples
from tests.analysis.trials import Diary, Given, planned, ratings


def trial(target: str, persona: str, given: Given, **others: Given) -> Trial:
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open()
    return diary.exchange(given, others={f"observer:{k}": v for k, v in others.items()}).close().finish()


def test_a_rater_that_turns_the_order_round_flips_every_preference() -> None:
    trials = [trial(t, p, g, other=o) for t, g, o in (("a", 5, 1), ("b", 3, 3), ("c", 1, 5)) for p in ("nora", "omar")]
    found = compare_raters(examples.study(), trials).others["observer:other"]
    assert (found.swap.order.systems, found.swap.order.alike, found.swap.order.spearman) == (3, 0, pytest.approx(-1))
    assert (found.swap.flips.n, found.swap.flips.share, found.swap.cells, found.swap.difference) == (6, 1, 6, 0)
    assert (found.scores.n, found.scores.moved, found.scores.by_two) == (42, pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_controls_of_the_primary_rater_are_no_other_rater() -> None:
    diary = Diary(planned()).open().exchange(3, others={"self:repeat": 4}).close()
    assert compare_raters(examples.study(), [diary.finish()]).others == {}


def test_two_runs_are_paired_by_target_persona_and_scenario() -> None:
    these = [trial(t, p, g) for t, g in (("a", 4), ("b", 2)) for p in ("nora", "omar")]
    those = [trial("a", "nora", 5), trial("b", "nora", 2), trial("a", "pia", 1), trial("c", "nora", 1)]
    found = compare_simulators(these, those, rater="self")
    assert (found.cells, found.order.systems, found.flips.n, found.flips.flipped, found.difference) == (2, 2, 1, 0, 0.5)
    nothing = compare_simulators(these, [], rater="self")
    assert (nothing.cells, nothing.difference, nothing.flips.share, nothing.order.first) == (0, None, None, None)


def test_a_rater_that_tires_is_found_out_by_the_order_of_asking() -> None:
    rng = random.Random(4)
    trials = []
    for persona in ("nora", "omar", "pia", "quin"):
        diary = Diary(planned(f"{persona}/moving-house/remembers/1", persona=persona)).open()
        for _ in range(12):
            diary.exchange(3)
            order = rng.sample(DIMENSIONS, len(DIMENSIONS))
            scored = ratings([5 if order.index(d) < 3 else 2 for d in DIMENSIONS])
            diary.events[-2] = diary.events[-2].model_copy(update={"result": {d: scored[d] for d in order}})
        trials.append(diary.close().finish())
    asked = compare_raters(examples.study(), trials).habits.asked
    assert asked.n == 4 * 12 * 7
    assert asked.last_less_first is not None
    assert asked.interval is not None
    assert asked.interval[1] < -2


def test_one_order_of_asking_tells_nothing() -> None:
    diary = Diary(planned()).open()
    for _ in range(10):
        diary.exchange([1, 2, 3, 4, 5, 4, 3])
    assert compare_raters(examples.study(), [diary.close().finish()]).habits.asked.last_less_first is None


def test_an_order_of_two_ties_is_no_pair_and_p_is_exact() -> None:
    import numpy as np

    found = compare_orders(np.array([1.0, 1, 2, 3]), np.array([1.0, 2, 3, 4]), list("abcd"))
    assert (found.pairs, found.alike, found.first) == (5, 5, ("d", "d"))
    assert found.p == pytest.approx(4 / 24)


def test_people_who_talk_and_people_who_read_are_kept_apart() -> None:
    told = Diary(planned()).open().exchange(4, others={"human:1": 3, "human:2": 2, "observer:o": 5}).close(4).finish()
    read = judge_run(examples.study(), [told])
    assert (read.talked, set(read.raters)) == ((), {"self", "human:1", "human:2", "observer:o"})
    session = replace(told.sessions[0], criterion={"human:2": told.sessions[0].criterion["self"]})
    by_looking_back = judge_run(examples.study(), [replace(told, sessions=(session,))])
    assert {j.rater for j in by_looking_back.talked} == {"self", "human:2"}
    assert {j.rater for j in by_looking_back.read} == {"human:1", "observer:o"}


def test_whoever_rates_first_talks_where_no_model_plays_the_user() -> None:
    told = Diary(planned()).open().exchange(4, others={"human:1": 3, "human:2": 2}).told()
    found = judge_run(examples.study(), [replace(told, spent={r: s for r, s in told.spent.items() if r != "user"})])
    assert {j.rater for j in found.talked} == {"self", "human:1"}


def test_unscored_ratings_are_no_judgement_and_counted() -> None:
    diary = Diary(planned()).open().exchange([4, "?", 3, 3, "na", "na", "missed"], others={"self:repeat": 1}).close()
    found = judge_run(examples.study(), [diary.finish()])
    assert (found.unscored, [j.score for j in found.read]) == (1, [4, 3, 3, "n/a", "n/a", 1])


def test_a_rater_of_a_run_is_a_target_where_it_is_the_same_model() -> None:
    study = examples.study(
        targets=[{"id": "a", "model": "openai/gpt-4o"}, {"id": "b", "model": "openai/gpt-4o-mini"}],
        observers=[{"id": "o", "model": "openai/gpt-4o"}],
    )
    found = own_targets(study, ["self", "human:1", "observer:o", "observer:openai/gpt-4o-mini"])
    assert found == {"observer:o": {"a"}, "observer:openai/gpt-4o-mini": {"b"}}
