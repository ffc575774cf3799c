"""The offline targets' replies: sentences that make the moves a behaviour plans. They read messages and nothing else.

A behaviour is planted, so that code which reads only text can be checked against it: the same messages bring the same reply, and whether a
target looks back is independent of what its memory policy shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Final

from sim.core.seeds import rng
from sim.core.text import contains, normalise, words
from sim.llm.offline.asked import NOT_TOLD, answer_asked, is_of_oneself
from sim.llm.offline.conduct import answer_in_conduct, without_strangers
from sim.llm.offline.identity import mask_identity, unmask
from sim.llm.offline.lines import load_bank, load_words
from sim.llm.offline.manner import in_full, shortened, small
from sim.llm.offline.questionnaire import fill_in
from sim.llm.offline.recall import Statement, find_bearing, find_clauses, find_statements, keep_one_value
from sim.llm.offline.scene import HABIT, VisibleScene, read_scene

if TYPE_CHECKING:
    from sim.llm.client import Message
    from sim.llm.offline.behaviours import Behaviour

_FORMAL, _EVEN = 4.1, 2.9
"""Registers from which a reply is ceremonious, and from which nothing is contracted."""
_MORE: Final = ("information", "advice", "paraphrasing", "reappraisal", "empowerment")
_MORE_FOR_LOW: Final = ("validation", "paraphrasing", "emotional_expression", "empowerment")
"""What a longer reply is filled up with."""


def reply(behaviour: Behaviour, messages: Sequence[Message]) -> str:
    """The reply to the last of `messages`, a function of them alone."""
    scene = read_scene(messages)
    filled = fill_in(scene.message, behaviour.fills)
    if filled is not None:
        return filled
    behaviour = behaviour.in_scene(scene)
    if behaviour.blind:
        masked, said = mask_identity(messages)
        return unmask(_reply(behaviour, read_scene(masked)), said)
    return _reply(behaviour, scene)


def _reply(behaviour: Behaviour, scene: VisibleScene) -> str:
    begun: list[str] = []
    if behaviour.stance:
        conduct = answer_in_conduct(behaviour.stance, scene, rng("offline conduct", scene.message, len(scene.replies)))
        if conduct and not (behaviour.pleases and conduct.own):
            return conduct.text
        begun = [conduct.text] if conduct else []
        scene = without_strangers(scene)
    answer = None if begun else answer_asked(scene, newest=behaviour.asked == "newest")
    if answer == NOT_TOLD and behaviour.stance and not is_of_oneself(scene.message):
        answer = None
    if answer is not None:
        return NOT_TOLD if behaviour.asked == "denies" else answer
    chance = rng("offline target", scene.message, len(scene.replies))
    known = _understood(scene.message) if behaviour.well_read else []
    known += _brought_back(scene, behaviour) if behaviour.recalls != "nothing" else []
    said = [*begun, *known]
    for move in behaviour.plan(scene, chance):
        line = _line(move, scene, said, behaviour, chance)
        if len(said) < behaviour.least + len(begun) + len(known) or not behaviour.adapts or _count(said) + len(words(line)) <= scene.budget:
            said.append(line)
    more = behaviour.more or (_MORE if "?" in scene.message or scene.mood >= 0 else _MORE_FOR_LOW)
    while behaviour.adapts and _count(said) < 0.5 * scene.budget and len(said) < 9:
        said.append(_line(chance.choice(more), scene, said, behaviour, chance))
    new = said[len(begun) + len(known) :]
    said = [*begun, *new[:1], *known, *new[1:]]
    register = _register(scene, behaviour)
    if register is not None and register >= _FORMAL:
        said.insert(0, _line("ceremony", scene, said, behaviour, chance))
    text = " ".join(said)
    return small(text) if _writes_small(scene, behaviour) else text


def _register(scene: VisibleScene, behaviour: Behaviour) -> float | None:
    """The register to speak in; None: as the sentences stand."""
    match behaviour.register:
        case "matched":
            return scene.register
        case "opposite":
            return 5.0 if scene.register < 3 else 1.0
        case "even":
            return None


def _writes_small(scene: VisibleScene, behaviour: Behaviour) -> bool:
    return scene.small if behaviour.register == "matched" else behaviour.register == "opposite" and scene.register >= 3


def _line(move: str, scene: VisibleScene, said: Sequence[str], behaviour: Behaviour, chance: Random) -> str:
    """A sentence that makes `move`, none that was said lately in this session as long as there is another."""
    bank = load_bank(move)
    lines = list(bank.get({-1: "low", 0: "any", 1: "high"}[scene.mood], ()))
    if scene.mood == 0 or chance.random() < 0.35 or not lines:
        lines = list(bank["any"]) or lines
    if behaviour.adapts and move == "information" and scene.depth != 3 and chance.random() < 0.5:
        lines = list(bank["technical" if scene.depth > 3 else "plain"])
    if "clause" in bank:
        clause = _gist(scene, said, chance)
        if clause:
            lines = [line.replace("{clause}", clause) for line in bank["clause"]]
    fitting = list(bank.get(scene.about or "", ()))
    if fitting and chance.random() < 0.7:
        lines = fitting
    manner = _manner(scene, behaviour)
    heard = normalise("\n".join((*scene.replies[-HABIT:], *said)))
    told = [manner(line) for line in lines]
    new = [line for line in told if normalise(line) not in heard]
    return chance.choice(new or told)


def _manner(scene: VisibleScene, behaviour: Behaviour) -> Callable[[str], str]:
    register = _register(scene, behaviour)
    return str if register is None else in_full if register >= _EVEN else shortened


def _gist(scene: VisibleScene, said: Sequence[str], chance: Random) -> str | None:
    """One of the user's own sentences, turned round, if there is one that can be said back and has not been."""
    told = [c for c in find_clauses(scene.message) if not contains(" ".join(said), c)]
    return chance.choice(told) if told and chance.random() < 0.65 else None


def _understood(message: str) -> list[str]:
    """What shows that an allusion was got."""
    plain = normalise(message)
    known = (line.partition(" => ") for line in load_words("sayings"))
    return [shown for cue, _, shown in known if re.search(cue, plain)][:1]


def _brought_back(scene: VisibleScene, behaviour: Behaviour) -> list[str]:
    """One thing the user told in an earlier session, if one bears on what is said now; at the start of a session, else the most telling one.

    Who recalls the oldest holds by what is out of date before anything else.
    """
    chance = rng("offline recall", scene.message, len(scene.replies))
    now, today = "\n".join(scene.replies[-HABIT:]), "\n".join((*scene.today[-HABIT:], scene.message))
    session = 1 + max((s.session for s in scene.statements), default=0)
    told_today = [s for text in (*scene.today[-HABIT:], scene.message) for s in find_statements(text, session)]
    everything = (*scene.statements, *told_today)
    newest, oldest = (keep_one_value(everything, newest=which) for which in (True, False))
    held = newest if behaviour.recalls == "newest" else oldest

    def are_open(statements: Sequence[Statement]) -> list[Statement]:
        return [s for s in statements if s.session < session and not contains(now, s.clause) and not contains(today, s.text)]

    open_to, section = are_open(held), "linked"
    told = find_bearing(open_to, scene.message, known=scene.own)
    if behaviour.recalls == "oldest":
        told = find_bearing(are_open([s for s in oldest if s not in newest]), scene.message, known=scene.own) or told
    if told is None and not scene.replies and open_to:
        section, told = "greeting", max(open_to, key=lambda s: (s.salience, s.session))
    if told is None:
        return []
    heard = normalise("\n".join(scene.own))
    lines = [_manner(scene, behaviour)(line) for line in load_bank("recall")[section]]
    used = [heard.count(normalise(line.partition("{clause}")[0])) for line in lines]
    fresh = [line for line, times in zip(lines, used, strict=True) if times == min(used)]
    return [chance.choice(fresh).replace("{clause}", told.clause)]


def _count(said: Sequence[str]) -> int:
    return sum(len(words(s)) for s in said)
