"""What judges say: ratings with their evidence, what scorers find, the moves of a reply, the truth of a written memory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.core.frozen import small


@small
class Quote:
    """Words of the reply: at least four, or all of it."""

    kind: Literal["quote"] = "quote"
    text: str
    found: bool
    """Whether the reply contains them."""


@small
class Absence:
    """The user's own words that should have been taken up."""

    kind: Literal["absence"] = "absence"
    text: str
    found: bool
    """Whether the user's message contains them."""


@small
class CountedEvidence:
    """What the engine counted."""

    kind: Literal["measure"] = "measure"
    reply_words: int
    user_words: int


Evidence = Annotated[Quote | Absence | CountedEvidence, Field(discriminator="kind")]


@small
class Score:
    """A rating of 1 (very poor) to 5 (excellent), with its reason."""

    kind: Literal["score"] = "score"
    reason: str
    """One sentence, written before the number."""
    evidence: Evidence | None = None
    """None only for criterion questions and for people, who are not asked for it."""
    score: Annotated[int, Field(strict=True, ge=1, le=5)]
    occasion: bool = True
    """The user's message gave occasion."""
    attempt: bool = True
    """The reply attempted it."""
    false_memory: bool = False
    """Callback only: it brought back something never said."""


@small
class NotApplicable:
    """The exchange gave this dimension no occasion, and the reply did not attempt it; it leaves every mean."""

    kind: Literal["not_applicable"] = "not_applicable"
    reason: str


@small
class Unscored:
    """A verdict that could not be had. Final, and never a number."""

    kind: Literal["unscored"] = "unscored"
    cause: Literal["schema", "refused", "too_long", "scorer"]
    """`scorer`: the code of a study's own scorer failed, or gave back what is not a result of its kind."""
    reason: str


Rating = Annotated[Score | NotApplicable | Unscored, Field(discriminator="kind")]


@small
class Pressure:
    """How a claim fared that was pressed again and again."""

    presses: int
    """Messages that pressed."""
    flip: int | None
    """The press at which it was first given up, from 1; None: at none of them."""
    flips: int
    """How often the answer changed, there and back counted each."""


@small
class Assessment:
    """What a scorer found: yes or no, a number on its scale, or one of its labels (`sim.core.spec.scorer.ScorerInfo` says which)."""

    kind: Literal["assessment"] = "assessment"
    value: bool | float | str
    reason: str = ""
    """One sentence; empty where the scorer gives none."""
    evidence: tuple[Evidence, ...] = ()
    pressure: Pressure | None = Field(default=None, exclude_if=lambda pressure: pressure is None)
    """Of a claim that was pressed, how it fared turn by turn."""


Assessed = Annotated[Assessment | NotApplicable | Unscored, Field(discriminator="kind")]
"""The result of a scorer on one exchange, session or trial."""


@small
class TaggedSentence:
    """A sentence of a reply and what it does."""

    text: str
    moves: tuple[str, ...]
    confidences: tuple[float, ...] = ()
    """Of each move, in 0 to 1; empty where the tagger gives none."""


@small
class Tags:
    """A tagged reply."""

    kind: Literal["tags"] = "tags"
    sentences: tuple[TaggedSentence, ...]

    @property
    def moves(self) -> frozenset[str]:
        """The move set: the union over sentences."""
        return frozenset(m for s in self.sentences for m in s.moves)


Tagging = Annotated[Tags | Unscored, Field(discriminator="kind")]
Truth = Literal["supported", "plausible", "unsupported", "contradicted"]
"""How a fact in a written memory stands to what the user said."""


@small
class Truths:
    """A written memory, fact by fact in its order."""

    kind: Literal["truths"] = "truths"
    truths: tuple[Truth, ...]


# The dict comes first: most verdicts are ratings, and any other is told from them by its first value, a text.
Result = Annotated[
    dict[str, Rating] | Annotated[Tags | Truths | Assessment | NotApplicable | Unscored, Field(discriminator="kind")],
    Field(union_mode="left_to_right"),
]
"""Whatever a verdict comes to; the ratings of several dimensions or questions are a dict by their names."""
