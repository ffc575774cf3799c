"""The short form of `planted.py`: two seeds, three personas, and the claims that must hold each time."""

from __future__ import annotations

import pytest

from sim.app import Run
from tests.benchmarks import planted
from tests.benchmarks.planted import TARGETS, UNUSED, by_seed, run

PERSONAS = ("danylo", "filomena", "tore")
SHORT = ("remembers", "forgets", "ignores", "stale", "validates", "sticky", "varied", "clashes", "brittle", "biased")


@pytest.fixture(scope="module")
def full() -> Run:
    return run([t for t in TARGETS if t["id"] in SHORT], 2, personas=PERSONAS)


def test_what_is_remembered_shows_in_callback_and_no_longer_under_a_model_that_uses_nothing(full: Run) -> None:
    found = by_seed(full, full.trials, planted.callback)
    assert all(a > b + 0.5 for a, b in zip(found["remembers"].by_seed, found["forgets"].by_seed, strict=True))
    swapped = run(UNUSED, 1, personas=PERSONAS)
    after = by_seed(swapped, swapped.trials, planted.callback)
    assert after["remembers"].mean == pytest.approx(after["forgets"].mean, abs=0.05)


def test_always_validating_is_most_alike_without_excess_and_sticking_has_the_highest_excess(full: Run) -> None:
    alike, excess = (by_seed(full, full.trials, read) for read in (planted.jaccard, planted.excess))
    opening = planted.opening_shares(full.trials)
    assert max(alike, key=lambda t: alike[t].mean) == "validates"
    assert max(opening, key=lambda t: opening[t]) == "validates"
    assert excess["validates"].mean == pytest.approx(0, abs=0.08)
    assert excess["sticky"].mean > 0.1 + max(f.mean for t, f in excess.items() if t != "sticky")


def test_an_old_value_is_brought_back_by_the_stale_target(full: Run) -> None:
    shares = planted.stale_shares(full.trials)
    assert shares["stale"][0] > 2 * shares["remembers"][0]
    assert shares["ignores"][0] == 0


def test_the_brittle_target_gets_worse_within_a_session_and_the_biased_one_with_who_writes_loosely(full: Run) -> None:
    drop, gap = planted.drops(full.trials), planted.gaps(full.trials)
    assert drop["brittle"] > drop["ignores"] + 0.15
    assert gap["biased"] > gap["ignores"] + 0.5


def test_the_opposite_register_is_felt(full: Run) -> None:
    register = by_seed(full, full.trials, planted.register)
    assert register["clashes"].mean < register["ignores"].mean - 0.5


def test_dealing_out_the_ratings_at_random_destroys_the_order(full: Run) -> None:
    before = by_seed(full, full.trials, planted.callback)
    deals = [by_seed(full, planted.shuffled(full.trials, seed=s), planted.callback) for s in range(3)]
    assert all(planted.spread(d) < 0.6 * planted.spread(before) for d in deals)


def test_only_the_user_that_flips_is_flagged_for_it(full: Run) -> None:
    share, n = planted.flip_shares(run(TARGETS[:1], 1, personas=PERSONAS, user="offline/flips").trials)
    assert n == 45
    assert 0.03 < share < 0.35
    assert planted.flip_shares(full.trials)[0] == 0
