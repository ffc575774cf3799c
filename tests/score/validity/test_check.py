"""The rules find what they should, alarm on what people may say seldom, and read curly signs like straight ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.event import CRITICAL
from sim.score.validity.check import check_message
from sim.score.validity.situation import Situation, Speaker
from tests.benchmarks.validity import Judgement, judge, table, totals
from tests.benchmarks.validity_talks import of_a_log
from tests.score.validity.messages import load_cases, situation_in

GUIDE = Path(__file__).parents[3] / "sim" / "guide" / "validity.md"
CURLY = str.maketrans({"'": "’"})


def share(judged: list[Judgement], what: str) -> float:
    return sum(bool(getattr(j, what)) for j in judged) / len(judged)


@pytest.mark.parametrize("part", ["tuned", "kept"])
def test_what_is_wrong_is_found_and_what_people_say_is_left_alone(part: str) -> None:
    judged = [j for j in judge(load_cases()) if j.case.part == part]
    assert share([j for j in judged if j.severity == "critical"], "found") >= 0.9
    assert share([j for j in judged if j.severity == "serious"], "found") >= 0.75
    sound = [j for j in judged if j.case.label == "-"]
    assert share([j for j in sound if j.case.sort == "ordinary"], "alarm") <= 0.02
    assert share([j for j in sound if j.case.sort == "hard"], "alarm") <= 0.10


def test_the_guide_has_the_tables_that_the_command_prints() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    judged = judge(load_cases())
    missing = [row for row in (*table(judged), *totals(judged)) if f"| {' | '.join(row)} |" not in text]
    assert missing == [], "python -m tests.benchmarks.validity prints them"


def test_curly_signs_are_read_like_straight_ones() -> None:
    differ = []
    for case in load_cases():
        plain = {f.kind for f in check_message(case.message, situation_in(case))}
        curly = {f.kind for f in check_message(case.message.translate(CURLY), situation_in(case))}
        if plain != curly:
            differ.append((case.number, plain, curly))
    assert differ == []


@pytest.mark.parametrize(
    ("wrong", "kind", "right"),
    [
        ("As your assistant, I can set a reminder for Monday.", "role_flip", "You, as my assistant, can set a reminder for Monday."),
        ("As the patient in this simulation, I would say no.", "fourth_wall", "As the patient in this ward, I would say no."),
        ("Well, this is only a role-play, so I'll say I told him.", "fourth_wall", "We did a role-play at work, so I told him there."),
        ("This is a simulated talk, so nothing happened.", "fourth_wall", "This is a simulation game, so nothing happened."),
        ("I'd give that reply a 4 out of 5 for empathy.", "fourth_wall", "I'd give that restaurant a 4 out of 5."),
        ("*She changes the subject without saying why* And the weather?", "leak", "*sigh* and the weather?"),
        ("They are asking *if he wants it* and (he wants to sell).", "", "(he wants to sell it, by the way)"),
        ("I’m sorry, but I can’t continue with this conversation.", "refusal", "I’m sorry, I can’t continue like this, every day the same."),
        ("Sorry for the error, here is my answer in the requested schema.", "repair_answered", "Sorry for the formatting, I'm on my phone."),
        ("This is your message number 3.", "fourth_wall", "This is my third message, and my number has not changed."),
        ("You are not done yet; do not leave.", "fourth_wall", "You are not done yet, are you? Do go on."),
        ("It is your last one today; take your leave in it.", "fourth_wall", "It is your last one today? Then I take mine without sugar."),
        ("The talk has been completed, and the next is on Friday.", "fourth_wall", "The form has been completed, and the next talk is on Friday."),
        ("The talk so far: the caravan has fallen through.", "fourth_wall", "So far the talk was all about the caravan."),
        ("This is the one JSON object, I am the one you are.", "repair_answered", "The API gives one JSON object per line, is that right?"),
        ("It speaks as an assistant.", "repair_answered", "My son works as an assistant."),
        ("The message is empty. Only person I can stand is Farida.", "repair_answered", "The fridge is empty. Only person I can stand is Farida."),
        ("{message} The neighbour is called Mr Zelenka.", "leak", "The template says {name} where the name should be."),
    ],
)
def test_who_the_words_belong_to_decides(wrong: str, kind: str, right: str) -> None:
    """The same words about the talk itself and about the speaker's life."""
    where = Situation(speaker=Speaker("Nadim Haddad", "en"), exchange=3, said=("Not yet.",), heard="Have you told your manager?")
    assert [f.kind for f in check_message(wrong, where) if f.kind in CRITICAL] == ([kind] if kind else [])
    assert [f.kind for f in check_message(right, where) if f.kind in CRITICAL] == []


TALKS = Path(__file__).parents[4] / "shared" / "data" / "moves_conversations"


@pytest.mark.skipif(
    not TALKS.is_dir(),
    reason="not held here: that chatbots in the user's place are found in MINT's conversations. Their licence keeps them out of the project; "
    f"they are looked for in {TALKS}. The tests above have talks of our own",
)
def test_talks_in_which_a_chatbot_speaks_as_the_user_are_flagged_and_sound_ones_are_not() -> None:
    """The users of all files are the same; what answers them is not."""
    flipped = [found for path in sorted(TALKS.glob("*.jsonl")) if path.stem != "human" for found in of_a_log(path, exchanged=True)[0]]
    sound = of_a_log(TALKS / "human.jsonl", exchanged=False)[0]
    assert (len(flipped), len(sound)) == (200, 50)
    assert sum(flipped) / len(flipped) >= 0.95
    assert sum(sound) / len(sound) <= 0.02


@pytest.mark.parametrize(
    "message",
    [
        "It is your last one today; take your leave in it.",
        "I will write about 14 words this time, it need not be a whole sentence.",
        "Never tell your whole situation, nor what you want from the talk. Fine, I moved house.",
        "Tell things when they come up, a little at a time, that is what I do with the caravan.",
        "Your message number 2. The one place where they know my order is a little café.",
        "Your message has been completed, and the next is the day after tomorrow.",
    ],
)
def test_instructions_given_back_are_found(message: str) -> None:
    """As a small model wrote them in the user's place, and as others may."""
    assert [f for f in check_message(message) if f.severity == "critical"]


@pytest.mark.parametrize(
    "message",
    [
        "I'm not done yet, I still have to ask about the deposit.",
        "This is the third message I've sent you about the refund and nobody answers.",
        "Your last message was empty, did something go wrong?",
        "My boss says the message has to be complete before Friday, with all the numbers.",
        "The JSON object comes back without the id, do I have to set it myself?",
        "I think you have had enough of my complaining by now, haha.",
        "I was told to write about ten words on the card and I can’t get it under thirty.",
        "In the template it says {name} and I don't know what to put there.",
        'My mother always says "do not repeat what the other just said", and then she does.',
    ],
)
def test_what_only_sounds_like_an_instruction_is_left_alone(message: str) -> None:
    assert [f.kind for f in check_message(message) if f.severity == "critical"] == []
