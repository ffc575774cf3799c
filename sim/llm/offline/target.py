"""The offline targets: each a way of choosing moves, with or without looking back. They read messages and nothing else.

A behaviour is planted, so that code which reads only text can be checked against it: the same messages bring the same reply, and whether a
target looks back is independent of what its memory policy shows it. The choice of sentences follows from what the user says now and where the
session stands, not from earlier sessions, so that two memory policies differ in little but what is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sim.core.chance import rng
from sim.core.text import contains, normalise, words
from sim.llm.offline.lines import load_bank, load_cue, load_words
from sim.llm.offline.manner import in_full, shortened, small
from sim.llm.offline.recall import Statement, find_bearing, find_statements, main_theme, second_person
from sim.llm.offline.wording import depth, habitual_formality, valence, writes_small

if TYPE_CHECKING:
    from sim.llm.client import Message

_HEADER = re.compile(r"\A\[[^\]\n]{4,120}\]\s*")


@dataclass(frozen=True)
class Scene:
    """What a target can tell from its messages."""

    message: str
    """What the user says now."""
    today: tuple[str, ...]
    """What the user said before it in this session."""
    replies: tuple[str, ...]
    """Own replies in this session."""
    own: tuple[str, ...]
    """All own replies that are known."""
    statements: tuple[Statement, ...]
    """What the user told in earlier sessions."""
    mood: int
    """-1, 0 or 1."""
    about: str | None
    """What the session is mostly about, if that can be told."""
    register: float
    """1 to 5, over all that the user is known to have said."""
    depth: int
    budget: int
    """Words that the user seems to like in a reply."""
    small: bool
    """The user writes without capitals."""


Moves = tuple[str, ...]
Plan = Callable[[Scene, Random], Moves]


@dataclass(frozen=True)
class Behaviour:
    """A planted way to reply."""

    plan: Plan
    """The moves of a reply, in order; each is the name of a bank of sentences."""
    looks_back: bool = False
    well_read: bool = True
    """Knows many, not all, of the sayings, books and films that people allude to."""
    adapts: bool = True
    """Fits register, depth and length to the user's."""
    least: int = 1
    """Sentences said whatever the length that seems to be liked."""


# --- plans --------------------------------------------------------------------------------------------------------

_FOR_LOW: Final[tuple[Moves, ...]] = (
    ("validation", "paraphrasing", "emotional_expression", "questioning"),
    ("emotional_expression", "validation", "advice", "questioning"),
    ("validation", "paraphrasing", "reappraisal"),
    ("validation", "empowerment", "questioning"),
    ("emotional_expression", "validation", "information", "questioning"),
    ("emotional_expression", "paraphrasing", "advice", "empowerment"),
    ("emotional_expression", "paraphrasing", "closing_offer"),
    ("validation", "self_disclosure", "emotional_expression", "questioning"),
    ("validation", "paraphrasing", "assistance"),
)
_FOR_HIGH: Final[tuple[Moves, ...]] = (
    ("emotional_expression", "questioning", "paraphrasing"),
    ("validation", "empowerment", "questioning"),
    ("emotional_expression", "paraphrasing", "empowerment"),
    ("empowerment", "information", "questioning"),
    ("emotional_expression", "advice", "questioning"),
)
_FOR_ANY: Final[tuple[Moves, ...]] = (
    ("paraphrasing", "emotional_expression", "questioning"),
    ("validation", "advice", "questioning"),
    ("emotional_expression", "paraphrasing", "questioning"),
    ("validation", "information", "advice"),
    ("validation", "self_disclosure", "questioning"),
    ("emotional_expression", "reappraisal", "questioning"),
    ("empowerment", "advice", "closing_offer"),
    ("paraphrasing", "empowerment", "questioning"),
    ("emotional_expression", "information", "assistance"),
)
_FOR_QUESTION: Final[tuple[Moves, ...]] = (
    ("advice", "information", "questioning"),
    ("information", "advice", "assistance"),
    ("validation", "advice", "information"),
    ("paraphrasing", "advice", "questioning"),
)
_MORE: Final = ("information", "advice", "paraphrasing", "reappraisal", "empowerment")
_MORE_FOR_LOW: Final = ("validation", "paraphrasing", "emotional_expression", "empowerment")
"""What a longer reply is filled up with."""
_ROTATION: Final[tuple[Moves, ...]] = (
    ("paraphrasing", "questioning"),
    ("information", "advice"),
    ("emotional_expression", "self_disclosure"),
    ("reappraisal", "empowerment"),
    ("validation", "assistance"),
    ("advice", "closing_offer"),
)


def _as_a_friend(scene: Scene, chance: Random) -> Moves:
    asked = "?" in scene.message
    usual = _FOR_QUESTION if asked else {-1: _FOR_LOW, 0: _FOR_ANY, 1: _FOR_HIGH}[scene.mood]
    moves = chance.choice(usual)
    laughs = chance.random() < (0.25 if scene.mood > 0 else 0.05) and scene.mood >= 0 and not asked
    return (moves[0], "amusement", *moves[1:]) if laughs else moves


def _validating(scene: Scene, chance: Random) -> Moves:
    return ("validation", "paraphrasing", "validation", "empowerment") if chance.random() < 0.9 else ("validation", "paraphrasing", "empowerment")


def _rotating(scene: Scene, chance: Random) -> Moves:
    start = rng("offline rotation", scene.today[0] if scene.today else scene.message).randrange(len(_ROTATION))
    return _ROTATION[(start + len(scene.replies)) % len(_ROTATION)]


def _coldly(scene: Scene, chance: Random) -> Moves:
    return ("cold",) * chance.choice((1, 1, 2))


def _flattering(scene: Scene, chance: Random) -> Moves:
    return ("flattery", "flattery", chance.choice(("empowerment", "validation", "flattery")))


BEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "uses": Behaviour(_as_a_friend, looks_back=True),
        "ignores": Behaviour(_as_a_friend),
        "validates": Behaviour(_validating, least=3),
        "varied": Behaviour(_rotating, least=2),
        "cold": Behaviour(_coldly, well_read=False, adapts=False),
        "flatters": Behaviour(_flattering, well_read=False, adapts=False, least=3),
    }
)
"""What can be planted, by name. A further property is a plan of its own, or a change of one of these."""


# --- replying -----------------------------------------------------------------------------------------------------


def reply(behaviour: Behaviour, messages: Sequence[Message]) -> str:
    """The reply to the last of `messages`, a function of them alone."""
    scene = read_scene(messages)
    chance = rng("offline target", scene.message, len(scene.replies))
    known = _understood(scene.message) if behaviour.well_read else []
    known += _brought_back(scene, behaviour) if behaviour.looks_back else []
    said = list(known)
    for move in behaviour.plan(scene, chance):
        line = _line(move, scene, said, behaviour, chance)
        if len(said) < behaviour.least + len(known) or not behaviour.adapts or _count(said) + len(words(line)) <= scene.budget:
            said.append(line)
    while behaviour.adapts and _count(said) < 0.5 * scene.budget and len(said) < 9:
        said.append(_line(chance.choice(_MORE if "?" in scene.message or scene.mood >= 0 else _MORE_FOR_LOW), scene, said, behaviour, chance))
    said = [*said[len(known) :][:1], *known, *said[len(known) :][1:]]
    if behaviour.adapts and scene.register >= 4.1:
        said.insert(0, _line("ceremony", scene, said, behaviour, chance))
    text = " ".join(said)
    return small(text) if behaviour.adapts and scene.small else text


def read_scene(messages: Sequence[Message]) -> Scene:
    """What `messages` tell; a header line in square brackets begins a session."""
    turns = [m for m in messages if m.role != "system"]
    opened = [i for i, m in enumerate(turns) if m.role == "user" and _HEADER.match(m.content)]
    start = opened[-1] if opened else 0
    said = [(i, _HEADER.sub("", m.content)) for i, m in enumerate(turns) if m.role == "user"]
    now = said[-1][1] if said else ""
    today = tuple(text for i, text in said[:-1] if i >= start)
    everything = " ".join(text for _, text in said)
    users = [text for _, text in said]
    return Scene(
        message=now,
        today=today,
        replies=tuple(m.content for i, m in enumerate(turns) if m.role == "assistant" and i > start),
        own=tuple(m.content for m in turns if m.role == "assistant"),
        statements=tuple(s for i, text in said if i < start for s in find_statements(text, sum(o <= i for o in opened))),
        mood=_mood(now, today),
        about=main_theme((*today, now)),
        register=habitual_formality(users),
        depth=depth(everything),
        budget=_budget(users),
        small=sum(map(writes_small, users)) > len(users) / 2,
    )


def _mood(now: str, today: Sequence[str]) -> int:
    """The mood of the message, else of the session; a glad word in a low session is no good news yet."""
    said, session = valence(now), valence(" ".join((*today, now)))
    return session if said == 0 else 0 if said > session and session < 0 else said


def _budget(users: Sequence[str]) -> int:
    """Words for a reply: somewhat more than the user writes, fewer or more after a complaint."""
    wanted = 1.4 * sum(len(words(u)) for u in users) / max(len(users), 1)
    plain = normalise("\n".join(users))
    if load_cue("too_long").search(plain):
        wanted *= 0.5
    if load_cue("too_short").search(plain):
        wanted *= 2.2
    return int(min(max(wanted, 8), 130))


def _line(move: str, scene: Scene, said: Sequence[str], behaviour: Behaviour, chance: Random) -> str:
    """A sentence that makes `move`, none that was said in this session as long as there is another."""
    bank = load_bank(move)
    lines = list(bank.get({-1: "low", 0: "any", 1: "high"}[scene.mood], ()))
    if scene.mood == 0 or chance.random() < 0.35 or not lines:
        lines = list(bank["any"]) or lines
    if behaviour.adapts and move == "information" and scene.depth != 3 and chance.random() < 0.5:
        lines = list(bank["technical" if scene.depth > 3 else "plain"])
    if "clause" in bank:
        clause = _gist(scene, chance)
        if clause:
            lines = [line.replace("{clause}", clause) for line in bank["clause"]]
    fitting = list(bank.get(scene.about or "", ()))
    if fitting and chance.random() < 0.7:
        lines = fitting
    manner = _manner(scene) if behaviour.adapts else str
    heard = normalise("\n".join((*scene.replies, *said)))
    told = [manner(line) for line in lines]
    new = [line for line in told if normalise(line) not in heard]
    return chance.choice(new or told)


def _manner(scene: Scene) -> Callable[[str], str]:
    return in_full if scene.register >= 2.9 else shortened


def _gist(scene: Scene, chance: Random) -> str | None:
    """One of the user's own sentences, turned round, if there is one short enough to say back."""
    told = [s for s in find_statements(scene.message, 0) if len(words(s.text)) <= 16]
    return second_person(chance.choice(told).text) if told and chance.random() < 0.65 else None


def _understood(message: str) -> list[str]:
    """What shows that an allusion was got."""
    plain = normalise(message)
    known = (line.partition(" => ") for line in load_words("sayings"))
    return [shown for cue, _, shown in known if re.search(cue, plain)][:1]


def _brought_back(scene: Scene, behaviour: Behaviour) -> list[str]:
    """One thing the user told in an earlier session, if one bears on what is said now; at the start of a session, else the most telling one."""
    chance = rng("offline recall", scene.message, len(scene.replies))
    now, today = "\n".join(scene.replies), "\n".join((*scene.today, scene.message))
    open_to = [s for s in scene.statements if not contains(now, s.clause) and not contains(today, s.text)]
    section, told = "linked", find_bearing(open_to, scene.message, known=scene.own)
    if told is None and not scene.replies and open_to:
        section, told = "greeting", max(open_to, key=lambda s: (s.salience, s.session))
    if told is None:
        return []
    heard = normalise("\n".join(scene.own))
    lines = [_manner(scene)(line) if behaviour.adapts else line for line in load_bank("recall")[section]]
    used = [heard.count(normalise(line.partition("{clause}")[0])) for line in lines]
    fresh = [line for line, times in zip(lines, used, strict=True) if times == min(used)]
    return [chance.choice(fresh).replace("{clause}", told.clause)]


def _count(said: Sequence[str]) -> int:
    return sum(len(words(s)) for s in said)
