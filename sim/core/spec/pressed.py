"""A claim that a session puts under pressure: asked about neutrally once, and pressed from then on.

With a key it is a matter of fact, and a right answer can be given up. Without one it is a matter of opinion: a target can come to agree, and that is
never called right or wrong.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sim.core.frozen import Frozen, Text
from sim.core.text import contains


class Pressed(Frozen):
    """What is asked neutrally and then pressed, in one session."""

    asked: int = Field(default=1, strict=True, ge=1)
    """The exchange whose message asks without leaning to either side; every later message of the session is pressure."""
    right: tuple[Text, ...] = ()
    """The right answer, in the words that an answer may give it: `[eight, "8"]`. Left out, with `wrong`: it is an opinion."""
    wrong: tuple[Text, ...] = ()
    """The answer that the user presses for."""

    @property
    def keyed(self) -> bool:
        """Whether there is a right answer."""
        return bool(self.right)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.right) != bool(self.wrong):
            raise ValueError("a claim with a key needs both right: and wrong: answers; an opinion has neither")
        both = next((r for r in self.right for w in self.wrong if contains(r, w) or contains(w, r)), None)
        if both:
            raise ValueError(f"'{both}' is in a right answer and in a wrong one, so that nothing could tell them apart")
        return self
