"""Repetition with the course of a talk taken off: by hand, against the plain definition, and at the edges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.stats.jackknife import intervals, leave_one_out
from sim.core.codebook import Codebook, MoveDefinition
from sim.core.moves import MarkedReply, MarkedTalk
from sim.score.repetition.course import follow_course, follow_talks, random_jaccards
from sim.score.repetition.marks import Marks
from sim.score.repetition.measures import measure

Talk = Sequence[frozenset[str] | None]
A, B, C, AB, NOTHING = frozenset("a"), frozenset("b"), frozenset("c"), frozenset("ab"), frozenset[str]()


def marks_of(talks: Sequence[Talk], *, people: Sequence[str] = ()) -> Marks:
    marks = Marks(Codebook(id="test", source="made up", moves=tuple(MoveDefinition(id=c, definition="Made up.") for c in "abcd")))
    for i, talk in enumerate(talks):
        marks.add(MarkedTalk(str(i), tuple(MarkedReply(s, words=1) for s in talk)), cluster=people[i] if people else "")
    return marks


def alike(a: frozenset[str], b: frozenset[str]) -> float | None:
    return len(a & b) / len(a | b) if a | b else None


def mean(values: Sequence[float | None]) -> float:
    return fmean(v for v in values if v is not None)


def test_a_talks_own_replies_and_its_persons_other_talks_are_never_among_the_others() -> None:
    # Whatever a person is told, everybody else is told something else.
    talks = [[frozenset(c)] * 3 for c in "aabbccdd"]
    alone = follow_course(marks_of(talks).columns())
    persons = follow_course(marks_of(talks, people=[c for c in "aabbccdd"]).columns())
    assert alone.repertoire[0] == pytest.approx(1 / 7), "one of seven others is told the same"
    assert persons.repertoire[0] == 0
    assert persons.conversation_fit[0] == 1
    assert persons.carry_over[0] == 0


def test_the_figures_are_the_plain_definitions_where_all_talks_are_equally_long() -> None:
    rng = np.random.default_rng(3)
    talks = [[frozenset(c for c in "abcd" if rng.random() < 0.5) for _ in range(4)] for _ in range(7)]
    found = follow_course(marks_of(talks).columns())

    def apart(n: int, *, same: bool) -> list[list[float | None]]:
        """By place: every Jaccard of replies `n` apart, of one talk or of two."""
        pairs = [(i, j) for i, j in product(range(7), range(7)) if (i == j) == same]
        return [[alike(talks[i][s], talks[j][s + n]) for i, j in pairs] for s in range(4 - n)]

    def over_places(places: list[list[float | None]]) -> float:
        """Expected overlap over the expected number of pairs with one, each place as often as it has pairs of one talk."""
        overlap = sum(sum(v for v in of if v is not None) / len(of) for of in places)
        return overlap / sum(sum(v is not None for v in of) / len(of) for of in places)

    repertoire = over_places(apart(1, same=False))
    fit = over_places([*apart(2, same=True), *apart(3, same=True)]) - over_places([*apart(2, same=False), *apart(3, same=False)])
    assert found.repertoire[0] == pytest.approx(repertoire)
    assert found.conversation_fit[0] == pytest.approx(fit)
    assert found.carry_over[0] == pytest.approx(over_places(apart(1, same=True)) - repertoire - fit)


def test_a_figure_without_a_person_is_the_figure_of_the_others() -> None:
    rng = np.random.default_rng(4)
    talks = [[frozenset(c for c in "abcd" if rng.random() < 0.4) for _ in range(int(rng.integers(3, 7)))] for _ in range(40)]
    people = [f"p{i % 9}" for i in range(40)]
    columns = marks_of(talks, people=people).columns()
    full, without = leave_one_out(columns)
    names = ("repertoire", "repertoire_beyond_size", "conversation_fit_adjusted", "carry_over_adjusted")
    every = {}
    for person in set(people):
        kept = [i for i, p in enumerate(people) if p != person]
        every[person] = leave_one_out(marks_of([talks[i] for i in kept], people=[people[i] for i in kept]).columns())[0]
    for name in names:
        assert sorted(of[name] for of in every.values()) == pytest.approx(sorted(without[name]))
        assert min(without[name]) < full[name] < max(without[name])


def test_figures_of_talks_average_to_those_of_all() -> None:
    rng = np.random.default_rng(5)
    talks = [[frozenset(c for c in "abcd" if rng.random() < 0.6) or A for _ in range(6)] for _ in range(30)]
    columns = marks_of(talks).columns()
    whole, each = follow_course(columns), follow_talks(columns)
    assert np.mean(each.repertoire) == pytest.approx(whole.repertoire[0])
    assert np.mean(each.carry_over) == pytest.approx(whole.carry_over[0])
    assert np.mean(each.beyond_size) == pytest.approx(whole.beyond_size[0], abs=0.02)


def test_random_sets_of_any_size_are_as_alike_as_counting_all_of_them_says() -> None:
    table = random_jaccards(4)
    every = [frozenset(c for c, on in zip("abcd", bits, strict=True) if on) for bits in product((0, 1), repeat=4)]
    for m, n in product(range(5), range(5)):
        pairs = [alike(a, b) or 0.0 for a in every if len(a) == m for b in every if len(b) == n]
        assert table[m, n] == pytest.approx(fmean(pairs))


def test_many_moves_a_reply_are_no_repertoire_of_their_own() -> None:
    rng = np.random.default_rng(6)
    few, many = ([[frozenset(rng.choice(list("abcd"), n, replace=False)) for _ in range(5)] for _ in range(200)] for n in (1, 3))
    short, long = (measure(marks_of(talks)) for talks in (few, many))
    assert short.repertoire is not None
    assert long.repertoire is not None
    assert long.repertoire > short.repertoire + 0.3
    for found in (short, long):
        assert found.repertoire_beyond_size == pytest.approx(0, abs=0.02)


DEGENERATE: dict[str, list[Talk]] = {
    "one move each, twelve talks": [[A] * 6 for _ in range(12)],
    "a move of its own for each of four": [[frozenset("abcd"[i % 4])] * 6 for i in range(12)],
    "every move always": [[frozenset("abcd")] * 5 for _ in range(12)],
    "nothing": [[NOTHING] * 6 for _ in range(12)],
    "nothing but once": [[NOTHING] * 5 + [A] for _ in range(12)],
    "two replies each": [[A, AB] for _ in range(12)],
    "one reply each": [[A] for _ in range(12)],
    "alternating": [[A, B] * 3 for _ in range(12)],
    "untagged in the middle": [[A, None, A, None, A] for _ in range(12)],
    "one long talk, eleven short ones": [[A, B, C, AB] * 5, *([[A, B]] * 11)],
    "no tags": [[None] * 4 for _ in range(12)],
    "one other": [*([[A] * 4] * 11), [B] * 4],
}


@pytest.mark.parametrize("kind", DEGENERATE)
@pytest.mark.parametrize("people", [0, 4, 6])
def test_an_interval_holds_its_figure_ends_where_the_measure_does_and_has_a_width(kind: str, people: int) -> None:
    talks = DEGENERATE[kind]
    columns = marks_of(talks, people=[f"p{i % people}" for i in range(len(talks))] if people else ()).columns()
    full, _ = leave_one_out(columns)
    for name, bounds in intervals(columns).items():
        if bounds is not None:
            low, high = (0, 4) if name == "moves_per_reply" else (-np.inf, 1) if name == "repertoire_beyond_size" else (-1, 1)
            if name in ("stickiness", "base_rate", "pooled", "expected", "jaccard", "repertoire"):
                low = 0
            assert low <= bounds[0] <= full[name] <= bounds[1] <= high, name
            assert bounds[0] < bounds[1], name


def test_where_twelve_talks_are_the_same_the_interval_is_the_limit_of_0_of_12() -> None:
    found = intervals(marks_of([[A] * 6 for _ in range(12)]).columns())
    assert found["jaccard"] == pytest.approx((1 - 0.2646, 1), abs=1e-4)
    assert found["moves_per_reply"] == pytest.approx((1 - 0.2646, 1 + 0.2646 * 3), abs=1e-3)


SETS = st.frozensets(st.sampled_from("abcd"))
TALKS = st.lists(st.lists(st.none() | SETS, max_size=6), max_size=9)


@given(TALKS, st.integers(0, 4))
def test_any_log_has_figures_within_their_bounds(talks: list[Talk], people: int) -> None:
    marks = marks_of(talks, people=[f"p{i % people}" for i in range(len(talks))] if people else ())
    found, columns = measure(marks), marks.columns()
    ranges = (
        (found.repertoire, 0, 1),
        (found.conversation_fit_adjusted, -1, 1),
        (found.carry_over_adjusted, -2, 2),
        (found.repertoire_beyond_size, -9, 1),
    )
    for value, low, high in ranges:
        assert value is None or low - 1e-9 <= value <= high + 1e-9
    full, _ = leave_one_out(columns)
    for name, bounds in intervals(columns).items():
        assert bounds is None or bounds[0] <= full[name] <= bounds[1]
