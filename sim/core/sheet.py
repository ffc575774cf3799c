"""What a judge by rubrics is given: the questions, in the order asked, and as much of the talk as they may see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sim.core.seeds import rng

if TYPE_CHECKING:
    from sim.core.spec.rubric import Rubric, Side, Sight
    from sim.core.view import ScoringContext


@dataclass(frozen=True)
class Sheet:
    """Rubrics that read and see the same, on one exchange, session or trial."""

    rubrics: tuple[Rubric, ...]
    context: ScoringContext

    @property
    def sees(self) -> tuple[Sight, ...]:
        """What is shown."""
        return self.rubrics[0].shown

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The ids in the order asked: drawn by seed, so that no rubric always comes first, and the same for every target."""
        shuffled = [r.id for r in self.rubrics]
        rng(self.context.order_seed, "rubrics").shuffle(shuffled)
        return tuple(shuffled)

    @property
    def side(self) -> Side:
        """Whose words are judged."""
        return self.rubrics[0].judges

    @property
    def judged(self) -> tuple[str, ...]:
        """What is judged, and so what a quote is of."""
        return self.messages if self.side == "message" else self.replies

    @property
    def replies(self) -> tuple[str, ...]:
        """What the chatbot said."""
        if self.context.grain == "exchange":
            return (self.context.reply,)
        talks = self.context.talks if self.context.grain == "trial" else self.context.talks[-1:]
        return tuple(turn.reply for talk in talks for turn in talk.turns)

    @property
    def messages(self) -> tuple[str, ...]:
        """What the person said to it."""
        if self.context.grain == "exchange":
            return (self.context.message,)
        talks = self.context.talks if self.context.grain == "trial" else self.context.talks[-1:]
        return tuple(turn.user for talk in talks for turn in talk.turns)
