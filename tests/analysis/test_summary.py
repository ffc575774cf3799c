from __future__ import annotations

import json
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.figures.run_summary import RunSummary, TargetSummary
from sim.analysis.figures.summary import summarise
from sim.core.codebook import ALWAYS, DIMENSIONS
from sim.core.errors import Cause
from sim.core.event import CallLost, Flag, TrialFailed
from sim.core.fold import fold
from sim.core.record import Trial
from tests import examples
from tests.analysis.stories import CODEBOOK, whole_run
from tests.analysis.trials import Diary, Given, planned
from tests.effort import tries


def summary(trials: list[Trial], *, offline: tuple[str, ...] = (), **study: object) -> RunSummary:
    return summarise(examples.study(**study), trials, run="first-look", status="finished", offline=offline, codebook=CODEBOOK)  # type: ignore[arg-type]


def target(trials: list[Trial], **study: object) -> TargetSummary:
    return summary(trials, **study).targets[0]


def trial(*sessions: list[Given], persona: str = "nora", seed: int = 1) -> Trial:
    """A trial whose exchanges were each given one value on all seven dimensions."""
    diary = Diary(planned(f"{persona}/moving-house/remembers/{seed}", persona=persona, seed=seed))
    for session in sessions:
        diary.open()
        for value in session:
            diary.exchange(value, ["advice"])
        diary.close()
    return diary.finish()


def test_each_level_is_the_unweighted_mean_of_the_one_below() -> None:
    nora = [trial([5], [1, 1, 1]), trial([5, 4], seed=2)]  # sessions 5 and 1 → 3; 4.5 → persona 3.75
    omar = [trial([2], persona="omar")]  # persona 2
    found = target([*nora, *omar]).likability
    assert found.mean == found.fixed_set == found.dimensions["callback"].mean == pytest.approx((3.75 + 2) / 2)
    assert (found.n, found.n_personas, found.dimensions_scored) == (7, 2, 7)


def test_likability_is_the_mean_of_dimension_means_and_not_of_scores() -> None:
    told = Diary(planned()).open().exchange([4, 4, 4, 4, "na", "na", 1]).exchange([4, 4, 4, 4, "na", "na", "na"]).finish()
    found = target([told]).likability
    assert found.mean == pytest.approx((4 * 4 + 1) / 5)
    assert (found.fixed_set, found.dimensions_scored) == (4, 5)


def test_what_is_not_scored_leaves_every_mean_and_is_counted() -> None:
    told = Diary(planned()).open().exchange([5, "?", 5, 5, "na", "na", "na"]).exchange([5, 3, 5, 5, "na", "?", "na"]).finish()
    found = target([told]).likability.dimensions
    assert (found["formality_matching"].mean, found["formality_matching"].n, found["formality_matching"].unscored) == (3, 1, 1)
    assert (found["humor_fit"].mean, found["humor_fit"].n, found["humor_fit"].not_applicable, found["humor_fit"].unscored) == (None, 0, 1, 1)


def test_nothing_scored_is_null_and_never_0() -> None:
    dumped = json.loads(summary([planned(), Diary(planned("b", target="forgets")).open().exchange(None, None).told()]).model_dump_json())
    for of in dumped["targets"]:
        assert of["likability"]["mean"] is of["likability"]["fixed_set"] is of["likability"]["interval"] is None
        assert {d["mean"] for d in of["likability"]["dimensions"].values()} == {None}
        assert of["criterion"]["enjoyment"] == {"mean": None, "n": 0, "n_personas": 0, "unscored": 0}
        assert of["repetition"]["stickiness"] is of["repetition"]["jaccard"] is None


def test_occasion_and_attempt_are_counted_in_all_four_ways() -> None:
    values: list[list[Given]] = [[5, 5, 5, 5, 4, "missed", "surprise"], [5, 5, 5, 5, 4, "na", "surprise"]]
    diary = Diary(planned()).open()
    for value in values:
        diary.exchange(value)
    found = target([diary.finish()]).likability.dimensions
    counts = {d: (f.hit, f.missed, f.surprise, f.not_applicable) for d, f in found.items()}
    assert counts["reference_understanding"] == (2, 0, 0, 0)
    assert counts["humor_fit"] == (0, 1, 0, 1)
    assert counts["callback"] == (0, 0, 2, 0)
    assert (found["callback"].mean, found["callback"].n, found["callback"].surprise_mean) == (None, 0, 4)


def test_evidence_that_was_not_found_is_counted_where_it_stood() -> None:
    found = target([Diary(planned()).open().exchange([5, "unfounded", 5, 5, "missed", "na", "na"]).finish()]).likability.dimensions
    assert {d: f.quotes_not_found for d, f in found.items() if f.quotes_not_found} == {"formality_matching": 1}


def test_only_the_primary_rater_feeds_likability_and_observers_stand_beside() -> None:
    told = Diary(planned()).open().exchange(5, others={"observer:strict": [1, 1, 1, 1, "na", "na", 3], "human:7": 2}).finish()
    found = target([told], observers=[{"id": "strict", "model": "openai/x"}, {"id": "late", "model": "openai/y"}]).likability
    assert found.mean == 5
    assert list(found.observers) == ["observer:strict", "observer:late", "human:7"]
    strict, late = found.observers["observer:strict"], found.observers["observer:late"]
    assert (strict.mean, strict.fixed_set, strict.n) == (pytest.approx(7 / 5), 1, 1)
    assert (late.mean, late.n) == (None, 0)


def test_the_interval_is_the_t_interval_of_persona_means() -> None:
    means = {"nora": 2, "omar": 3, "pia": 4, "quin": 3}
    found = target([trial([value], persona=name) for name, value in means.items()]).likability
    half = 3.182446305284263 * sqrt(2 / 3 / 4)  # t(.975, 3) × the standard error of 2, 3, 4, 3
    assert found.interval == pytest.approx((3 - half, 3 + half))
    assert found.fixed_set_interval == found.dimensions["length_fit"].interval == pytest.approx(found.interval)


def test_no_interval_goes_beyond_the_scale() -> None:
    means = {"nora": 2, "omar": 4, "pia": 5, "quin": 3}
    found = target([trial([value], persona=name) for name, value in means.items()]).likability
    assert found.interval is not None
    assert found.interval[1] == 5


def test_two_personas_give_no_interval() -> None:
    assert target([trial([5]), trial([1], persona="omar")]).likability.interval is None


def test_criterion_is_aggregated_over_sessions() -> None:
    nora = Diary(planned()).open().exchange(3).close(5).open().exchange(3).close(4).finish()
    omar = Diary(planned("o", persona="omar")).open().exchange(3).close(1).finish()
    found = target([nora, omar]).criterion
    assert (found["enjoyment"].mean, found["enjoyment"].n, found["return"].n_personas) == (pytest.approx((4.5 + 1) / 2), 3, 2)


def test_repetition_is_within_sessions_on_the_codebooks_moves() -> None:
    diary = Diary(planned()).open().exchange(3, ["advice", "closing_offer"]).exchange(3, ["advice"], reply="Four words it has.").close()
    diary.open().exchange(3, ["validation"]).exchange(3, None).close()
    found = target([diary.finish()]).repetition
    assert (found.codebook, found.pairs, found.untagged, found.jaccard, found.moves_per_reply) == ("mint", 1, 1, 1.0, 1.0)
    assert found.words_per_reply == pytest.approx((6 + 4 + 6 + 6) / 4)


def test_a_cost_is_null_where_none_is_known_and_partial_where_some_are() -> None:
    unknown = target([Diary(planned()).open().exchange(3, costs=None).told()])
    assert (unknown.cost["target"], unknown.unknown_cost["target"]) == (None, 1)
    some = target([Diary(planned()).open().exchange(3).exchange(3, costs=None).told()])
    assert (some.cost["target"], some.unknown_cost["target"]) == (0.01, 1)
    free = target([Diary(planned()).open().exchange(3, costs=0.0).told()])
    assert (free.cost["target"], free.unknown_cost["target"]) == (0.0, 0)
    assert "tagger" not in some.cost
    assert (some.tokens["rater"].input, some.tokens["rater"].output) == (200, 20)


def test_trials_are_counted_by_status_planned_ones_included() -> None:
    found = summary(whole_run())
    assert found.trials.model_dump() == {"planned": 6, "finished": 3, "failed": 1, "stopped": 2}
    assert [(t.target, t.trials, t.finished) for t in found.targets] == [("remembers", 3, 2), ("forgets", 3, 1)]
    assert summary([planned()]).trials.model_dump() == {"planned": 1, "finished": 0, "failed": 0, "stopped": 0}


def test_absent_verdicts_are_counted_for_what_resume_would_buy() -> None:
    told = Diary(planned()).open().exchange(None, None).exchange(3, None).exchange(3).close(None).told()
    absent = target([told], observers=[{"id": "strict", "model": "openai/x"}]).absent
    assert (absent.ratings, absent.criterion, absent.tags) == (1 + 3, 1, 2)
    failed = fold(told, [TrialFailed(trial=told.id, cause="refused", message="No.")])
    assert not target([failed]).absent.any


def test_flags_endings_and_losses_are_counted_by_kind() -> None:
    flag = Flag(kind="echo", severity="note", evidence="Well.")
    diary = Diary(planned()).open().exchange(3, flags=(flag, flag)).close(ending="left", left="dinner").open().exchange(3).close(ending="farewell")
    cause: Cause = "budget"
    lost = CallLost(trial=diary.trial.id, session=2, take=1, exchange=1, part="rate_likability:self#1", cause=cause, message="used up")
    found = target([fold(diary.told(), [lost])])
    assert (found.flags, found.endings, found.lost) == ({"echo": 2}, {"farewell": 1, "left": 1}, {"budget": 1})


def test_the_worst_exchange_is_the_earliest_of_the_lowest() -> None:
    found = target([trial([4, 2], [2], persona="omar"), trial([3], persona="nora")]).likability.worst
    assert found is not None
    assert (found.trial, found.session, found.exchange, found.score) == ("omar/moving-house/remembers/1", 1, 2, 2)


def test_the_offline_mark_follows_the_parts() -> None:
    assert summary([], offline=("user",)).offline
    assert not summary([]).offline


def test_the_json_has_the_promised_shape() -> None:
    found = json.loads(json.dumps(summary(whole_run()).model_dump(mode="json")))
    assert {"run", "offline", "status", "trials", "targets"} <= set(found)
    assert {"target", "trials", "exchanges", "likability", "criterion", "repetition", "tokens", "cost"} <= set(found["targets"][0])
    likability = found["targets"][0]["likability"]
    assert tuple(likability["dimensions"]) == DIMENSIONS
    promised = {"mean", "interval", "n", "n_personas", "not_applicable", "unscored", "quotes_not_found", "hit", "missed", "surprise", "surprise_mean"}
    assert set(likability["dimensions"]["callback"]) == promised
    figures = {"stickiness", "base_rate", "excess", "pooled", "expected", "jaccard", "moves_per_reply", "words_per_reply"}
    assert figures <= set(found["targets"][0]["repetition"])
    assert RunSummary.model_validate_json(json.dumps(found)) == summary(whole_run())


GIVEN = st.sampled_from([1, 2, 3, 4, 5, "na", "?", "missed", "surprise", "unfounded"])
EXCHANGES = st.lists(st.lists(GIVEN, min_size=7, max_size=7), min_size=1, max_size=3)
TRIALS = st.lists(st.tuples(st.sampled_from(["nora", "omar", "pia", "quin"]), st.lists(EXCHANGES, min_size=1, max_size=2)), max_size=5)


def written(drawn: list[tuple[str, list[list[list[Given]]]]]) -> list[Trial]:
    trials = []
    for i, (persona, sessions) in enumerate(drawn):
        diary = Diary(planned(f"{persona}/{i}", persona=persona))
        for session in sessions:
            diary.open()
            for values in session:
                diary.exchange(values)
        trials.append(diary.told())
    return trials


@tries(30)
@given(TRIALS, st.randoms(use_true_random=False))
def test_figures_hold_together_whatever_was_rated(drawn: list[tuple[str, list[list[list[Given]]]]], random: object) -> None:
    trials = written(drawn)
    found = target(trials).likability
    exchanges = sum(len(t.exchanges) for t in trials)
    for figures in found.dimensions.values():
        assert figures.n + figures.surprise + figures.not_applicable + figures.unscored == exchanges
        assert figures.hit + figures.missed == figures.n
        assert (figures.surprise_mean is None) == (figures.surprise == 0)
        assert (figures.mean is None) == (figures.n == 0) == (figures.n_personas == 0)
        assert figures.mean is None or 1 <= figures.mean <= 5
    if found.fixed_set is not None:
        assert min(f.mean for d in ALWAYS if (f := found.dimensions[d]).mean is not None) <= found.fixed_set
    if found.interval is not None and found.mean is not None:
        assert found.interval[0] <= found.mean <= found.interval[1]
        assert found.n_personas >= 3
    shuffled = list(trials)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert target(shuffled).likability == found


def test_of_a_trial_that_a_person_holds_nothing_is_absent_that_nobody_is_asked_for() -> None:
    """A person is not asked the same twice, and looks back themself; the study's own rater rates beside them."""
    held = {"played_by": "people", "controls": {"one_by_one": 1, "repeat": 1}}
    person: dict[str, Given] = {"human:p3": 4}
    answered = Diary(planned()).open().exchange(3, others=person).exchange(3, others=person)
    assert not target([answered.told()], **held).absent.any
    absent = target([answered.close().told()], **held).absent.model_dump()
    assert {name: n for name, n in absent.items() if n} == {"criterion": 1}
    whole = Diary(planned()).open().exchange(3, others=person).exchange(3, others=person).close(4, by="human:p3").told()
    assert not target([whole], **held).absent.any
    unrated = summary([Diary(planned()).open().exchange(3, others=person).exchange(3).told()], **held)
    assert unrated.targets[0].absent.ratings == 1
    assert (unrated.controls.noise.share, unrated.controls.halo.share) == (0, 0)
