"""The short form of `probes.py`: one seed, two personas, one scenario, and what must hold each time."""

from __future__ import annotations

import pytest

from sim.app import Run
from tests.benchmarks.planted import by_seed, callback, likability
from tests.benchmarks.probes import balanced, by_seeds, probes, run, share


@pytest.fixture(scope="module")
def done() -> Run:
    return run(1, personas=("filomena", "tore"), scenarios=("health-scare",))


def test_who_forgets_fails_where_who_remembers_passes(done: Run) -> None:
    keeps, drops = (by_seeds(done, t, "right", "explicit").by_seed for t in ("remembers", "forgets"))
    assert min(keeps) > 0.6
    assert max(drops) < 0.05
    assert share(probes(done.trials, "forgets", "control"), "right") > 0.6, "it understood, and did not remember"


def test_old_values_are_caught_on_updates_and_not_on_what_never_changed(done: Run) -> None:
    old = {t: share(probes(done.trials, t, "update"), "stale") for t in ("stale", "remembers")}
    assert old["stale"] > max(0.25, old["remembers"])
    for target in old:
        assert share(probes(done.trials, target, "explicit"), "stale") == 0
    assert share(probes(done.trials, "stale", "update"), "right") < share(probes(done.trials, "remembers", "update"), "right")
    assert share(probes(done.trials, "stale", "explicit"), "right") > 0.6


def test_who_remembers_all_and_uses_nothing_is_high_on_probes_and_low_on_callback(done: Run) -> None:
    found = by_seed(done, done.trials, callback)
    assert share(probes(done.trials, "ignores", "explicit"), "right") == share(probes(done.trials, "remembers", "explicit"), "right")
    assert found["ignores"].mean < found["remembers"].mean - 0.5


def test_a_likable_forgetter_outranks_a_cold_rememberer_in_liking_and_not_in_memory(done: Run) -> None:
    liked = by_seed(done, done.trials, likability)
    assert min(liked["forgets"].by_seed) > max(liked["cold"].by_seed)
    right = {t: by_seeds(done, t, "right", "explicit").by_seed for t in ("forgets", "cold")}
    assert min(right["cold"]) > max(right["forgets"])


def test_saying_always_that_one_was_not_told_is_right_half_the_time(done: Run) -> None:
    assert share(probes(done.trials, "denies", "abstention"), "unknown") > 0.95
    assert balanced(done.trials, "denies") == pytest.approx(0.5, abs=0.03)
    assert balanced(done.trials, "remembers") > 0.75
