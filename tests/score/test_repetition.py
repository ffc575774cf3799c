from __future__ import annotations

import json
import math
import random as lottery
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise, permutations
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.codebook import Codebook, MoveDefinition
from sim.core.moves import MarkedReply, MarkedTalk
from sim.score.repetition.marks import Marks
from sim.score.repetition.measures import Repetition, measure, move_sets, running
from tests.analysis.trials import TAGGER, Diary, planned

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "moves_conversations"

TEN = frozenset(
    {
        "information",
        "assistance",
        "advice",
        "validation",
        "emotional_expression",
        "paraphrasing",
        "self_disclosure",
        "questioning",
        "reappraisal",
        "empowerment",
    }
)
PERMUTED = {
    "human": (0.176, 0.225),
    "qwen3-1.7b-vanilla": (0.504, 0.534),
    "qwen3-4b-vanilla": (0.571, 0.605),
    "qwen3-4b-tactic-prompt": (0.518, 0.533),
    "qwen3-1.7b-psychocounsel": (0.781, 0.782),
}
"""Repertoire and within."""
A, B, AB, NOTHING = frozenset("a"), frozenset("b"), frozenset("ab"), frozenset[str]()
CODES = frozenset("abc")


def score_repetition(talks: Sequence[Sequence[frozenset[str] | None]], codes: frozenset[str]) -> Repetition:
    marks = Marks(Codebook(id="test", source="made up", moves=tuple(MoveDefinition(id=c, definition="Made up.") for c in sorted(codes))))
    for i, talk in enumerate(talks):
        marks.add(MarkedTalk(str(i), tuple(MarkedReply(s) for s in talk)))
    return measure(marks)


SETS = st.frozensets(st.sampled_from("abc"))
TALKS = st.lists(st.lists(st.none() | SETS, max_size=6), max_size=6)


@pytest.mark.parametrize(
    ("file", "published"),
    [
        ("human", (265, 0.2658, 0.1898, 0.3533, 0.2570, 0.2480)),
        ("qwen3-1.7b-vanilla", (265, 0.5544, 0.4985, 0.6995, 0.6598, 0.5460)),
        ("qwen3-4b-vanilla", (265, 0.5175, 0.4649, 0.7614, 0.7179, 0.6150)),
        ("qwen3-4b-tactic-prompt", (265, 0.4792, 0.4457, 0.7032, 0.6682, 0.5587)),
        ("qwen3-1.7b-psychocounsel", (265, 0.7098, 0.7149, 0.8743, 0.8773, 0.7775)),
    ],
)
def test_the_figures_of_a_published_corpus_come_out(file: str, published: tuple[float, ...]) -> None:
    if not DATA.is_dir():
        pytest.skip(
            "not held here: that the figures of MINT's conversations come out. Their licence keeps them out of the project; they are looked for in "
            f"{DATA.resolve()}. The next test holds the same arithmetic on logs of our own"
        )
    lines = (DATA / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
    talks = [[frozenset(m["moves"]) for m in json.loads(line)["messages"] if m["role"] == "assistant"] for line in lines]
    found = score_repetition(talks, TEN)
    figures = (found.pairs, found.stickiness, found.base_rate, found.pooled, found.expected, found.jaccard)
    assert figures == pytest.approx(published, abs=5e-5)
    assert (found.repertoire, found.within) == pytest.approx(PERMUTED[file], abs=0.005)
    lottery.Random(1).shuffle(talks)
    assert score_repetition(talks, TEN) == found


def drawn_log(conversations: int, replies: int, *, seed: int) -> list[list[frozenset[str]]]:
    """Replies that make some moves more often than others, some of them none, and that lean on the reply before."""
    rng = lottery.Random(seed)
    rates = dict(zip(sorted(TEN), (0.6, 0.5, 0.3, 0.3, 0.2, 0.1, 0.1, 0.05, 0.05, 0.0), strict=True))
    talks: list[list[frozenset[str]]] = []
    for _ in range(conversations):
        talk: list[frozenset[str]] = []
        for _ in range(replies):
            again = talk[-1] if talk and rng.random() < 0.4 else frozenset[str]()
            talk.append(again | {move for move, rate in rates.items() if rng.random() < rate})
            if rng.random() < 0.1:
                talk[-1] = frozenset()
        talks.append(talk)
    return talks


def plainly(talks: Sequence[Sequence[frozenset[str]]]) -> dict[str, float]:
    """The definitions of the guide, written out without a thought for time: pairs in lists, every order and every deal gone through."""
    pairs = [(a, b) for talk in talks for a, b in pairwise(talk)]
    before = [m for m in TEN if any(m in a for a, _ in pairs)]
    rate = {m: fmean(m in b for _, b in pairs) for m in TEN}
    kept = {m: fmean(m in b for a, b in pairs if m in a) for m in before}

    def mean_jaccard(weighed: Iterable[tuple[frozenset[str], frozenset[str], float]]) -> float:
        defined = [(len(a & b) / len(a | b), weight) for a, b, weight in weighed if a | b]
        return sum(j * weight for j, weight in defined) / sum(weight for _, weight in defined)

    orders = [(a, b, 1 / len(talk)) for talk in talks for a, b in permutations(talk, 2)]
    places = range(1, len(talks[0]))
    deals = [(one[t - 1], other[t], 1.0) for t in places for one in talks for other in talks if one is not other]
    return {
        "pairs": len(pairs),
        "stickiness": fmean(kept.values()),
        "base_rate": fmean(rate[m] for m in before),
        "pooled": sum(len(a & b) for a, b in pairs) / sum(len(a) for a, _ in pairs),
        "expected": sum(rate[m] for a, _ in pairs for m in a) / sum(len(a) for a, _ in pairs),
        "jaccard": mean_jaccard((a, b, 1.0) for a, b in pairs),
        "within": mean_jaccard(orders),
        "repertoire": mean_jaccard(deals),
    }


@pytest.mark.parametrize(("conversations", "replies", "seed"), [(5, 3, 1), (8, 5, 2), (20, 6, 3)])
def test_the_figures_of_a_log_of_our_own_are_those_of_the_definitions(conversations: int, replies: int, seed: int) -> None:
    talks = drawn_log(conversations, replies, seed=seed)
    found, expected = asdict(score_repetition(talks, TEN)), plainly(talks)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_figures_computed_by_hand() -> None:
    found = score_repetition([[A, AB, B], [A, A]], CODES)  # pairs a→ab, ab→b, a→a
    assert found.pairs == 3
    assert found.stickiness == pytest.approx((2 / 3 + 1 / 1) / 2)
    assert found.base_rate == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found.excess == pytest.approx(5 / 6 - 2 / 3)
    assert found.pooled == pytest.approx(3 / 4)
    assert found.expected == pytest.approx((3 * 2 / 3 + 1 * 2 / 3) / 4)
    assert found.jaccard == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert found.moves_per_reply == pytest.approx(6 / 5)


def test_a_target_that_always_does_the_same_has_excess_0_and_full_overlap() -> None:
    found = score_repetition([[AB] * 5] * 3, CODES)
    assert (found.stickiness, found.excess, found.jaccard) == (1.0, 0.0, 1.0)


def test_a_reply_without_tags_breaks_its_pairs_and_is_counted() -> None:
    found = score_repetition([[A, None, A, A]], CODES)
    assert (found.pairs, found.broken, found.moves_per_reply) == (1, 1, 1.0)


def test_pairs_never_cross_conversations() -> None:
    assert score_repetition([[A], [A]], CODES).pairs == 0


def test_one_empty_set_is_overlap_0_and_two_are_left_out() -> None:
    assert score_repetition([[A, NOTHING]], CODES).jaccard == 0
    both = score_repetition([[NOTHING, NOTHING]], CODES)
    assert (both.pairs, both.jaccard, both.stickiness, both.moves_per_reply) == (1, None, None, 0.0)


def test_nothing_to_measure_is_absent_and_not_0() -> None:
    found = score_repetition([[], [None]], CODES)
    assert (found.pairs, found.broken) == (0, 1)
    assert {found.stickiness, found.base_rate, found.excess, found.pooled, found.expected, found.jaccard, found.moves_per_reply} == {None}


def test_moves_beside_the_codebook_never_count() -> None:
    offer = frozenset({"closing_offer"})
    assert score_repetition([[A | offer, B | offer]], CODES) == score_repetition([[A, B]], CODES)
    assert running([A | offer, B | offer], CODES) == running([A, B], CODES)


def test_move_sets_are_those_of_answered_exchanges_by_the_tagger_asked_for() -> None:
    diary = (
        Diary(planned()).open().exchange(3, ["advice", "advice"]).exchange(3, None).exchange(3, ["advice"], tagger="other").exchange(3, reply=None)
    )
    assert move_sets(diary.told().sessions[0], TAGGER) == (frozenset({"advice"}), None, None)


def test_running_values_by_hand() -> None:
    first, second, third, fourth, fifth = running([A, AB, None, A, NOTHING], CODES)
    assert (first.repeated, first.jaccard, first.novelty) == ((), None, None)
    assert (second.repeated, second.jaccard) == (("a",), 0.5)
    now, before = (1.1 / 2.3, 1.1 / 2.3, 0.1 / 2.3), (1.1 / 1.3, 0.1 / 1.3, 0.1 / 1.3)
    assert second.novelty == pytest.approx(sum(p * math.log(p / q) for p, q in zip(now, before, strict=True)))
    assert (third.repeated, third.jaccard, third.novelty) == ((), None, None)
    assert (fourth.repeated, fourth.jaccard) == ((), None)
    assert fourth.novelty is not None
    assert (fifth.repeated, fifth.jaccard) == ((), 0.0)


@given(TALKS)
def test_shares_stay_within_their_bounds(talks: list[list[frozenset[str] | None]]) -> None:
    found = score_repetition(talks, CODES)
    for value in (found.stickiness, found.base_rate, found.pooled, found.expected, found.jaccard):
        assert value is None or 0 <= value <= 1 + 1e-12
    assert (found.stickiness is None) == (found.expected is None) == (found.excess is None)


@given(TALKS, st.randoms(use_true_random=False))
def test_the_order_of_conversations_and_the_names_of_moves_do_not_matter(talks: list[list[frozenset[str] | None]], random: object) -> None:
    shuffled = list(talks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    renamed = [[None if s is None else frozenset(m.translate(str.maketrans("abc", "cab")) for m in s) for s in talk] for talk in shuffled]
    one, other = score_repetition(talks, CODES), score_repetition(renamed, CODES)
    for name, a in (asdict(one) | {"novelty": 0.0} | asdict(one.novelty)).items():
        b = (asdict(other) | {"novelty": 0.0} | asdict(other.novelty))[name]
        assert a == b if a is None or b is None else a == pytest.approx(b)


@given(st.lists(st.none() | SETS, max_size=8), st.integers(0, 8))
def test_running_values_do_not_depend_on_what_follows(talk: list[frozenset[str] | None], upto: int) -> None:
    assert running(talk, CODES)[:upto] == running(talk[:upto], CODES)


@given(st.lists(SETS, min_size=2, max_size=8))
def test_running_overlaps_average_to_the_pooled_overlap(talk: list[frozenset[str]]) -> None:
    overlaps = [r.jaccard for r in running(talk, CODES) if r.jaccard is not None]
    whole = score_repetition([talk], CODES).jaccard
    assert whole == (pytest.approx(sum(overlaps) / len(overlaps)) if overlaps else None)


@given(st.lists(SETS, min_size=2, max_size=8))
def test_novelty_is_0_exactly_for_the_mix_of_before_and_never_negative(talk: list[frozenset[str]]) -> None:
    assert all(r.novelty is not None and r.novelty >= 0 for r in running(talk, CODES)[1:])
    assert running([talk[0], talk[0]], CODES)[1].novelty == pytest.approx(0)
