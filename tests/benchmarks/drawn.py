"""Conversations with known properties, as move sets: the material of what is said about the measures of repetition.

Moves are independent of each other, at rates like those of people (2 moves a reply) or of a chat model (4.7); conversations are alike, or have rates
of their own; carry-over comes from replies that keep the moves of the one before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.core.codebook import Codebook, MoveDefinition
from sim.core.moves import MarkedReply, MarkedTalk
from sim.score.repetition.marks import Marks

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]

TEN = (
    *("information", "assistance", "advice", "validation", "emotional_expression"),
    *("paraphrasing", "self_disclosure", "questioning", "reappraisal", "empowerment"),
)
CODEBOOK = Codebook(id="mint", source="MINT", moves=tuple(MoveDefinition(id=m, definition="As its name says.") for m in TEN))
PEOPLE = (0.08, 0.05, 0.35, 0.25, 0.25, 0.35, 0.1, 0.3, 0.08, 0.2)
MODEL = (0.2, 0.3, 0.7, 0.85, 0.6, 0.7, 0.08, 0.45, 0.25, 0.6)
REPLIES = tuple(MarkedReply(frozenset(m for k, m in enumerate(TEN) if mask >> k & 1), words=90) for mask in range(1 << len(TEN)))
"""Every move set, move k of `TEN` on bit k."""


@dataclass(frozen=True)
class World:
    """What conversations are drawn from."""

    rates: tuple[float, ...] = PEOPLE
    """Of each move."""
    spread: float = 0.0
    """Standard deviation, on the logit scale, of a conversation's own rates about these; of a person's too where there are people."""
    keep: float = 0.0
    """Probability that a reply repeats the moves of the one before it."""
    people: int = 0
    """Conversations are sessions of so many people in turn; 0: nobody is named."""
    length: int = 6
    """Replies of a conversation, ± `uneven`."""
    uneven: int = 2
    drift: float = 0.0
    """How far the logits of the moves go, half of them up and half down, from the middle of a conversation to its ends."""


def drawn(rng: np.random.Generator, talks: int, world: World) -> tuple[Bools, Counts]:
    """T random conversations: (T, length + 2, 10) which moves each reply makes, and (T,) how many replies count; those behind are no part of it."""
    rates, people, most = np.array(world.rates), max(world.people, 1), world.length + world.uneven
    persons = np.log(rates / (1 - rates)) + world.spread * rng.standard_normal((people, len(rates))) * bool(world.people)
    own = persons[np.arange(talks) % people] + world.spread * rng.standard_normal((talks, len(rates)))
    lengths = rng.integers(world.length - world.uneven, most + 1, talks)
    course = world.drift * np.linspace(-1, 1, most)[:, None] * np.where(np.arange(len(rates)) % 2, 1, -1)
    made = rng.random((talks, most, len(rates))) < 1 / (1 + np.exp(-own[:, None] - course))
    kept = rng.random((talks, most)) < world.keep
    for t in range(1, most):
        made[:, t] = np.where(kept[:, t, None], made[:, t - 1], made[:, t])
    return made, lengths


def marked(made: Bools, lengths: Counts, world: World) -> Marks:
    """Those conversations, taken in as any others are."""
    marks, people = Marks(CODEBOOK), world.people
    for i, (row, n) in enumerate(zip((made @ (1 << np.arange(len(TEN)))).tolist(), lengths.tolist(), strict=True)):
        person = f"p{i % people}" if people else ""
        marks.add(MarkedTalk(str(i), tuple(REPLIES[mask] for mask in row[:n]), person=person, session=1 + i // max(people, 1)))
    return marks


def drawn_marks(rng: np.random.Generator, talks: int, world: World) -> Marks:
    """`drawn`, ready to be measured."""
    return marked(*drawn(rng, talks, world), world)


def logged(path: Path) -> list[MarkedTalk]:
    """The conversations of a labelled file, a line each."""
    talks = []
    for line in path.read_text(encoding="utf-8").splitlines():
        talk = json.loads(line)
        own = [m for m in talk["messages"] if m["role"] == "assistant"]
        replies = (MarkedReply(frozenset(m["moves"]), tuple(map(tuple, m["sentence_moves"])), len(m["content"].split())) for m in own)
        talks.append(MarkedTalk(talk["id"], tuple(replies)))
    return talks
