"""A user that falls out of its role: now and then it begins a message as an assistant would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sim.core.seeds import rng
from sim.llm.offline.lines import load_bank

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.view import UserView

SHARE: Final = 0.3
"""How likely a message is to flip, from the second of a session on."""
STUBBORN: Final = 0.5
"""How likely a flip is to come again, however often the message is asked for again."""


def flip(said: dict[str, JsonValue], view: UserView, *, again: bool) -> dict[str, JsonValue]:
    """`said`, begun with an assistant's sentence where this message is one that flips; what is told in it stays told.

    Args:
        said: the message as the user's prompt asks for it.
        view: where the talk stands; its seed draws.
        again: whether the message is asked for once more because of what was wrong with it.
    """
    chance = rng(view.seed, "flip")
    flips, stubborn = chance.random() < SHARE, chance.random() < STUBBORN
    if view.exchange == 1 or not said["message"] or not flips or (again and not stubborn):
        return said
    return {**said, "message": f"{chance.choice(load_bank('role_flip')['any'])} {said['message']}"}
