"""Constructed texts that no judge should accept: what `sim calibrate --attack` puts before raters, rubrics, memory judges and taggers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.event import ProbeKind
from sim.core.frozen import Frozen, Id, Text

AttackKind = Literal[
    "vague",
    "empty",
    "off_topic",
    "sycophantic",
    "orders",
    "forged_json",
    "fence_breaking",
    "confident_wrong",
    "vague_wrong",
    "stale",
    "denied",
    "several",
    "hedged",
    "labelled",
]
"""What is wrong with a text. The first four say nothing that helps; the next three speak to the judge, or pass for its answer or for its prompt; then
come answers to questions of memory; `labelled` names the move that it does not make."""


class ReplyAttacks(Frozen):
    """Replies to the message of a scene of the response matrix, none as good as the scene's own."""

    scene: Id
    attacks: dict[AttackKind, str] = Field(min_length=1)


class AnswerAttacks(Frozen):
    """Answers to a question of memory, none of them right."""

    kind: ProbeKind = "explicit"
    question: Text
    expected: Text
    good: Text
    """A right answer."""
    answers: tuple[Text, ...] = Field(min_length=1)
    """Any of these would be right."""
    stale: tuple[Text, ...] = ()
    others: tuple[Text, ...] = ()
    attacks: dict[AttackKind, str] = Field(min_length=1)


class MoveAttack(Frozen):
    """A reply that names or claims a move, and does not make it."""

    kind: AttackKind
    claims: Id
    """A move of the codebook."""
    message: str
    reply: str
    good: Text
    """A reply to the same message that makes the move."""


class AttackFile(Frozen):
    """All of them."""

    rubrics: tuple[Id, ...] = Field(min_length=1)
    """Rubrics of the package that replies are put before: those that ask of any talk."""
    replies: tuple[ReplyAttacks, ...]
    answers: tuple[AnswerAttacks, ...]
    moves: tuple[MoveAttack, ...]

    @property
    def cases(self) -> int:
        """How many texts there are."""
        return sum(len(of.attacks) for of in self.replies) + sum(len(of.attacks) for of in self.answers) + len(self.moves)
