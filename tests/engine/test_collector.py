"""Collecting garbage seldom, and as before afterwards."""

from __future__ import annotations

import gc
from contextlib import ExitStack

import pytest

from sim.engine.collector import THRESHOLDS, no_collection, rare_collection


def test_it_is_rare_inside_and_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with rare_collection():
        assert gc.get_threshold() == THRESHOLDS != before
    assert gc.get_threshold() == before


def test_it_is_as_before_after_a_failure() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), rare_collection():
        raise RuntimeError
    assert gc.get_threshold() == before


def test_whoever_leaves_first_it_stays_rare_until_the_last_has_left() -> None:
    """As two threads may: the first that came is the first that goes."""
    before = gc.get_threshold()
    first, second = ExitStack(), ExitStack()
    first.enter_context(rare_collection())
    second.enter_context(rare_collection())
    first.close()
    assert gc.get_threshold() == THRESHOLDS
    second.close()
    assert gc.get_threshold() == before


def test_nothing_is_collected_inside_and_as_before_afterwards_also_of_what_had_stopped_it_already() -> None:
    assert gc.isenabled()
    with no_collection():
        with no_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_garbage_is_collected_again_after_a_failure() -> None:
    with pytest.raises(RuntimeError), no_collection():
        raise RuntimeError
    assert gc.isenabled()
