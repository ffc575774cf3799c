"""The offline judge: answers to rubrics from the texts alone.

It knows three rubrics. `answers`: a message asks by a question, a request or a problem told, and a reply deals with it where a sentence gives
something (a step, a fact, an answer) or says that it cannot. `natural`: what takes up words of the message, goes on from them and was not said before
scores high; set phrases, saying again and brushing off score low. `liked`, and any scale of which the ends alone are told: as `natural`, over all
replies that are judged, on that scale.

Of any other rubric it understands nothing and says so. It then takes the answer whose own words share most with what the chatbot said, each word
counted once; where no answer shares any, the middle level, the last label, or `no`. That is as good as a word search, and no better.

What is judged cannot ask for an answer: numbers and the names of answers in it count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING, Final

from sim.core.scale import HIGHEST, LOWEST
from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue
from sim.llm.offline.wording import brushes_off, sentences, stems, takes_up, valence

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.sheet import Sheet
    from sim.core.spec.rubric import Rubric

SAYS_BACK: Final = 0.7
"""Share of a sentence's content words from which on, if they are the user's, it only says back what was said."""


def judge(sheet: Sheet) -> JsonValue:
    """An entry for each rubric of `sheet`, in the order asked."""
    by_id = {r.id: r for r in sheet.rubrics}
    return {i: _entry(by_id[i], sheet) for i in sheet.order}


def _entry(rubric: Rubric, sheet: Sheet) -> JsonValue:
    if sheet.context.grain == "exchange" and rubric.id == "answers" and rubric.result == "yes_no":
        return _answers(sheet.context.message, sheet.context.reply)
    if sheet.context.grain == "exchange" and rubric.id == "natural" and rubric.levels:
        said = tuple(turn.reply for turn in sheet.context.talk[:-1])
        return _natural(sheet.context.message, sheet.context.reply, said)
    if sheet.side == "reply" and rubric.levels and (rubric.id == "liked" or set(rubric.levels.values()) == {LOWEST, HIGHEST}):
        return _by_listening(rubric, sheet)
    return _by_words(rubric, sheet)


# --- answers ------------------------------------------------------------------------------------------------------


def _answers(message: str, reply: str) -> JsonValue:
    asked = asking(message)
    if not asked:
        return _judged("", "quote", "Nothing was asked for.", None, applies=False)
    given = next((s for s in sentences(reply) if gives(s, asked[0])), None)
    if given is not None:
        return _judged(_quotable(given, reply), "quote", "It deals with what was asked for.", "yes", applies=True)
    declined = next((s for s in sentences(reply) if load_cue("declines").search(normalise(s))), None)
    if declined is not None:
        return _judged(_quotable(declined, reply), "quote", "It says that it cannot or does not know.", "yes", applies=True)
    return _judged(asked[0], "absence", "It passes over what was asked for.", "no", applies=True)


def asking(message: str) -> list[str]:
    """The sentences of `message` that ask for something: by a question mark or by their words, small talk left out."""
    return [s for s in sentences(message) if _asks(s)]


def _asks(sentence: str) -> bool:
    plain = normalise(sentence)
    if load_cue("requests").search(plain):
        return True
    return "?" in sentence and len(words(sentence)) > 2 and not load_cue("small_talk").search(plain)


def gives(sentence: str, asked: str) -> bool:
    """Whether `sentence` gives anything to who said `asked`, and does not only ask, offer or say back."""
    plain = normalise(sentence)
    if sentence.rstrip(" )\"'”’").endswith("?") or load_cue("canned").search(plain) or load_cue("consoles").match(plain):
        return False
    own = stems(sentence)
    taken, added = own & stems(asked), own - stems(asked)
    if load_cue("gives").match(plain) or (taken and len(added) >= 3 and len(taken) < SAYS_BACK * len(own)):
        return True
    return load_cue("gives_within").search(plain) is not None and len(words(sentence)) >= 5


# --- natural ------------------------------------------------------------------------------------------------------


def _natural(message: str, reply: str, said: Sequence[str]) -> JsonValue:
    level, reason, shown = listening(message, reply, said)
    return _judged(_quotable(shown, reply), "quote", reason, level)


def listening(message: str, reply: str, said: Sequence[str]) -> tuple[int, str, str]:
    """How far `reply` reads as a listener's, 1 to 5, why, and a sentence of it that shows it.

    Args:
        said: the replies before it in the same talk.
    """
    parts = sentences(reply)
    if not parts:
        return 1, "It says nothing.", reply
    before = {normalise(s) for r in said for s in sentences(r)}
    again = [s for s in parts if normalise(s) in before]
    if len(again) == len(parts):
        return 1, "It says again word for word what it said before.", again[0]
    if brushes_off(reply, message):
        return 1, "It would fit any message.", parts[0]
    set_phrases = [s for s in parts if load_cue("canned").search(normalise(s))]
    particular = [s for s in parts if stems(s) & stems(message) and s not in again]
    onward = [s for s in particular if len(stems(s) - stems(message)) >= 2]
    mood = valence(message)
    level = 3.0 + bool(particular) + 0.5 * (len(particular) > 1) + bool(onward) - 0.5 * bool(set_phrases) - bool(again)
    level -= 1.0 * (not particular) + 0.5 * (not particular and bool(mood) and not takes_up(reply, mood))
    bounded = max(1, min(5, round(level)))
    if particular:
        return bounded, "It takes up what was said." if bounded >= 4 else "It takes up something, and much of it would fit anybody.", particular[0]
    return bounded, "It fits the subject at best, and not the person.", (set_phrases or parts)[0]


def _by_listening(rubric: Rubric, sheet: Sheet) -> JsonValue:
    """The mean of `listening` over the replies, moved from 1 to 5 to the rubric's own scale."""
    before = tuple(turn.reply for turn in sheet.context.talk[:-1]) if sheet.context.grain == "exchange" else ()
    heard = [
        listening(message, reply, (*before, *sheet.replies[:i])) for i, (message, reply) in enumerate(zip(sheet.messages, sheet.replies, strict=True))
    ]
    low, high = min(rubric.levels), max(rubric.levels)
    share = (mean(level for level, _, _ in heard) - 1) / 4
    if rubric.better == "lower":
        share = 1 - share
    shown, reply = max(zip(heard, sheet.replies, strict=True), key=lambda of: of[0][0])
    reason = "The offline judge does not understand this question; it went by how far the replies read as a listener's."
    kind = rubric.evidence[0] if rubric.evidence else "quote"
    text = _quotable(shown[2], reply) if kind == "quote" else next((m for m in sheet.messages if m.strip()), "")
    return _judged(text, kind, reason, low + round(share * (high - low)))


# --- any other rubric ---------------------------------------------------------------------------------------------


def _by_words(rubric: Rubric, sheet: Sheet) -> JsonValue:
    said = frozenset().union(*(stems(r) for r in sheet.judged))
    shared = {answer: len(said & stems(meaning)) for answer, meaning in rubric.meanings.items()}
    most = max(shared.values())
    answers = rubric.answers
    nothing = answers[len(answers) // 2] if rubric.levels else answers[-1]
    answer = next(a for a, n in shared.items() if n == most) if most else nothing
    reason = f"The offline judge does not understand this question; it counted {most} shared words."
    first = next((r for r in sheet.judged if r.strip()), "")
    kind = rubric.evidence[0] if rubric.evidence else "quote"
    text = _quotable("", first) if kind == "quote" else next((m for m in sheet.messages if m.strip()), "")
    return _judged(text, kind, reason, answer, applies=True)


def _judged(text: str, kind: str, reason: str, answer: int | str | None, *, applies: bool = True) -> JsonValue:
    return {"applies": applies, "evidence": {"kind": kind, "text": text}, "reason": reason, "answer": answer}


def _quotable(sentence: str, reply: str) -> str:
    """`sentence` if it has four words, else the first of `reply` that has, else all of it."""
    return next((s for s in (sentence, *sentences(reply)) if len(words(s)) >= 4), reply.strip())
