from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.stats.rasch import fit_rasch
from sim.analysis.trust.items import Items, items_of


def analysed(table: np.ndarray, *, noise: float | None = None) -> Items:
    return items_of(table, [("p", str(i)) for i in range(table.shape[1])], noise=noise)


def test_items_that_run_against_the_total_or_do_not_separate_are_broken() -> None:
    ability = np.array([1.0, 2, 3, 4, 5])
    noise = np.random.default_rng(1).normal(0, 0.1, (5, 4))
    table = np.column_stack([ability + noise[:, 0], 6 - ability, np.full(5, 3.0), ability + noise[:, 1], ability + noise[:, 2]])
    found = {i.scenario: i for i in analysed(table).items}
    assert {s: i.verdict for s, i in found.items()} == {"0": "separates", "1": "against", "2": "flat", "3": "separates", "4": "separates"}
    assert (found["1"].item_total or 0) < -0.9
    assert found["2"].item_total is None
    assert [i.scenario for i in analysed(table).items][:2] == ["1", "2"]


def test_an_item_is_not_held_against_itself() -> None:
    table = np.array([[1.0, 5], [2, 4], [3, 3], [5, 1]])
    assert [i.item_total for i in analysed(table).items] == [pytest.approx(-1), pytest.approx(-1)]


def test_targets_that_differ_no_more_than_seeds_are_not_separated() -> None:
    table = np.array([[3.0, 1], [3.2, 2], [3.1, 3], [3.3, 4]])
    assert {i.scenario: i.verdict for i in analysed(table, noise=0.3).items} == {"0": "flat", "1": "separates"}


def test_few_targets_get_figures_and_no_verdict() -> None:
    found = analysed(np.array([[1.0, 2], [3, np.nan]]))
    assert {i.verdict for i in found.items} == {"too few"}
    assert [i.targets for i in found.items] == [2, 1]
    assert found.rasch is None
    assert found.refused == "Rasch takes 15 targets or more, and there are 2"


def test_fifteen_targets_get_a_rasch_model() -> None:
    rng = np.random.default_rng(5)
    table = 3.5 + rng.normal(0, 1, (15, 1)) + np.array([0.8, 0, -0.8]) + rng.normal(0, 0.4, (15, 3))
    found = analysed(table)
    assert found.refused == ""
    assert found.rasch is not None
    assert found.rasch.targets == 15


def test_planted_difficulties_come_out() -> None:
    rng = np.random.default_rng(1)
    difficulty, ability = np.linspace(-2, 2, 9), rng.normal(0, 1.2, 400)
    liked = (rng.random((400, 9)) < 1 / (1 + np.exp(difficulty - ability[:, None]))).astype(float)
    liked[rng.random(liked.shape) < 0.1] = np.nan
    found = fit_rasch(liked, [str(i) for i in range(9)])
    assert found is not None
    for item in found.items:
        assert abs(item.difficulty - difficulty[int(item.item)]) < 3.5 * item.standard_error
    assert found.spread == pytest.approx(1.2, abs=0.2)
    assert np.corrcoef(found.abilities, ability)[0, 1] > 0.75


def test_items_that_all_pass_or_fail_are_left_out_and_named() -> None:
    rng = np.random.default_rng(2)
    liked = np.column_stack([np.ones(20), rng.integers(0, 2, 20), rng.integers(0, 2, 20), np.zeros(20)]).astype(float)
    found = fit_rasch(liked, list("abcd"))
    assert found is not None
    assert found.left_out == ("a", "d")
    assert fit_rasch(liked[:, :2], list("ab")) is None
