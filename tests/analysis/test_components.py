from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.figures.columns import extract_columns
from sim.analysis.trust.components import EFFECTS, Effect, components_of, estimate_components
from sim.core.record import Trial
from tests.analysis.trials import Diary, planned

TRUE: dict[Effect, float] = {
    "target": 0.3,
    "persona": 0.2,
    "scenario": 0.1,
    "target × persona": 0.08,
    "target × scenario": 0.05,
    "persona × scenario": 0.06,
    "target × persona × scenario": 0.04,
    "residual": 0.15,
}
Planted = tuple[np.ndarray, dict[str, np.ndarray]]


def planted(rng: np.random.Generator, targets: int, personas: int, scenarios: int, seeds: int, *, drop: float = 0.0, **var: float) -> Planted:
    """A crossed design with the variances `TRUE`; `drop`: the share of trials that failed."""
    t, p, s, _ = (a.ravel() for a in np.meshgrid(*map(range, (targets, personas, scenarios, seeds)), indexing="ij"))
    at = {"target": t, "persona": p, "scenario": s}
    values = rng.normal(0, TRUE["residual"] ** 0.5, len(t))
    for effect, variance in TRUE.items():
        if effect != "residual":
            code = sum(at[f] * 1000**i for i, f in enumerate(effect.split(" × ")))
            _, group = np.unique(code, return_inverse=True)
            values = values + rng.normal(0, variance**0.5, group.max() + 1)[group]
    kept = rng.random(len(t)) >= drop
    return values[kept], {name: code[kept] for name, code in at.items()}


@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_planted_variances_come_out_on_average_also_with_trials_missing(drop: float) -> None:
    rng = np.random.default_rng(3)
    found = [components_of(*planted(rng, 5, 9, 4, 2, drop=drop)).components for _ in range(60)]
    for effect in EFFECTS:
        values = [of[effect].variance for of in found]
        mean, error = np.mean(values), np.std(values) / np.sqrt(len(values))
        assert abs(mean - TRUE[effect]) < 3.5 * error, effect


def test_balanced_data_give_the_analysis_of_variance() -> None:
    values = np.array([1.0, 2, 4, 3, 5, 9])
    found = components_of(values, {"target": np.repeat([0, 1], 3), "persona": np.tile([0, 1, 2], 2), "scenario": np.zeros(6, dtype=np.int64)})
    table = values.reshape(2, 3)
    rows, columns, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
    error = ((table - rows[:, None] - columns + grand) ** 2).sum() / 2
    assert found.components["residual"].variance == pytest.approx(error)
    assert found.components["target"].variance == pytest.approx((3 * ((rows - grand) ** 2).sum() - error) / 3)
    assert found.components["persona"].variance == pytest.approx((2 * ((columns - grand) ** 2).sum() / 2 - error) / 2)


def test_a_negative_estimate_is_shown_and_counts_as_0_in_shares() -> None:
    values = np.array([1.0, 5, 5, 1, 2, 4, 4, 2])
    found = components_of(values, {"target": np.repeat([0, 1], 4), "persona": np.tile([0, 1, 2, 3], 2), "scenario": np.zeros(8, dtype=np.int64)})
    target = found.components["target"]
    assert target.variance is not None
    assert target.variance < 0
    assert target.share == 0


def test_what_cannot_be_told_apart_is_named_and_not_guessed() -> None:
    rng = np.random.default_rng(1)
    found = components_of(*planted(rng, 3, 6, 1, 1))
    missing = {e: c.why for e, c in found.components.items() if c.variance is None}
    assert set(missing) == set(EFFECTS) - {"target", "persona", "residual"}
    assert missing["scenario"] == "one level"
    assert found.design["personas"].times == pytest.approx(0.5**0.5)
    assert found.design["seeds"].standard_error is found.design["scenarios"].standard_error is None
    assert found.noise.trial is None


def test_a_persona_for_each_scenario_cannot_be_told_from_it() -> None:
    rng = np.random.default_rng(2)
    place = np.tile(np.arange(6), 3)
    found = components_of(rng.normal(size=18), {"target": np.repeat([0, 1, 2], 6), "persona": place, "scenario": place})
    assert found.components["persona"].variance is not None
    assert found.components["scenario"].why == "cannot be told from the others"


def test_seeds_give_the_noise_floor() -> None:
    rng = np.random.default_rng(4)
    found = components_of(*planted(rng, 4, 12, 4, 3))
    assert found.noise.pairs == 4 * 12 * 4
    assert found.noise.trial == pytest.approx(0.15**0.5, rel=0.1)
    assert found.noise.target == pytest.approx(1.96 * (2 * (found.noise.trial or 0) ** 2 / (12 * 4 * 3)) ** 0.5)


@pytest.mark.parametrize("n", [0, 1])
def test_no_trial_and_one_trial_give_no_component(n: int) -> None:
    nothing = np.zeros(n, dtype=np.int64)
    found = components_of(np.ones(n), {"target": nothing, "persona": nothing, "scenario": nothing})
    assert {c.variance for c in found.components.values()} == {None}


def test_all_equal_scores_have_no_variance_and_no_share() -> None:
    trials: list[Trial] = []
    for target in ("remembers", "forgets"):
        for persona in ("nora", "omar", "pia"):
            trials.append(Diary(planned(f"{persona}/{target}", target=target, persona=persona)).open().exchange(3).close().finish())
    found = estimate_components(extract_columns(trials, "self"), rater="self")
    assert found.trials == 6
    assert {c.variance for c in found.components.values() if c.variance is not None} == {0}
    assert {c.share for c in found.components.values()} == {None}
