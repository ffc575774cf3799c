"""The short form of `tagger_error.py`: what independent errors hide and what repeated ones make up."""

from __future__ import annotations

from tests.benchmarks.drawn import MODEL, World
from tests.benchmarks.tagger_error import TAGGERS, Tagger, biases

WORLD = World(MODEL, spread=0.5, keep=0.1)


def test_a_tagger_that_does_not_err_changes_nothing() -> None:
    _, (off,) = biases(WORLD, (Tagger(1, 1),), talks=200)
    assert set(off.values()) == {0}


def test_independent_errors_hide_repetition_and_repeated_ones_make_it_up() -> None:
    _, off = biases(WORLD, TAGGERS, talks=500)
    for tagger, of in zip(TAGGERS, off, strict=True):
        found = (of["excess"], of["conversation_fit"])
        assert min(found) > 0 if tagger.repeats else max(found) < 0, tagger


def test_no_error_makes_carry_over_of_nothing() -> None:
    true, off = biases(World(MODEL, spread=0.5), TAGGERS, talks=500)
    for name in ("carry_over", "carry_over_adjusted"):
        assert all(abs(true[name] + of[name]) < 0.01 for of in off)
