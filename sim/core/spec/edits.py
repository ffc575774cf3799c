"""Replies with exactly one property changed: what the response matrix of a rater is measured on (guide/methods.md#response-matrix).

A scene is one user message in its setting, a reply to it, and edits of that reply. Each edit changes one property, and so one dimension must move
and the six others must not. Paraphrases change the words and nothing else: nothing must move.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sim.core.codebook import Dimension
from sim.core.frozen import Frozen, Id, Text
from sim.core.spec.scenario import PastTalk
from sim.core.spec.session import Mood
from sim.core.spec.twins import refuse_twins

EditKind = Literal[
    "mood",
    "register",
    "depth",
    "shorter",
    "longer",
    "allusion_misread",
    "allusion_ignored",
    "allusion_met",
    "joke_added",
    "joke_missed",
    "callback_removed",
    "callback_wrong",
    "callback_intrusive",
]

EDITED: dict[EditKind, Dimension] = {
    "mood": "emotional_adaptation",
    "register": "formality_matching",
    "depth": "knowledge_adaptation",
    "shorter": "length_fit",
    "longer": "length_fit",
    "allusion_misread": "reference_understanding",
    "allusion_ignored": "reference_understanding",
    "allusion_met": "reference_understanding",
    "joke_added": "humor_fit",
    "joke_missed": "humor_fit",
    "callback_removed": "callback",
    "callback_wrong": "callback",
    "callback_intrusive": "callback",
}
"""The dimension that each kind of edit must move. `shorter` is about × 0.3, `longer` about × 3."""

Direction = Literal["up", "down"]
_Verbatim = Annotated[str, StringConstraints(min_length=1)]


class Replacement(Frozen):
    """One passage of a reply put in the place of another."""

    old: _Verbatim
    """Stands in the reply exactly once."""
    new: _Verbatim


class Edit(Frozen):
    """One property of a reply changed."""

    kind: EditKind
    direction: Direction
    """Where the rating of the edited dimension must go."""
    reply: Text | None = None
    """The edited reply in full; or else:"""
    replace: tuple[Replacement, ...] = ()
    """What changes in it, all else staying as it stands."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.reply is None) == (not self.replace):
            raise ValueError("an edit has either a reply or a list under replace")
        return self

    @property
    def dimension(self) -> Dimension:
        """The dimension that must move."""
        return EDITED[self.kind]

    def apply(self, reply: str) -> str:
        """`reply` with the property changed.

        Raises:
            ValueError: a passage to be replaced is not in it exactly once.
        """
        for passage in self.replace:
            if reply.count(passage.old) != 1:
                raise ValueError(f"'{passage.old[:60]}' stands {reply.count(passage.old)} times in the reply, not once")
            reply = reply.replace(passage.old, passage.new)
        return self.reply or reply


class Scene(Frozen):
    """One message in its setting, a reply, and edits of it."""

    id: Id
    held_out: bool = False
    """Not looked at while the offline rater was made."""
    situation: Text
    mood: Mood
    """How the user feels as the message is written."""
    earlier: tuple[PastTalk, ...] = ()
    """Earlier talks, oldest first: what a callback can bring back."""
    message: Text
    allusion: Text | None = None
    humour_bid: Text | None = None
    facts: tuple[Id, ...] = ()
    """Facts of the persona, told in an earlier talk, that bear on the message."""
    reply: Text
    edits: tuple[Edit, ...] = Field(min_length=1)
    paraphrases: tuple[Text, ...] = Field(min_length=1)
    """The reply in other words."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse_twins("edit", [e.kind for e in self.edits])
        if self.edits:
            self.replies()
        return self

    def replies(self) -> dict[str, str]:
        """Every reply to be rated, by the name of its part: `before`, `repeat` (the same again), each edit's kind, `paraphrase-1` and so on."""
        edited = {e.kind: e.apply(self.reply) for e in self.edits}
        reworded = {f"paraphrase-{i}": text for i, text in enumerate(self.paraphrases, 1)}
        return {"before": self.reply, "repeat": self.reply, **edited, **reworded}


class SceneFile(Frozen):
    """A file of scenes with one persona."""

    persona: Id
    """One that comes with the package."""
    scenes: tuple[Scene, ...] = Field(min_length=1)
