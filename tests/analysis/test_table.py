"""One average: whatever was rated, every level says what the definition says, and columns, estimates and points agree with it."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.figures.by_persona import summarise_personas, summarise_sessions
from sim.analysis.figures.by_trial import summarise_trial
from sim.analysis.figures.columns import extract_columns, mean_over
from sim.analysis.figures.measures import BY_ID, LIKABILITY
from sim.analysis.figures.summary import summarise
from sim.analysis.figures.table import MeasureTable, Viewpoint, population
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.gate_checks import unit_values
from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS, Dimension
from sim.core.event import Score
from sim.core.record import Trial
from tests import examples
from tests.analysis.cells import people, source
from tests.analysis.stories import CODEBOOK, whole_run
from tests.analysis.trials import Diary, Given, planned
from tests.effort import tries

GIVEN = st.sampled_from([1, 2, 3, 4, 5, "na", "?", "missed", "surprise"])
SESSIONS = st.lists(st.lists(st.lists(GIVEN, min_size=7, max_size=7), min_size=1, max_size=3), min_size=1, max_size=2)
TRIALS = st.lists(st.tuples(st.sampled_from(["nora", "omar", "pia"]), SESSIONS), min_size=1, max_size=5)
Drawn = list[tuple[str, list[list[list[Given]]]]]


def written(drawn: Drawn) -> list[Trial]:
    trials = []
    for i, (persona, sessions) in enumerate(drawn):
        diary = Diary(planned(f"{persona}/moving-house/remembers/{i}", persona=persona, seed=i))
        for session in sessions:
            diary.open()
            for values in session:
                diary.exchange(values)
        trials.append(diary.told())
    return trials


def scores(trials: list[Trial], dimension: Dimension, session: int | None) -> dict[str, list[list[list[int]]]]:
    """By persona: trials of sessions of scores."""
    found: dict[str, list[list[list[int]]]] = {}
    for trial in trials:
        sessions = []
        for s in trial.sessions:
            given = [r.score for e in s.exchanges if isinstance(r := e.ratings["self"][dimension], Score) and r.occasion]
            if given and session in (None, s.index):
                sessions.append(given)
        if sessions:
            found.setdefault(trial.cast.persona.id, []).append(sessions)
    return found


def by_definition(trials: list[Trial], over: tuple[Dimension, ...], session: int | None = None) -> float | None:
    """Exchanges → session → trial → persona → target, then over dimensions, written down once more."""
    means = []
    for dimension in over:
        personas = [fmean(fmean(map(fmean, sessions)) for sessions in of) for of in scores(trials, dimension, session).values()]
        means += [fmean(personas)] if personas else []
    return fmean(means) if means else None


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, abs=1e-12)


@tries(40)
@given(TRIALS)
def test_every_level_is_the_same_average(drawn: Drawn) -> None:
    trials = written(drawn)
    table = MeasureTable(trials, Viewpoint("self"))
    ids = [t.id for t in trials]
    for name, over in (("likability", DIMENSIONS), ("fixed_set", ALWAYS), ("callback", ("callback",))):
        parts = BY_ID[name].parts
        assert table.mean(parts, ids) == near(by_definition(trials, over))
        estimate = table.estimate(parts, ids)
        assert (None if estimate is None else float(estimate.value)) == near(by_definition(trials, over))
        for session in (1, 2):
            assert table.mean(parts, ids, session=session) == near(by_definition(trials, over, session))
        for trial in trials:
            assert table.mean(parts, [trial.id]) == near(by_definition([trial], over))


@tries(40)
@given(TRIALS)
def test_columns_points_and_trials_agree_with_it(drawn: Drawn) -> None:
    trials = written(drawn)
    table = MeasureTable(trials, Viewpoint("self"))
    columns = extract_columns(trials, "self")
    whole, steady = mean_over(columns.trial_means()), mean_over(columns.trial_means(slice(0, len(ALWAYS))))
    for i, trial in enumerate(trials):
        found = summarise_trial(trial, rater="self")
        assert found.whole.likability == near(by_definition([trial], DIMENSIONS))
        assert (None if np.isnan(whole[i]) else whole[i]) == near(found.whole.likability)
        assert (None if np.isnan(steady[i]) else steady[i]) == near(found.whole.fixed_set)
        for session, liked in found.sessions.items():
            assert liked.likability == near(by_definition([trial], DIMENSIONS, session))
    for point in summarise_personas(table):
        assert point.likability == near(by_definition([t for t in trials if t.id in point.trials], DIMENSIONS))
    for session_point in summarise_sessions(table, "remembers"):
        assert session_point.fixed_set == near(by_definition(trials, ALWAYS, session_point.session))
    own = [e.mean("self") for t in trials for e in t.exchanges]
    assert [None if np.isnan(m) else m for m in mean_over(columns.answered)] == own


def test_units_of_a_gate_are_the_levels_of_the_average_of_the_primary_outcome() -> None:
    """A persona is not the mean of its trials' likabilities: where one trial alone has a dimension, that dimension weighs as much as any."""
    cells = {("bot", "p", "s0"): [3, 3, 3, 3, 3, 3, 3], ("bot", "p", "s1"): [3, 3, 3, 3, "na", "na", 1]}
    assert [v for _, v in unit_values(source(cells).arm("bot"), "trial")] == [3, 3]  # type: ignore[arg-type]
    run = source(cells, primary="likability")  # type: ignore[arg-type]
    arm = run.arm("bot")
    assert sorted(v for _, v in unit_values(arm, "trial")) == [pytest.approx(13 / 5), 3]
    assert [v for _, v in unit_values(arm, "persona")] == [pytest.approx((6 * 3 + 2) / 7)]
    assert arm.figure(BY_ID[LIKABILITY]).value == pytest.approx((6 * 3 + 2) / 7)  # type: ignore[union-attr]


def test_what_show_says_is_what_rankings_and_gates_say() -> None:
    study, trials = examples.study(), whole_run()
    run = RunSource("first-look", study, CODEBOOK, trials)
    shown = summarise(study, trials, run="first-look", status="finished", offline=(), codebook=CODEBOOK, table=run.table)
    for target in shown.targets:
        expected = {
            "likability": target.likability.mean,
            "fixed_set": target.likability.fixed_set,
            "memory": target.memory.accuracy.accuracy,
            "abstention.balanced_accuracy": target.memory.abstention.balanced_accuracy,
            "adaptability": target.adaptability.value,
            "jaccard": target.repetition.jaccard,
            "repertoire": target.repetition.repertoire,
            "carry_over": target.repetition.carry_over,
            "words": target.repetition.words_per_reply,
            **{d: target.likability.dimensions[d].mean for d in DIMENSIONS},
            **{c: target.criterion[c].mean for c in CRITERIA},
        }
        for name, value in expected.items():
            found = run.arm(target.target).figure(BY_ID[name])
            assert (found.value if found else None) == near(value), name


@pytest.mark.parametrize(
    ("scenarios", "text"),
    [
        (1, "personas like these, in this scenario only"),
        (3, "personas like these, in these scenarios only"),
        (4, "personas and scenarios like these"),
    ],
)
def test_what_intervals_speak_of_is_said_in_one_way(scenarios: int, text: str) -> None:
    assert population(scenarios) == text


def test_personas_of_a_study_are_all_there() -> None:
    run = source({("bot", p, "s"): 3 for p in people(5)})  # type: ignore[misc]
    assert len(summarise_personas(run.table)) == 5
