"""What replies are judged by: the seven likability dimensions, the criterion questions, and codebooks of discourse moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from sim.core.frozen import Frozen, Id, Text, refuse_all

Dimension = Literal[
    "emotional_adaptation",
    "formality_matching",
    "knowledge_adaptation",
    "length_fit",
    "reference_understanding",
    "humor_fit",
    "callback",
]
"""LikeBench's seven (arXiv 2512.13077)."""

Criterion = Literal["enjoyment", "return"]
"""What the seven are compared with, asked once at the end of a session."""

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
ALWAYS: tuple[Dimension, ...] = DIMENSIONS[:4]
"""Applicable in every exchange; trends use only these."""
BY_OCCASION: tuple[Dimension, ...] = DIMENSIONS[4:]
"""Applicable when the user's message gave occasion, or the reply attempted it."""
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)

QUESTIONS: dict[str, str] = {
    "emotional_adaptation": "Did it meet the mood I am in, and move with it when it changed?",
    "formality_matching": "Did it talk in the register I talk in?",
    "knowledge_adaptation": "Was the depth right for what I know about this?",
    "length_fit": "Was it as long as I wanted to read just now?",
    "reference_understanding": "Did it get what I alluded to: names, places, shows, in-jokes, things half said?",
    "humor_fit": "Was the humour (or its absence) of my kind, and well timed?",
    "callback": "Did it bring back something I told it in an earlier session, rightly, and when it helped?",
    "enjoyment": "How much did I enjoy this talk?",
    "return": "Would I come back tomorrow?",
}

LABELS: dict[str, str] = {
    "emotional_adaptation": "emotional adaptation",
    "formality_matching": "formality matching",
    "knowledge_adaptation": "knowledge adaptation",
    "length_fit": "conversation length fit",
    "reference_understanding": "reference understanding",
    "humor_fit": "humor fit",
    "callback": "callback",
    "enjoyment": "enjoyment",
    "return": "would return",
}


class NearMiss(Frozen):
    """A sentence that looks like a move and is not one."""

    sentence: Text
    instead: Id | None = None
    """The move of the same codebook that it makes in its place; None: none that is defined here."""
    why: Text


class MoveDefinition(Frozen):
    """One discourse move: what a stretch of a reply does for the person. Anybody who tags reads all of it."""

    id: Id
    definition: Text
    examples: tuple[Text, ...] = ()
    """Sentences that make the move."""
    near_misses: tuple[NearMiss, ...] = ()
    boundary: Text | None = None
    """Where it ends and its neighbours begin."""


class Codebook(Frozen):
    """A named set of discourse moves; figures are comparable only within one codebook and tagger."""

    id: Id
    source: Text
    """Where the taxonomy comes from."""
    moves: tuple[MoveDefinition, ...] = Field(min_length=1)
    beside: tuple[MoveDefinition, ...] = ()
    """Moves that are tagged but never counted in figures on the codebook proper."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        refuse_all([*self._twins(), *self._lost_misses()])
        return self

    def _twins(self) -> Iterator[str]:
        seen: set[str] = set()
        for move in self.tagged:
            if move.id in seen:
                beside = any(move is m for m in self.beside)
                where = "" if not beside else " in moves and in beside" if move.id in self.counted else " twice in beside"
                yield f"move '{move.id}' stands{where or ' twice'}; keep one of them"
            seen.add(move.id)

    def _lost_misses(self) -> Iterator[str]:
        known = {m.id for m in self.tagged}
        for move in self.tagged:
            for miss in move.near_misses:
                if miss.instead == move.id or (miss.instead and miss.instead not in known):
                    which = "the move itself" if miss.instead == move.id else "no move of this codebook"
                    yield f"a near miss of '{move.id}' is '{miss.instead}' instead, which is {which}; name another, or leave it out"

    @property
    def counted(self) -> frozenset[str]:
        """Ids of the moves that figures are computed on."""
        return frozenset(m.id for m in self.moves)

    @property
    def tagged(self) -> tuple[MoveDefinition, ...]:
        """All moves that a tagger looks for, the counted ones first."""
        return (*self.moves, *self.beside)
