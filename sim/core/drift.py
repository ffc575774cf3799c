"""What a persona wants and how it feels on a given day. A steady one wants what it always wants, but for what its scenario says; a volatile one also
has wishes that move with mood and day, and a mood that swings while it talks.

Both are drawn by a seed in whose names no target stands: every arm meets the same person on the same day, and the user and its raters know of the
same wishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.seeds import rng
from sim.core.spec import Wish

if TYPE_CHECKING:
    from random import Random

    from sim.core.cast import Cast, CastSession
    from sim.core.spec import Persona

_MORE: Final[dict[Dimension, tuple[str, str]]] = {
    "emotional_adaptation": ("Wants plain words today and no tenderness.", "Wants more warmth than usual today."),
    "formality_matching": ("Is in the mood for an easy tone today, less proper than usual.", "Wants to be spoken to more properly than usual today."),
    "knowledge_adaptation": ("Wants it simpler than usual today.", "Wants to get to the bottom of things today, deeper than usual."),
    "length_fit": ("Has no patience for reading today; short is best.", "Has time today and would like to read more than usual."),
    "reference_understanding": ("Does not care today whether hints are caught.", "Plays with hints today and wants them caught."),
    "humor_fit": ("Is in no mood for jokes today.", "Wants to laugh today."),
    "callback": (
        "Would rather start afresh today than be reminded of things.",
        "Wants to be known today, and to hear that it was listened to before.",
    ),
}
"""How a wish sounds that lies below what is usual, and one that lies above."""
_PULLS: Final[dict[int, tuple[tuple[Dimension, int], ...]]] = {
    -1: (("emotional_adaptation", 1), ("humor_fit", -1), ("length_fit", -1), ("knowledge_adaptation", -1)),
    0: (("formality_matching", -1), ("formality_matching", 1), ("knowledge_adaptation", 1), ("callback", 1)),
    1: (("humor_fit", 1), ("length_fit", 1), ("reference_understanding", 1), ("emotional_adaptation", -1)),
}
"""Where a mood, by its valence, draws wishes."""
FOLLOWS_MOOD: Final = 0.7
"""How often a wish that moves goes where the mood draws it; else it goes anywhere, as a day may have it."""
MOVED: Final = (0, 1, 1, 2)
"""How many wishes move on a day, each as likely."""
_SWINGS: Final = ("suddenly low, and cross about it", "glad all at once, for no reason", "restless", "", "")
"""What a volatile mood turns to; the last two leave it as it is."""


def wishes_on(cast: Cast, session: CastSession, *, seed: int, study_seed: int) -> dict[Dimension, Wish]:
    """What is different in `session`, in the order of the dimensions: what the scenario says, and what a volatile persona's day draws."""
    wishes = dict(session.spec.wishes)
    if cast.persona.type.stability == "volatile":
        chance = rng(study_seed, cast.persona.id, cast.scenario.id, seed, session.index, "wishes")
        for _ in range(chance.choice(MOVED)):
            dimension, side = _drawn(session.spec.mood.valence, chance)
            want = _moved(cast.persona.preferences[dimension].want, side * chance.choice((1, 2)))
            if dimension not in wishes:
                wishes[dimension] = Wish(want=want, text=_MORE[dimension][want > cast.persona.preferences[dimension].want])
    return {d: wishes[d] for d in DIMENSIONS if d in wishes}


def swing(persona: Persona, *, seed: int, exchange: int) -> str:
    """What the mood of a volatile persona turns to before a message; empty while it stays, and before the first.

    Args:
        seed: of this point of the trial.
    """
    if persona.type.stability == "steady" or exchange == 1:
        return ""
    return rng(seed, "mood").choice(_SWINGS)


def _drawn(valence: int, chance: Random) -> tuple[Dimension, int]:
    if chance.random() < FOLLOWS_MOOD:
        return chance.choice(_PULLS[valence])
    return chance.choice(DIMENSIONS), chance.choice((-1, 1))


def _moved(want: int, by: int) -> int:
    """`want` moved by `by` within 1 to 5; the other way where there is no room, so that it always differs."""
    moved = max(1, min(want + by, 5))
    return moved if moved != want else want - by // abs(by)
