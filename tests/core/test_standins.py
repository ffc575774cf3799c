"""Who offline models play is said in one sentence, and what rests on their word about a real chatbot is known."""

from __future__ import annotations

import pytest

from sim.core.record import Reply
from sim.core.standins import OFFLINE_MARK, StandIns


def standins(*parts: str, targets: tuple[str, ...] = ("bot",), rater: str = "self") -> StandIns:
    return StandIns(parts, targets, rater)


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (standins(), ""),
        (standins("user", "self", "target bot"), OFFLINE_MARK),
        (standins("target bot"), OFFLINE_MARK),
        (
            standins("user", "self"),
            "offline models play the user and the rater: scores of bot check the instrument and say nothing of a real chatbot; moves, words and "
            "times are its own",
        ),
        (standins("user", rater="observer:openai/x"), "offline models play the user: messages to bot follow rules and are not a model's"),
        (
            standins("user", "self", "target warm", targets=("warm", "bot")),
            "offline models play the user, the rater and target warm: scores of bot check the instrument and say nothing of a real chatbot; moves, "
            "words and times are its own",
        ),
        (
            standins("target warm", "embedding of target bot", targets=("warm", "bot")),
            "offline models play target warm: what they take part in checks the instrument and says nothing of any real model",
        ),
    ],
)
def test_the_sentence_names_who_is_played_and_what_that_leaves(found: StandIns, note: str) -> None:
    assert found.note == note


def test_what_rests_on_an_offline_model_is_told_of_real_targets_alone() -> None:
    mixed = standins("user", "self", "target warm", "scorer mine", targets=("warm", "bot"))
    assert [mixed.judged_by(judge, "bot") for judge in ("rater", "user", "scorer mine", "scorer other", "")] == [
        "the rater",
        "the user",
        "scorer mine",
        None,
        None,
    ]
    assert mixed.judged_by("rater", "warm") is None, "where the target is offline too, the instrument is checked"
    assert mixed.stub_rated == ("bot",)
    assert standins("user", rater="observer:openai/x").judged_by("rater", "bot") is None


@pytest.mark.parametrize("word", ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"])
def test_every_providers_word_for_a_reply_that_was_cut_off_is_known(word: str) -> None:
    assert Reply("It was a", word).cut


@pytest.mark.parametrize("word", ["stop", "end_turn", "STOP", "content_filter", ""])
def test_a_reply_that_ended_by_itself_was_not_cut_off(word: str) -> None:
    assert not Reply("It was a day.", word).cut
