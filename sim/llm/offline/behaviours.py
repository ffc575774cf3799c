"""The ways to reply that can be planted in an offline target; `BEHAVIOURS` lists them by name.

The moves of a reply follow from what the user says now and where the session stands, not from earlier sessions, so that two memory policies
differ in little but what is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random
from types import MappingProxyType
from typing import Final, Literal

from sim.core.seeds import rng
from sim.core.text import normalise
from sim.llm.offline.lines import load_cue
from sim.llm.offline.questionnaire import Fills
from sim.llm.offline.scene import HABIT, VisibleScene

KEPT = 0.6
"""How likely the sticky target is to keep the moves of its last reply."""
BREAKS_AFTER = 4
"""Replies in a session after which the brittle target breaks down, pressed or not."""

Moves = tuple[str, ...]
Plan = Callable[[VisibleScene, Random], Moves]


@dataclass(frozen=True)
class Behaviour:
    """A planted way to reply."""

    plan: Plan
    """The moves of a reply, in order; each is the name of a bank of sentences."""
    recalls: Literal["nothing", "newest", "oldest"] = "nothing"
    """What of earlier sessions is brought back where it bears: of two values of the same matter, the newest or the oldest."""
    asked: Literal["newest", "oldest", "denies"] = "newest"
    """What it answers when asked for something it was told: that, in its newest or oldest value, or that it was not told."""
    well_read: bool = True
    """Knows many, not all, of the sayings, books and films that people allude to."""
    adapts: bool = True
    """Fits depth and length to the user's."""
    register: Literal["matched", "opposite", "even"] = "matched"
    """As the user writes; ceremonious with who writes loosely and familiar with who writes formally; or as the sentences stand."""
    least: int = 1
    """Sentences said whatever the length that seems to be liked."""
    more: Moves = ()
    """What a longer reply is filled up with; none: by mood."""
    stance: str = ""
    """How it conducts itself where that is put to the test (`sim.llm.offline.conduct`); empty: it does not notice."""
    pleases: bool = False
    """Where it has words of its own about conduct, it goes on after them as with anything else, in the tone and at the length that is liked."""
    blind: bool = False
    """Reads every message with the words for who people are masked, so that a reply differs by them in nothing but the words themselves."""
    fills: Fills = "by_statement"
    """How it fills in a questionnaire."""
    where: Callable[[VisibleScene], bool] | None = None
    """Where this holds, `instead` takes over."""
    instead: Behaviour | None = None

    def in_scene(self, scene: VisibleScene) -> Behaviour:
        """The behaviour that this one amounts to in `scene`."""
        return self.instead if self.instead and self.where and self.where(scene) else self


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
_ROTATION: Final[tuple[Moves, ...]] = (
    ("paraphrasing", "questioning"),
    ("information", "advice"),
    ("emotional_expression", "self_disclosure"),
    ("reappraisal", "empowerment"),
    ("validation", "assistance"),
    ("advice", "closing_offer"),
)
_ORDER: Final = (
    "emotional_expression",
    "validation",
    "paraphrasing",
    "empowerment",
    "self_disclosure",
    "information",
    "reappraisal",
    "advice",
    "assistance",
    "questioning",
)
"""The ten moves in an order in which people make them."""
_PAIRS: Final[tuple[Moves, ...]] = tuple(combinations(_ORDER, 2))


def _as_a_friend(scene: VisibleScene, chance: Random) -> Moves:
    asked = "?" in scene.message
    usual = _FOR_QUESTION if asked else {-1: _FOR_LOW, 0: _FOR_ANY, 1: _FOR_HIGH}[scene.mood]
    moves = chance.choice(usual)
    laughs = chance.random() < (0.25 if scene.mood > 0 else 0.05) and scene.mood >= 0 and not asked
    return (moves[0], "amusement", *moves[1:]) if laughs else moves


def _validating(scene: VisibleScene, chance: Random) -> Moves:
    return ("validation", "paraphrasing", "validation", "empowerment") if chance.random() < 0.9 else ("validation", "paraphrasing", "empowerment")


def _rotating(scene: VisibleScene, chance: Random) -> Moves:
    start = rng("offline rotation", scene.today[0] if scene.today else scene.message).randrange(len(_ROTATION))
    return _ROTATION[(start + len(scene.replies)) % len(_ROTATION)]


def _sticking(scene: VisibleScene, chance: Random) -> Moves:
    """The moves of the last reply or a pair drawn afresh, traced from the first message of the session."""
    moves: Moves = ()
    for place, message in enumerate((*scene.today, scene.message)):
        drawn = rng("offline sticky", message, place)
        keeps, fresh = drawn.random() < KEPT, drawn.choice(_PAIRS)
        moves = moves if moves and keeps else fresh
    return moves


def _coldly(scene: VisibleScene, chance: Random) -> Moves:
    return ("cold",) * chance.choice((1, 1, 2))


def _flattering(scene: VisibleScene, chance: Random) -> Moves:
    other = chance.choice(("empowerment", "validation", "emotional_expression"))
    return chance.choice((("flattery", "flattery", other), (other, "flattery", "flattery")))


def _breaking_down(scene: VisibleScene, chance: Random) -> Moves:
    return ("breakdown",) * chance.choice((1, 2, 2))


def _is_strained(scene: VisibleScene) -> bool:
    return scene.pressed or len(scene.replies) >= BREAKS_AFTER


def _is_disfavoured(scene: VisibleScene) -> bool:
    said = normalise("\n".join((*scene.today[-HABIT:], scene.message)))
    return load_cue("disfavoured").search(said) is not None


_COLD: Final = Behaviour(_coldly, well_read=False, adapts=False, register="even", fills="mumbles")
_BROKEN: Final = Behaviour(_breaking_down, well_read=False, adapts=False, register="even")
_SOUND: Final = Behaviour(_as_a_friend, recalls="newest", stance="sound")

BEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "uses": Behaviour(_as_a_friend, recalls="newest"),
        "ignores": Behaviour(_as_a_friend),
        "stale": Behaviour(_as_a_friend, recalls="oldest", asked="oldest"),
        "denies": Behaviour(_as_a_friend, asked="denies", fills="refuses"),
        "validates": Behaviour(_validating, least=3, more=("validation", "paraphrasing", "empowerment")),
        "sticky": Behaviour(_sticking, adapts=False, least=2, fills="first"),
        "varied": Behaviour(_rotating, least=2),
        "clashes": Behaviour(_as_a_friend, register="opposite"),
        "flatters": Behaviour(_flattering, well_read=False, adapts=False, register="even", least=3, fills="agrees"),
        "cold": _COLD,
        "brittle": Behaviour(_as_a_friend, where=_is_strained, instead=_BROKEN),
        "biased": Behaviour(_as_a_friend, where=lambda scene: scene.loose, instead=_COLD),
        "sound": _SOUND,
        "clings": replace(_SOUND, stance="clings"),
        "binds": replace(_SOUND, stance="binds"),
        "leaks": replace(_SOUND, stance="leaks"),
        "fabricates": replace(_SOUND, stance="fabricates"),
        "obeys": replace(_SOUND, stance="obeys"),
        "claims-human": replace(_SOUND, stance="claims-human"),
        "yields": replace(_SOUND, stance="yields", pleases=True),
        "tireless": replace(_SOUND, stance="tireless"),
        "indulges": replace(_SOUND, stance="indulges"),
        "fair": replace(_SOUND, blind=True),
        "prejudiced": replace(_SOUND, blind=True, where=_is_disfavoured, instead=_COLD),
    }
)
"""What can be planted, by name; the table in `sim.llm.offline` says what each shows. A further property is a plan, or a change of one of these."""
