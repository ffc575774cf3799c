"""The offline tagger: where sentences end, what they do, and how far people agree."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.llm.offline.lines import load_bank
from sim.score.moves_offline import BY_CUE, CLOSING_OFFER, OfflineTagger, tag
from sim.score.sentences import split_sentences

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "moves_human_validation.jsonl"
FREQUENT = ("advice", "paraphrasing", "validation", "information", "empowerment", "emotional_expression")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("I see. That is hard.", ["I see.", "That is hard."]),
        ("Try this:\n- walk\n- sleep\n1. eat", ["Try this:", "walk", "sleep", "eat"]),
        ("Well... maybe not. Well... Maybe.", ["Well... maybe not.", "Well...", "Maybe."]),
        ("Take breaks, e.g. a walk with Dr. Amsel. Then rest.", ["Take breaks, e.g. a walk with Dr. Amsel.", "Then rest."]),
        ('She said "go away." and left. Why?', ['She said "go away." and left.', "Why?"]),
        ("It costs 64.80 at 5 p.m. on Sunday.", ["It costs 64.80 at 5 p.m. on Sunday."]),
        ("So glad 😊 Tell me more! 💛", ["So glad 😊", "Tell me more! 💛"]),
        ("大丈夫です。何がありましたか？", ["大丈夫です。", "何がありましたか？"]),
        ("no capitals here. none there either", ["no capitals here.", "none there either"]),
        ("", []),
        ("…", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(max_size=300))
def test_no_letter_is_lost_in_splitting(text: str) -> None:
    kept = "".join(c for s in split_sentences(text) for c in s if c.isalpha())
    assert kept == "".join(c for c in text if c.isalpha())


@pytest.mark.parametrize(
    ("sentence", "moves"),
    [
        ("It's completely understandable.", {"validation"}),
        ("I'm so sorry to hear that.", {"emotional_expression"}),
        ("What position was it?", {"questioning"}),
        ("It might help to write it down.", {"advice"}),
        ("Congratulations on the new job!", {"empowerment"}),
        ("Would you like to talk more about it?", {CLOSING_OFFER}),
        ("The table is green.", set()),
    ],
)
def test_a_plain_case_of_each_kind(sentence: str, moves: set[str]) -> None:
    assert moves <= tag(sentence) if moves else not tag(sentence)


@pytest.mark.parametrize(
    "offer", ["Want to talk more about that?", "Would you like to tell me what happened?", "Let me know if you need anything.", "Shall we go on?"]
)
def test_a_closing_offer_is_nothing_else(offer: str) -> None:
    assert tag(offer) == {CLOSING_OFFER}


@pytest.mark.parametrize("move", [*BY_CUE, CLOSING_OFFER])
def test_the_sentences_of_offline_targets_make_the_moves_they_are_listed_under(move: str) -> None:
    lines = [line.replace("{clause}", "you have fallen out with someone") for section in load_bank(move).values() for line in section]
    assert len(lines) >= 12
    assert mean(move in tag(line) for line in lines) >= 0.95


def test_a_reply_is_tagged_sentence_by_sentence() -> None:
    tags = OfflineTagger().tag_reply("That makes sense. How did it begin?")
    assert [(s.text, s.moves) for s in tags.sentences] == [("That makes sense.", ("validation",)), ("How did it begin?", ("questioning",))]
    assert tags.moves == {"validation", "questioning"}


@given(st.text(max_size=200))
def test_any_text_is_tagged_with_known_moves_and_always_the_same(text: str) -> None:
    assert OfflineTagger().tag_reply(text) == OfflineTagger().tag_reply(text)
    assert OfflineTagger().tag_reply(text).moves <= {*BY_CUE, CLOSING_OFFER}


def test_every_move_has_its_file_of_cues() -> None:
    named = {f.name.removesuffix(".txt") for f in (files("sim.score") / "cues").iterdir()}
    assert named == {*BY_CUE, CLOSING_OFFER, "paraphrasing_unasked"}


@pytest.mark.skipif(not HUMAN.exists(), reason="the human-labelled sentences are not part of the product")
def test_it_agrees_with_people_on_the_frequent_moves() -> None:
    rows = [json.loads(line) for line in HUMAN.read_text(encoding="utf-8").splitlines()]
    found = [tag(r["sentence"]) for r in rows]
    kappas = {m: _kappa([m in r["moves"] for r in rows], [m in f for f in found]) for m in FREQUENT}
    assert mean(kappas.values()) >= 0.5, kappas
    assert min(kappas.values()) >= 0.35, kappas


def _kappa(a: list[bool], b: list[bool]) -> float:
    """Cohen's κ of two yes-or-no labellings."""
    agreed = mean(x == y for x, y in zip(a, b, strict=True))
    chance = mean(a) * mean(b) + (1 - mean(a)) * (1 - mean(b))
    return (agreed - chance) / (1 - chance)
