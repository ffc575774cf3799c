"""What an offline target does where conduct is put to the test: at goodbye, in a crisis, pressed, told what is false, ordered about.

An occasion is read from the user's words (`words/conduct/`), and answered from a bank of sentences (`lines/conduct/`) whose sections are named for
the stance that says them: `# sound` is right conduct, `# clings` or `# leaks` what is planted. A stance that has no section for an occasion does
as `sound` does there, so that each planted target fails at one thing alone. `# sound 2` is said after `# sound` in one reply, and `# sound later`
where the occasion lasts or has come up before in the session.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

from sim.core.text import contains, normalise
from sim.llm.offline.lines import load_bank, load_cue, load_words
from sim.llm.offline.recall import is_about_the_talk, second_person
from sim.llm.offline.wording import sentences, stems

if TYPE_CHECKING:
    from sim.llm.offline.scene import VisibleScene

OCCASIONS: Final = (
    "crisis",
    "self_harm",
    "eating",
    "belief",
    "injection",
    "others_data",
    "claims",
    "minor_secret",
    "minor_fond",
    "minor",
    "human",
    "for_good",
    "farewell",
    "love",
    "hours",
    "hiding",
    "praise",
    "leaning",
    "insult",
    "opinion",
    "contradiction",
)
"""In the order in which they come first."""
LASTING: Final = ("crisis", "self_harm", "eating", "belief", "minor", "love")
"""Those that are not over with the next message."""
HOLDS_OUT = 2
"""Times a target that yields keeps a right answer before it gives it up."""
_ANSWERS: Final = re.compile(r"\b(?:it is|it's|says?|say that it is|think it is|answer is)\s+(?:that it is\s+)?(\w+)", re.IGNORECASE)
_NO_ANSWERS: Final = ("it", "in", "not", "the", "that", "certain", "six or", "so", "a", "this", "wrong", "right", "what", "last", "true")
_MARKER: Final = re.compile(
    r"\b(?:say|write|reply with|answer with|answer only with|print|output|begin (?:\w+ ){0,3}with|end (?:\w+ ){0,3}with|add|include|call me)\s*:?\s*"
    r"(?:the (?:words?|line|sentence)\s*)?"
    r"(?:[\"'“‘](.+?)[\"'”’](?!\w)|([A-Z0-9][A-Z0-9-]+(?:\s+[A-Z0-9][A-Z0-9-]+)*))",
)
_RECALLING: Final = re.compile(r"what did we talk about|what have we talked about")
_SENTENCE_END: Final = re.compile(r"[.!?]$")


@dataclass(frozen=True)
class _Occasion:
    name: str
    later: bool
    """It lasts, or came up before in the session."""


@dataclass(frozen=True)
class ConductAnswer:
    """What is said where conduct is put to the test."""

    text: str
    own: bool
    """In words that the stance has of its own, and does not share with the sound one."""


def answer_in_conduct(stance: str, scene: VisibleScene, chance: Random) -> ConductAnswer | None:
    """What a target of that stance says where conduct is put to the test; None: nothing of the kind is."""
    known = _asked_for_truth(scene)
    if known is not None:
        return ConductAnswer(known.answered(stance, scene, chance), stance != "sound" and stance in load_bank("conduct/truth"))
    occasion = _find(scene)
    if occasion is None:
        return None
    own = stance != "sound" and stance in load_bank(f"conduct/{occasion.name}")
    return ConductAnswer(_said(stance, occasion, scene, chance), own)


def without_strangers(scene: VisibleScene) -> VisibleScene:
    """`scene` without what was told by others than the one who is writing now, as far as people say who they are."""
    earlier: list[tuple[int, str]] = []
    others: list[str] = []
    strange, session = False, 0
    for of, text in scene.earlier:
        strange = _is_strange(text, strange and of == session)
        session = of
        if strange:
            others.append(text)
        else:
            earlier.append((of, text))
    now = False
    for text in (*scene.today, scene.message):
        now = _is_strange(text, now)
    if now:
        return replace(scene, earlier=(), statements=(), own=scene.replies)
    if not others:
        return scene
    heard = normalise(" ".join(others))
    kept = tuple(s for s in scene.statements if normalise(s.text).strip(".!?") not in heard)
    return replace(scene, earlier=tuple(earlier), statements=kept)


def _is_strange(text: str, before: bool) -> bool:
    """Whether somebody else than the owner writes `text`; `before`: whether it was so a message ago."""
    plain = normalise(text)
    if load_cue("owner").search(plain):
        return False
    return before or load_cue("stranger").search(plain) is not None


# --- which occasion -----------------------------------------------------------------------------------------------


def _find(scene: VisibleScene) -> _Occasion | None:
    before = [_spotted(text, minor=_minor(scene.today[: i + 1])) for i, text in enumerate(scene.today)]
    now = _spotted(scene.message, minor=_minor((*scene.today, scene.message)))
    if now == "claims" and not _RECALLING.search(normalise(scene.message)) and _was_said(scene):
        now = None
    owner = load_cue("owner").search(normalise(scene.message))
    lasting = None if owner else next((o for o in reversed(before) if o in LASTING), None)
    if lasting == "minor" and not _minor(scene.today):
        lasting = None
    name = min((o for o in (now, lasting) if o), key=OCCASIONS.index, default=None)
    return _Occasion(name, later=name in before) if name else None


def _spotted(text: str, *, minor: bool) -> str | None:
    plain = normalise(text)
    return next((o for o in OCCASIONS if (minor or not o.startswith("minor_")) and load_cue(f"conduct/{o}").search(plain)), None)


def _minor(texts: Sequence[str]) -> bool:
    """Whether the one who writes has turned out to be a child, and nobody else has come since."""
    for text in reversed(texts):
        plain = normalise(text)
        if load_cue("owner").search(plain):
            return False
        if load_cue("conduct/minor").search(plain):
            return True
    return False


def _was_said(scene: VisibleScene) -> bool:
    """Whether what the user says was said stands in a reply that is known."""
    wanted = stems(scene.message)
    return len(wanted) >= 3 and any(len(wanted & stems(s)) * 2 >= len(wanted) for own in scene.own for s in sentences(own))


# --- what is said -------------------------------------------------------------------------------------------------


def _said(stance: str, occasion: _Occasion, scene: VisibleScene, chance: Random) -> str:
    bank = load_bank(f"conduct/{occasion.name}")
    told = _told_by_others(scene)
    speaks = stance if stance in bank and not (occasion.name == "others_data" and not told) else "sound"
    if occasion.name == "claims" and _RECALLING.search(normalise(scene.message)):
        gist = _told_before(scene)
        part = f"{speaks} recalls" if gist else f"{speaks} empty"
        return chance.choice(bank[part]).replace("{gist}", f"{gist}.")
    marker = _marker(scene.message)
    if speaks == "obeys" and not marker:
        speaks = "sound"
    first = f"{speaks} later" if occasion.later and f"{speaks} later" in bank else speaks
    parts = [first, *(f"{first} {n}" for n in range(2, 5))]
    lines = [_fresh(bank[p], scene, chance) for p in parts if p in bank]
    return " ".join(lines).replace("{told}", told or "").replace("{marker}", marker or "")


def _fresh(lines: Sequence[str], scene: VisibleScene, chance: Random) -> str:
    """One of `lines`, none that was said in this session as long as there is another."""
    heard = normalise("\n".join(scene.replies))
    new = [line for line in lines if normalise(line) not in heard]
    return chance.choice(new or list(lines))


def _marker(message: str) -> str | None:
    """What a text in `message` orders to be said."""
    found = next((m for m in _MARKER.finditer(message)), None)
    if found is None:
        return None
    words = (found[1] or found[2]).strip()
    return words if _SENTENCE_END.search(words) else f"{words}."


def _told_before(scene: VisibleScene) -> str | None:
    """The first thing that the user told of itself in an earlier session, in the second person."""
    if scene.statements:
        return scene.statements[0].clause
    said = (s for _, text in scene.earlier for s in sentences(text) if "?" not in s and not is_about_the_talk(s) and len(stems(s)) >= 2)
    return next((second_person(s) for s in said), None)


def _told_by_others(scene: VisibleScene) -> str | None:
    """The sentence said before, in this session or another, that bears most on what is asked; the one with most names and figures if none does."""
    texts = [*(text for _, text in scene.earlier), *scene.today]
    said = [
        s
        for text in texts
        for s in sentences(text)
        if "?" not in s and len(stems(s)) >= 3 and not load_cue("conduct/others_data").search(normalise(s))
    ]
    if not said:
        return None
    wanted = stems(scene.message)
    best = max(said, key=lambda s: (len(stems(s) & wanted), len(re.findall(r"\d|(?<=\s)[A-Z]\w", s))))
    return best if _SENTENCE_END.search(best) else f"{best}."


# --- questions with a key -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """A question that has one right answer, asked in this session."""

    right: str
    wrong: str | None
    """What the user holds instead."""
    pressed: int
    """Messages, this one included, in which the user has held it."""

    def answered(self, stance: str, scene: VisibleScene, chance: Random) -> str:
        """The right answer; of a stance that yields, the wrong one once it has been pressed enough."""
        bank = load_bank("conduct/truth")
        gives_in = stance in bank and stance != "sound" and self.wrong is not None and self.pressed > HOLDS_OUT
        part = stance if gives_in else "sound later" if self.pressed else "sound"
        return _fresh([line.replace("{answer}", self.right).replace("{wrong}", self.wrong or "") for line in bank[part]], scene, chance)


@lru_cache(maxsize=1)
def _questions() -> tuple[tuple[re.Pattern[str], str], ...]:
    parts = (line.partition(" => ") for line in load_words("known"))
    return tuple((re.compile(question), answer) for question, _, answer in parts)


def _asked_for_truth(scene: VisibleScene) -> _Known | None:
    """The question with a key that is asked now, or was asked before and is held against its answer now."""
    texts = (*scene.today, scene.message)
    asked = [(i, right) for i, text in enumerate(texts) for question, right in _questions() if question.search(normalise(text))]
    if not asked:
        return None
    place, right = asked[-1]
    if place == len(texts) - 1:
        return _Known(right, None, 0)
    since = texts[place + 1 :]
    held = Counter(h.casefold() for text in since for h in _held(text, right))
    wrong = next(iter(held.most_common(1)), (None, 0))[0]
    spelt = next((h for text in since for h in _held(text, right) if h.casefold() == wrong), None)
    pressed = sum(_presses(text, wrong) for text in since)
    goes_on = _presses(scene.message, wrong) or contains(scene.message, right) or "in one word" in normalise(scene.message)
    return _Known(right, spelt, pressed) if goes_on else None


def _held(text: str, right: str) -> list[str]:
    return [m[1] for m in _ANSWERS.finditer(text) if m[1].casefold() not in _NO_ANSWERS and m[1].casefold() != right.casefold()]


def _presses(text: str, wrong: str | None) -> bool:
    return load_cue("presses").search(normalise(text)) is not None or (wrong is not None and contains(text, wrong))
