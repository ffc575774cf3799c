"""What is still to come is guessed from what has happened: sessions that end early, trials that fail, talks that start over."""

from __future__ import annotations

import io

from sim.cli.progress import Progress
from sim.core.event import Event, SessionClosed, SessionOpened, TargetReplied, TrialFailed, TrialFinished, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.run.plan import plan_trials
from tests import examples

(PLAN,) = plan_trials(examples.study(targets=examples.study().targets[:1], seeds=(1,)), [examples.persona()], [examples.scenario()])
MOST = [s.spec.exchanges.max for s in PLAN.cast.sessions]


def session(index: int, exchanges: int, *, take: int = 1, closed: bool = True) -> list[Event]:
    """A session of so many exchanges."""
    place = {"trial": PLAN.id, "session": index, "take": take}
    events: list[Event] = [SessionOpened(**place, date=PLAN.cast.sessions[index - 1].date)]
    for n in range(1, exchanges + 1):
        events += [UserSpoke(**place, exchange=n, said=Utterance(message="Hello?")), TargetReplied(**place, exchange=n, reply="Hm.")]
    return [*events, SessionClosed(**place, ending="left")] if closed else events


def counted(events: list[Event], *, done: tuple[Trial, ...] = ()) -> str:
    """The last line that is said of a run in which this happened: exchanges made, and expected."""
    out = io.StringIO()
    progress = Progress((PLAN,), stream=out, done=done)
    progress._said = 0.0  # Ten seconds ago, so that a line is due with every event.
    for event in events:
        progress.on_event(event)
        progress._said = 0.0
    return out.getvalue().splitlines()[-1].split(",")[0]


def test_a_session_that_ends_early_makes_the_run_shorter() -> None:
    assert counted(session(1, MOST[0])) == f"{MOST[0]}/{sum(MOST)} exchanges"
    assert counted(session(1, 1)) == f"1/{sum(MOST) - MOST[0] + 1} exchanges"


def test_a_run_whose_people_all_leave_early_is_over_when_its_last_session_is() -> None:
    events = [e for index in range(1, len(MOST) + 1) for e in session(index, 1)]
    assert counted([*events, TrialFinished(trial=PLAN.id)]) == f"{len(MOST)}/{len(MOST)} exchanges"


def test_nothing_more_is_expected_of_a_trial_that_failed() -> None:
    failed = TrialFailed(trial=PLAN.id, cause="refused", message="No.")
    assert counted([*session(1, MOST[0]), *session(2, 1, closed=False), failed]) == f"{MOST[0] + 1}/{MOST[0] + 1} exchanges"


def test_a_session_that_starts_over_is_expected_again_in_full() -> None:
    assert counted([*session(1, 2), *session(1, 1, take=2, closed=False)]) == f"1/{sum(MOST)} exchanges"


def test_what_was_over_before_a_resume_is_not_waited_for() -> None:
    before = fold(PLAN.blank(), session(1, 1))
    assert counted(session(2, 1, closed=False), done=(before,)) == f"2/{sum(MOST) - MOST[0] + 1} exchanges"
