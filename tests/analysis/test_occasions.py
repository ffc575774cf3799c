"""Occasions that users gave: which facts they were about, how many there were, and which two sides had in common."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sim.analysis.figures.measures import BY_ID
from sim.analysis.figures.occasions import Met, find_occasions
from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from sim.core.event import TrialForgotten, Utterance
from sim.core.fold import fold
from sim.core.forget import forget_text
from sim.core.record import Trial
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, Given, planned

FIXED: list[Given] = [3, 3, 3, 3]
ASKED = ("callback", "van")


def talk(target: str, persona: str, later: Sequence[tuple[tuple[str, ...], Given]], *, tells_cat: bool = True) -> Diary:
    """The van and the flat are told by script, the cat is drawn out; then a second session brings up facts and is rated on them."""
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open()
    diary.exchange([*FIXED, "na", "na", "na"], user="I live in Mill Lane, and the van comes on Thursday.")
    diary.exchange([*FIXED, "na", "na", "na"], user="Biscuit hates boxes." if tells_cat else "Boxes everywhere.").close(4).open()
    for facts, score in later:
        diary.exchange([*FIXED, "na", "na", score], user=Utterance(message="As I said.", facts_used=facts))
    return diary.close(4)


def run(trials: Sequence[Trial]) -> RunSource:
    return RunSource("r", examples.study(), CODEBOOK, trials)


def test_a_callback_is_about_the_facts_told_before_and_scripted_where_all_were_told() -> None:
    trial = talk("remembers", "nora", [(("van", "cat"), 5), (("cat",), 2), (("knee",), "na")]).finish()
    assert find_occasions(trial, "self") == (
        Met(session=2, dimension="callback", about=("van", "cat"), scripted=("van",), score=5.0),
        Met(session=2, dimension="callback", about=("cat",), scripted=(), score=2.0),
    )
    assert find_occasions(trial, "somebody else") == ()


def test_the_second_endpoint_takes_scripted_facts_alone_one_by_one() -> None:
    trial = talk("remembers", "nora", [(("van", "cat"), 5), (("van",), 3), (("persona.home", "flat"), 1), (("cat",), 2)]).finish()
    table = run([trial]).table
    assert table.values(BY_ID["callback_scripted"].parts[0]) == {trial.id: {(2, "van"): 4.0, (2, "flat"): 1.0}}
    assert table.mean(BY_ID["callback_scripted"].parts, [trial.id]) == 2.5
    shown = summarise(examples.study(), [trial], run="r", status="finished", offline=(), codebook=CODEBOOK).targets[0].likability
    assert (shown.scripted, shown.dimensions["callback"].mean) == (2.5, (5 + 3 + 1 + 2) / 4)


def test_two_targets_are_held_against_each_other_on_the_same_facts() -> None:
    people = [f"p{i}" for i in range(4)]
    trials = [talk("remembers", p, [(("van",), 4), (("flat",), 5)]).finish() for p in people]
    trials += [talk("forgets", p, [(("van",), 1), (("cat",), 5)]).finish() for p in people]
    (scripted,) = compare([run(trials)]).measures["callback_scripted"].comparisons
    assert (scripted.difference, scripted.mean_a, scripted.mean_b, scripted.personas) == (3, 4, 1, 4)
    (all_occasions,) = compare([run(trials)]).measures["callback"].comparisons
    assert all_occasions.difference == 4.5 - 3
    (common,) = compare([run(trials)]).measures["likability_common"].comparisons
    assert common.split["callback"] == pytest.approx(3 / 5)


def test_who_draws_out_more_is_counted_with_a_test_and_told() -> None:
    people = [f"p{i}" for i in range(6)]
    many: list[tuple[tuple[str, ...], Given]] = [(("van",), 3), (("flat",), 3)]
    trials = [talk("remembers", p, many[: 2 - (i == 0)]).finish() for i, p in enumerate(people)]
    trials += [
        talk("forgets", p, [(("knee",), "na"), (("van",), 3)] if i == 1 else [(("knee",), "na")], tells_cat=i == 2).finish()
        for i, p in enumerate(people)
    ]
    document = compare([run(trials)])
    (times,) = document.measures["occasions.callback"].comparisons
    # Over two sessions, of which the first can have none: (1 + 5 × 2)/2/6 against (0 × 5 + 1)/2/6.
    assert (times.mean_a, times.mean_b) == (pytest.approx(11 / 12), pytest.approx(1 / 12))
    assert times.interval is not None
    assert times.interval[0] > 0
    assert times.p is not None
    (facts,) = document.measures["elicited_facts"].comparisons
    assert facts.difference == pytest.approx(5 / 6)
    told = document.headlines[0].occasions
    assert "0.8 more occasions for callback a session with remembers" in told
    assert "0.8 more facts drawn out in a trial by remembers" in told
    assert "on common occasions" in told
    shown = summarise(examples.study(), trials, run="r", status="finished", offline=(), codebook=CODEBOOK).targets
    assert [t.occasions["callback"] for t in shown] == [pytest.approx(11 / 12), pytest.approx(1 / 12)]
    assert [t.occasions["humor_fit"] for t in shown] == [0, 0]


def test_what_was_not_rated_has_no_count_and_what_could_not_be_rated_has() -> None:
    unrated = Diary(planned()).open().exchange(None, user="Well.").close().finish()
    assert run([unrated]).table.values(BY_ID["occasions.callback"].parts[0]) == {}
    assert run([unrated]).table.values(BY_ID["elicited_facts"].parts[0]) == {}
    unscored = talk("remembers", "nora", [(("van",), "?")]).finish()
    assert find_occasions(unscored, "self") == (Met(session=2, dimension="callback", about=("van",), scripted=("van",), score=None),)


def test_of_a_forgotten_trial_occasions_are_counted_and_belong_to_no_fact() -> None:
    diary = talk("remembers", "nora", [(("van",), 4)])
    left = fold(diary.trial, [*map(forget_text, diary.events), TrialForgotten(trial=diary.trial.id)])
    (met,) = find_occasions(left, "self")
    assert (met.dimension, met.about, met.scripted, met.score) == ("callback", (), (), 4.0)
    assert run([left]).table.values(BY_ID["elicited_facts"].parts[0]) == {}


def test_what_is_of_two_sides_alone_has_no_figure_of_one() -> None:
    source = run([talk("remembers", "nora", [(("van",), 4)]).finish()])
    assert source.arm("remembers").figure(BY_ID["likability_common"]) is None


def test_a_surprise_enters_no_mean_of_any_level() -> None:
    trial = Diary(planned()).open().exchange([4, 4, 4, 4, "na", "surprise", "surprise"]).exchange([4, 4, 4, 4, "na", 2, "na"]).close().finish()
    table = run([trial]).table
    assert table.mean(BY_ID["humor_fit"].parts, [trial.id]) == 2
    assert table.mean(BY_ID["callback"].parts, [trial.id]) is None
    assert table.mean(BY_ID["likability"].parts, [trial.id]) == (4 * 4 + 2) / 5
    assert [e.mean("self") for e in trial.exchanges] == [4, (16 + 2) / 5]
