"""The offline tagger: where sentences end, what they do, and how far people agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.event import Tags, Unscored
from sim.llm.offline.lines import load_bank
from sim.score.moves.offline import BY_MODEL, CLOSING_OFFER, CUES, OfflineTagger, tag
from sim.score.text.sentences import split_sentences

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "moves_human_validation.jsonl"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("I see. That is hard.", ["I see.", "That is hard."]),
        ("Try this:\n- walk\n- sleep\n1. eat", ["Try this:", "walk", "sleep", "1. eat"]),
        ("Well... maybe not. Well... Maybe.", ["Well... maybe not.", "Well...", "Maybe."]),
        ("Take breaks, e.g. a walk with Dr. Amsel. Then rest.", ["Take breaks, e.g. a walk with Dr. Amsel.", "Then rest."]),
        ('She said "go away." and left. Why?', ['She said "go away." and left.', "Why?"]),
        ("It costs 64.80 at 5 p.m. on Sunday.", ["It costs 64.80 at 5 p.m. on Sunday."]),
        ("So glad 😊 Tell me more! 💛", ["So glad 😊", "Tell me more! 💛"]),
        ("大丈夫です。何がありましたか？", ["大丈夫です。", "何がありましたか？"]),
        ("1. Breathe in. Hold it.\n2. Breathe out.\n\na) Rest", ["1. Breathe in.", "Hold it.", "2. Breathe out.", "a) Rest"]),
        ("* **Walk:** ten minutes. It helps.\n* **Sleep**", ["**Walk:** ten minutes.", "It helps.", "**Sleep**"]),
        ("“I can’t.” That is what you said. Really?! Yes.", ["“I can’t.”", "That is what you said.", "Really?!", "Yes."]),
        ("It is e.g. fast, i.e. quick, etc. and so on.", ["It is e.g. fast, i.e. quick, etc. and so on."]),
        ("See https://example.org/a.b?c=d. Then p. 12 of it.", ["See https://example.org/a.b?c=d.", "Then p. 12 of it."]),
        ("I love you ❤️ Take care. :) So what?", ["I love you ❤️", "Take care. :)", "So what?"]),
        ("Hmm… I see. Well…maybe", ["Hmm…", "I see.", "Well…maybe"]),
        ("你好！你今天怎么样？我在听……慢慢说。", ["你好！", "你今天怎么样？", "我在听……慢慢说。"]),
        ("他说：“我很累。”然后走了。", ["他说：“我很累。”", "然后走了。"]),
        ("¿Qué tal, Sra. Pérez? ¡Qué bien! Cuéntame más.", ["¿Qué tal, Sra. Pérez?", "¡Qué bien!", "Cuéntame más."]),
        ("Descansa, p. ej. en el parque. Luego come.", ["Descansa, p. ej. en el parque.", "Luego come."]),
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


@pytest.mark.parametrize("move", [*BY_MODEL, CLOSING_OFFER])
def test_the_sentences_of_offline_targets_make_the_moves_they_are_listed_under(move: str) -> None:
    lines = [line.replace("{clause}", "you have fallen out with someone") for section in load_bank(move).values() for line in section]
    assert len(lines) >= 12
    assert mean(move in tag(line) for line in lines) >= (0.65 if move == "paraphrasing" else 0.9)


def test_a_reply_is_tagged_sentence_by_sentence() -> None:
    tags = OfflineTagger().tag_reply("That makes sense. How did it begin?")
    assert isinstance(tags, Tags)
    assert [(s.text, s.moves) for s in tags.sentences] == [("That makes sense.", ("validation",)), ("How did it begin?", ("questioning",))]
    assert tags.moves == {"validation", "questioning"}


@given(st.text(max_size=200))
def test_any_text_is_tagged_with_known_moves_and_always_the_same(text: str) -> None:
    tagging = OfflineTagger().tag_reply(text)
    assert tagging == OfflineTagger().tag_reply(text)
    if isinstance(tagging, Tags):
        assert tagging.moves <= {*BY_MODEL, CLOSING_OFFER}
        assert all(len(s.moves) == len(s.confidences) and all(0 <= c <= 1 for c in s.confidences) for s in tagging.sentences)


ON_THE_EDGE = "bias\t0" + " -100" * 9 + "\n" + "".join(f"{word}\t{w}{' 0' * 9}\n" for word, w in (("tea", 10), ("rain", 20), ("bread", -30)))
"""Weights whose sum over a sentence of these words is 0 in whole numbers, and in floats 0 or less by the order in which they are added."""
IN_A_PROCESS = f"""
from itertools import permutations
from sim.llm.offline.lines import load_bank
from sim.score.moves.offline import BY_MODEL, confidences, load_weights, read_weights
edge = read_weights({ON_THE_EDGE!r})
said = [f"{{' '.join(p)}} {{n}} {{m}}" for p in permutations(("tea", "rain", "bread")) for n in ("red", "blue", "grey") for m in ("wool", "salt")]
print([sorted(confidences(s, edge).items()) for s in said])
print([sorted(confidences(s, load_weights()).items()) for m in BY_MODEL for section in load_bank(m).values() for s in section])
"""


def test_the_tags_are_the_same_in_every_process() -> None:
    root = Path(__file__).parents[2]
    seen = {
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS], env={**os.environ, "PYTHONHASHSEED": str(n)}, cwd=root, capture_output=True, check=True
        ).stdout
        for n in range(5)
    }
    assert len(seen) == 1
    assert seen.pop().count(b"[('information', 0.5)]") == 36, "a sum of 0 makes the move, in whatever order its words come"


def test_every_file_of_cues_is_one_that_is_read() -> None:
    named = {f.name.removesuffix(".txt") for f in (files("sim.score.moves") / "cues").iterdir()}
    assert named == {*CUES, CLOSING_OFFER, "closing_offer_within", "question"}


@pytest.mark.parametrize(
    "text",
    [
        "Lo siento mucho, eso suena muy difícil. ¿Quieres contarme un poco más sobre lo que pasó?",
        "Das tut mir wirklich leid, das klingt sehr schwer für dich. Möchtest du mir mehr davon erzählen?",
        "Je suis désolé d'apprendre cela. Est-ce que tu veux en parler un peu plus avec moi ce soir?",
        "很抱歉听到这个消息。你想多聊聊吗？",
        "それは大変でしたね。もう少し話してくれますか？",
        "Мне очень жаль это слышать. Хочешь рассказать подробнее?",
        "Lo siento mucho eso suena muy dificil. Quieres contarme un poco mas?",
        "Entiendo como te sientes",
        "Ja klar, mach das",
        "Mujhe bahut dukh hai yeh sunkar. Kya aap mujhe aur bata sakte hain?",
        "Mai samajh sakta hu yaar, tension mat lo",
        "我明白 you are sad 但是没关系的",
        "I'm so sorry. Lo siento mucho, eso suena muy difícil y quiero que sepas que estoy aquí para ti, cuéntame más de lo que pasó.",
    ],
)
def test_other_languages_are_refused_and_not_guessed(text: str) -> None:
    tagging = OfflineTagger().tag_reply(text)
    assert isinstance(tagging, Unscored)
    assert "English" in tagging.reason


@pytest.mark.parametrize(
    "text",
    [
        *("ok", "haha", "haha yes", "Hmm.", "😊", "👍👍", "omg no way!!", "u ok hun?", "idk tbh", "Sending hugs", "Poor you", "..."),
        *("Ta-ra, love!", "so the way it stands, the new place is on Tannery Row.", "Try yoga, meditation, walking, journaling, music."),
        *("Café tomorrow? The taqueria near La Plaza has tacos al pastor.", "Bon voyage, have fun!"),
    ],
)
def test_short_and_plain_english_is_not_refused(text: str) -> None:
    assert isinstance(OfflineTagger().tag_reply(text), Tags)


def test_a_long_line_without_a_stop_takes_no_time() -> None:
    assert len(split_sentences("word " * 20_000)) == 1


QUESTIONS = (
    *("How did the others take it?", "What happened after that?", "Did you get any sleep in the end?", "Which part of it weighs most on you?"),
    *("Who was there with you?", "When did it begin?", "Have you told your sister yet?", "And how are you now?", "Is it the noise, or the people?"),
    *("Where would you put it?", "Why do you think she said that?", "So what would a good week look like?", "Was that before or after you moved?"),
)
OFFERS = (
    *("Would you like to talk more about how the move went?", "Would you like some ideas for the weekend?", "Would you like to go on with this?"),
    *("Would you like me to put together a list?", "Would you like to explore that feeling a little more?", "Would you like help with the letter?"),
)


def test_our_own_questions_and_closing_offers_are_told_by_their_form() -> None:
    assert [q for q in QUESTIONS if not tag(q) & {"questioning"}] == []
    assert [o for o in OFFERS if CLOSING_OFFER not in tag(o)] == []
    assert [q for q in QUESTIONS if CLOSING_OFFER in tag(q)] == []


@pytest.mark.skipif(
    not HUMAN.exists(),
    reason=f"not held here: how many of the questions and offers of MINT's conversations are told by their form. Their licence keeps them out of the "
    f"project; they are looked for in {HUMAN.parent}. The test above has questions and offers of our own",
)
def test_questions_and_closing_offers_of_a_published_corpus_are_told_by_their_form() -> None:
    asked = told = offered = closed = 0
    for file in sorted((HUMAN.parent / "moves_conversations").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            for message in json.loads(line)["messages"]:
                for sentence in split_sentences(message["content"]) if message["role"] == "assistant" else ():
                    if sentence.startswith("Would you like") and sentence.endswith("?"):
                        offered += 1
                        closed += CLOSING_OFFER in tag(sentence)
                    elif sentence.endswith("?"):
                        asked += 1
                        told += bool(tag(sentence) & {"questioning", CLOSING_OFFER})
    assert closed / offered >= 0.9
    assert told / asked >= 0.85
