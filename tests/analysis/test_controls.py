"""Noise and halo, planted in ratings and told from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from sim.analysis.trust.controls import ControlFigures, summarise_controls
from sim.core.codebook import DIMENSIONS
from sim.core.record import Trial
from tests import examples
from tests.analysis.test_summary import summary
from tests.analysis.trials import Diary, Given, planned

NONE: Sequence[Given] = ["na"] * 7
Seven = Sequence[Given]


def figures(trials: list[Trial], **study: object) -> ControlFigures:
    return summarise_controls(examples.study(**study), trials)


def told(*rows: tuple[Seven, Seven], control: str, persona: str = "nora", rater: str = "self") -> Trial:
    """A trial whose exchanges were rated first and then again under `control`."""
    diary = Diary(planned(f"{persona}/x", persona=persona)).open()
    for first, again in rows:
        diary.exchange(first if rater == "self" else NONE, others={f"{rater}:{control}": again} | ({} if rater == "self" else {rater: first}))
    return diary.told()


def clipped(value: float) -> int:
    return max(1, min(5, round(value)))


def planted(halo: float, *, seed: int, exchanges: int = 40, level: Callable[[int], float] = lambda persona: 3) -> list[Trial]:
    """Personas whose dimensions are unrelated rated alone; rated together, each moves by `halo` times one impression of the whole reply."""
    rng = random.Random(seed)
    trials = []
    for i, persona in enumerate(("nora", "omar", "pia", "quin")):
        rows = []
        for _ in range(exchanges):
            true = [rng.gauss(level(i), 0.8) for _ in DIMENSIONS]
            whole = rng.gauss(0, 1)
            rows.append(([clipped(t + halo * whole) for t in true], [clipped(t) for t in true]))
        trials.append(told(*rows, control="one_by_one", persona=persona))
    return trials


def test_a_planted_halo_is_recovered() -> None:
    found = figures(planted(0.8, seed=3)).halo
    assert found.joint == pytest.approx(0.5, abs=0.07), "0.8² of common variance, 0.8² of own"
    assert found.one_by_one == pytest.approx(0, abs=0.07)
    assert (found.exchanges, found.personas, found.pairs) == (160, 4, 21)


def test_without_a_halo_both_correlate_alike() -> None:
    found = figures(planted(0, seed=4)).halo
    assert found.joint == found.one_by_one == pytest.approx(0, abs=0.07)


def test_a_generous_and_a_strict_persona_make_no_correlation() -> None:
    found = figures(planted(0, seed=5, level=lambda i: 1.5 + i)).halo
    assert found.joint == pytest.approx(0, abs=0.07)


def test_what_rating_together_adds_is_the_shift() -> None:
    rows = [([4, 2, 3, "na", "?", 5, 1], [3, 3, "na", "na", 2, 5, 1]), ([4, 3, 3, 3, "na", "na", "na"], [4, 3, 3, 3, 1, "na", "na"])]
    found = figures([told(*rows, control="one_by_one")]).halo
    shifts = {d: (s.n, s.mean) for d, s in found.dimensions.items()}
    assert list(shifts.values()) == [(2, 0.5), (2, -0.5), (1, 0), (1, 0), (0, None), (1, 0), (1, 0)]
    assert found.changed_kind == 3
    assert (found.joint, found.one_by_one, found.pairs) == (None, None, 0)


@pytest.mark.parametrize(("exchanges", "enough"), [(10, False), (11, True)])
def test_ten_exchanges_beyond_one_a_persona_are_enough(exchanges: int, enough: bool) -> None:
    rows = [([1 + i % 5, 5 - i % 5, *["na"] * 5], [1 + i % 5, 1 + i % 5, *["na"] * 5]) for i in range(exchanges)]
    found = figures([told(*rows, control="one_by_one")]).halo
    assert (found.joint is not None) is enough
    if enough:
        assert (found.joint, found.one_by_one, found.pairs) == (pytest.approx(-1), pytest.approx(1), 1)


def test_a_dimension_that_never_varies_is_left_out() -> None:
    rows = [([3, 1 + i % 5, 1 + i % 4, *["na"] * 4], [3, 1 + i % 5, 1 + i % 4, *["na"] * 4]) for i in range(20)]
    assert figures([told(*rows, control="one_by_one")]).halo.pairs == 1


def test_planted_noise_is_recovered() -> None:
    rng = random.Random(1)
    rows = [([3] * 7, [3 + (rng.choice((-1, 1)) if rng.random() < 0.2 else 0)] * 7) for _ in range(400)]
    found = figures([told(*rows, control="repeat")]).noise
    assert found.moved == found.difference == pytest.approx(0.2, abs=0.06)
    assert (found.exchanges, found.n, found.dimensions["callback"].n) == (400, 2800, 400)


def test_noise_is_counted_by_dimension() -> None:
    rows = [([5, 4, 3, 2, "na", "na", "?"], [3, 4, 3, 2, "na", 1, 5]), ([1, 4, 3, "?", "na", "na", "na"], [1, 5, 3, 2, "na", "na", "na"])]
    found = figures([told(*rows, control="repeat")]).noise
    each = [(f.n, f.difference, f.moved) for f in found.dimensions.values()]
    assert each == [(2, 1, 0.5), (2, 0.5, 0.5), (2, 0, 0), (1, 0, 0), (0, None, None), (0, None, None), (0, None, None)]
    assert (found.n, found.difference, found.moved, found.changed_kind) == (7, pytest.approx(3 / 7), pytest.approx(2 / 7), 3)


def test_nothing_drawn_is_no_number() -> None:
    found = figures([planned()])
    assert (found.noise.n, found.noise.difference, found.noise.moved, found.halo.joint, found.halo.exchanges) == (0, None, None, None, 0)


def test_controls_of_an_observer_that_is_primary_are_found() -> None:
    trial = told(([5] * 7, [4] * 7), control="repeat", rater="observer:openai/r")
    assert figures([trial], rater={"model": "openai/r"}).noise.difference == 1
    assert figures([trial]).noise.exchanges == 0


def test_second_ratings_move_no_other_figure() -> None:
    plain = Diary(planned()).open().exchange(4).exchange(2).close(3).finish()
    again = Diary(planned()).open().exchange(4, others={"self:repeat": 1, "self:one_by_one": 1}).exchange(2).close(3).finish()
    one, two = summary([plain]).targets[0], summary([again]).targets[0]
    assert one.likability == two.likability
    assert two.likability.observers == {}
    assert (one.criterion, one.repetition) == (two.criterion, two.repetition)


def test_controls_that_were_drawn_and_not_made_are_absent() -> None:
    told = Diary(planned()).open().exchange(3).exchange(3, others={"self:repeat": 3}).told()
    controls = {"one_by_one": 1, "repeat": 1}
    absent = summary([told], controls=controls).targets[0].absent
    assert (absent.controls, absent.ratings, absent.any) == (3, 0, True)
    finished = Diary(planned()).open().exchange(3).finish()
    assert not summary([finished], controls=controls).targets[0].absent.any, "it was whole by the study it was run with"
