"""Who never answered is found in the journal alone, with the cause in the words of the failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.analysis.figures.outages import bare_cause, find_budget_stops, find_outages
from sim.core.event import CallLost, TrialFailed
from sim.present.text.outages import outage_line
from tests.analysis.trials import Diary, planned


def lost(where: str, message: str = "http/remembers: status 500: broken", n: int = 1) -> CallLost:
    return CallLost(trial="t", part=f"{where}#{n}", cause="infrastructure", message=message)


def stopped(name: str, *events: CallLost, target: str = "remembers") -> object:
    return replace(planned(f"{target}/{name}", target=target), lost=events)


def test_who_answered_once_is_not_out() -> None:
    assert find_outages([stopped("a", lost("target_replies")), Diary(planned()).open().exchange(4).close().finish()]) == ()  # type: ignore[list-item]


def test_nothing_lost_is_nothing_to_say() -> None:
    assert find_outages([planned()]) == ()
    budget = replace(planned(), lost=(CallLost(trial="t", part="user_speaks#1", cause="budget", message="used up"),))
    assert find_outages([budget]) == ()


def test_the_most_frequent_cause_is_named_once_with_how_far_the_trials_came() -> None:
    trials = [
        stopped("a", lost("target_replies")),
        stopped("b", lost("open_session", "http/remembers: odd")),
        stopped("c", lost("target_replies")),
        planned(),
    ]
    (found,) = find_outages(trials)  # type: ignore[arg-type]
    assert (found.who, found.cause, found.trials, found.tried, found.not_begun) == ("remembers", "status 500: broken", 4, 3, 1)
    assert outage_line(found) == "remembers never answered: status 500: broken; 3 trials stopped, 1 not begun"


def test_a_target_that_was_only_looked_for_was_never_begun() -> None:
    away = stopped("a", lost("reach", "could not be reached at http://127.0.0.1:9/chat: connection refused"))
    (found,) = find_outages([away, planned()])  # type: ignore[list-item]
    assert outage_line(found) == "remembers could not be reached at http://127.0.0.1:9/chat: connection refused; 2 trials not begun"


def test_a_user_that_never_spoke_is_named_and_not_the_targets_it_never_reached() -> None:
    trials = [stopped(str(i), lost("user_speaks", "openai/any: status 401: no key"), target=t) for i in (1, 2) for t in ("a", "b")]
    (found,) = find_outages(trials)  # type: ignore[arg-type]
    assert outage_line(found) == "the simulated user never spoke: status 401: no key; 4 trials stopped"


def test_a_target_that_refused_every_trial_for_good_never_answered_either() -> None:
    failed = replace(planned(), failed=TrialFailed(trial="t", cause="too_long", message="openai/any: the prompt is too long"))
    (found,) = find_outages([failed])
    assert outage_line(found) == "remembers never answered: the prompt is too long; 1 trial stopped"


@pytest.mark.parametrize(
    ("message", "bare"),
    [
        ("http/my-bot: status 500: x", "status 500: x"),
        ("openai/gpt-5:2026: no", "no"),
        ("callable/bot raised KeyError: 3", "callable/bot raised KeyError: 3"),
        ("could not be reached at http://a/b: no", "could not be reached at http://a/b: no"),
    ],
)
def test_the_name_before_a_cause_is_left_out(message: str, bare: str) -> None:
    assert bare_cause(message) == bare


def test_each_budget_that_stopped_trials_is_told_once_and_nothing_else_is() -> None:
    used_up = "the budget of 9 tokens is used up ({} spent); raise --max-tokens … to go on"
    rater = "the budget of 2 tokens for the rater is used up (2 spent); raise --max-tokens rater=… to go on"
    losses = [("budget", used_up.format(8)), ("infrastructure", "status 500"), ("budget", used_up.format(9)), ("budget", rater)]
    assert find_budget_stops(losses) == (used_up.format(8), rater)
