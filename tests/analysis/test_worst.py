"""How well a persona's own mean is known: by scenarios, by seeds, or by the sessions of its one talk."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import stats

from sim.analysis.verdicts.worst import Talks, know_personas


def drawn(rng: np.random.Generator, personas: int, scenarios: int, *, seeds: int = 1, sessions: int = 4, truth: float = 3.0) -> Talks:
    """Every persona truly at `truth`: what scenarios, cells, talks and sessions add is noise."""
    scenes = rng.normal(0, 0.3, scenarios) if scenarios >= 4 else np.zeros(scenarios)
    return {
        f"p{i}": {
            f"s{j}": [list(truth + scenes[j] + cell + rng.normal(0, 0.2 if seeds > 1 else 0.0) + rng.normal(0, 0.3, sessions)) for _ in range(seeds)]
            for j in range(scenarios)
            for cell in [rng.normal(0, 0.3) if scenarios >= 4 else 0.0]
        }
        for i in range(personas)
    }


def mean(of: dict[str, list[list[float]]]) -> float:
    return float(np.mean([np.mean(talk) for talks in of.values() for talk in talks]))


def test_one_talk_each_goes_by_the_sessions_within_it() -> None:
    known = know_personas({"a": {"s": [[1, 2, 3]]}, "b": {"s": [[4, 4, 4]]}})
    assert (known.unit, known.df) == ("sessions", 4)
    assert known.errors["a"] == pytest.approx((2 / 4 / 3) ** 0.5)
    assert known.half("a") == pytest.approx(stats.t.ppf(0.975, 4) * (1 / 6) ** 0.5)
    assert known.half("a", of=2) == pytest.approx(stats.t.ppf(1 - 0.0125, 4) * (1 / 6) ** 0.5)


def test_seeds_are_talks_and_their_sessions_no_observations_of_their_own() -> None:
    known = know_personas({"a": {"s": [[1] * 9, [3] * 9]}, "b": {"s": [[4] * 9, [4] * 9]}})
    assert (known.unit, known.df) == ("seeds", 2)
    assert known.errors["a"] == pytest.approx((2 / 2 / 2) ** 0.5)


def test_from_four_scenarios_on_a_persona_has_been_seen_as_often_as_it_has_scenarios() -> None:
    known = know_personas({p: {f"s{j}": [[x] * 5] for j, x in enumerate(v)} for p, v in {"a": [1, 2, 3, 4], "b": [2, 3, 4, 5]}.items()})
    assert known.unit == "scenarios"
    # Scenarios do the same to both: their spread is all there is, and four of them tell it.
    assert known.df == pytest.approx(3)
    assert known.errors["a"] == pytest.approx((5 / 3 / 4) ** 0.5)


def test_one_talk_of_one_session_tells_nothing() -> None:
    known = know_personas({"a": {"s": [[3]]}, "b": {"s": [[4]]}})
    assert known.half("a") == inf


@pytest.mark.parametrize(("scenarios", "seeds"), [(1, 1), (1, 3), (2, 2), (4, 1), (8, 1), (6, 2)])
def test_an_interval_holds_a_personas_mean_as_often_as_it_says(scenarios: int, seeds: int) -> None:
    rng = np.random.default_rng([scenarios, seeds])
    held = failed = 0
    for _ in range(600):
        talks = drawn(rng, 12, scenarios, seeds=seeds)
        known = know_personas(talks)
        held += abs(mean(talks["p0"]) - 3) <= known.half("p0")
        failed += any(mean(of) + known.half(p, of=12) < 3 for p, of in talks.items())
    assert 0.92 <= held / 600 <= 0.985
    # All twelve are truly at the bar, and that any is below it is said in 2.5 % at most.
    assert failed / 600 <= 0.05
