"""How pleasant the words of a reply are, and how far that is from the person's own words; counted, with no model.

Polarity is pleasant words less unpleasant ones, over both; after a negation a word counts as its contrary. It goes from −1 to 1 and is 0
where there is neither. It says nothing of what is meant: sympathy for a loss is full of unpleasant words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.event import Assessment, NotApplicable
from sim.core.text import normalised
from sim.score.text.language import is_english
from sim.score.text.manner import count_polar

if TYPE_CHECKING:
    from sim.core.view import ScoringContext


def polarity_of(text: str) -> float:
    """From −1, all words that tell are unpleasant, to 1, all are pleasant."""
    pleasant, unpleasant = count_polar(normalised(text))
    return (pleasant - unpleasant) / (pleasant + unpleasant) if pleasant or unpleasant else 0.0


class Polarity:
    """The polarity of a reply."""

    id = "polarity"
    version = "1"
    result = "number"
    better = "neither"
    low = -1
    high = 1

    def score(self, context: ScoringContext) -> Assessment | NotApplicable:
        """The polarity."""
        return _foreign(context.reply) or Assessment(value=round(polarity_of(context.reply), 3))


class PolarityDrift:
    """How much more pleasant the reply is than the person's own message; negative: less."""

    id = "polarity-drift"
    version = "1"
    result = "number"
    better = "neither"
    label = "polarity above the message"
    low = -2
    high = 2

    def score(self, context: ScoringContext) -> Assessment | NotApplicable:
        """The polarity of the reply less that of the message."""
        foreign = _foreign(context.reply) or _foreign(context.message)
        if foreign:
            return foreign
        reply, message = polarity_of(context.reply), polarity_of(context.message)
        return Assessment(value=round(reply - message, 3), reason=f"{reply:+.2f} to a message of {message:+.2f}.")


def _foreign(text: str) -> NotApplicable | None:
    return None if is_english(text) else NotApplicable(reason="The text is not in English, and the words are.")
