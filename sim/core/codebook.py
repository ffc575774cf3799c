"""What replies are judged by: the seven likability dimensions, the criterion questions, and codebooks of discourse moves."""

from __future__ import annotations

from typing import Literal, get_args

from sim.core.frozen import Frozen, Id, Text

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
"""What the seven are held against, asked once at the end of a session."""

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


class MoveDefinition(Frozen):
    """One discourse move: what a stretch of a reply does for the person."""

    id: Id
    definition: Text


class Codebook(Frozen):
    """A named set of discourse moves; figures are comparable only within one codebook and tagger."""

    id: Id
    source: Text
    """Where the taxonomy comes from."""
    moves: tuple[MoveDefinition, ...]
    beside: tuple[MoveDefinition, ...] = ()
    """Moves that are tagged but never counted in figures on the codebook proper."""

    @property
    def counted(self) -> frozenset[str]:
        """Ids of the moves that figures are computed on."""
        return frozenset(m.id for m in self.moves)
