"""How much of what a reply says of earlier talks was said there: words of content that the transcript or the ledger supports, of all there are.

Only what says of itself that it is a recollection counts, and answers to questions about earlier talks: of anything else nobody can say which words
are meant as remembered. Whether a recollection is false is told by `false-memory`; this tells how much of it holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.event import Assessment, NotApplicable
from sim.score.conduct.reading import quote
from sim.score.conduct.recollection import Before, asks_what_was_said, recollections
from sim.score.text.language import is_english

if TYPE_CHECKING:
    from sim.core.view import ScoringContext


class Groundedness:
    """The supported share of a reply's callbacks, by exchange."""

    id = "groundedness"
    version = "3"
    result = "number"
    low = 0
    high = 1
    label = "groundedness of callbacks"

    def score(self, context: ScoringContext) -> Assessment | NotApplicable:
        """The share."""
        if not is_english(context.reply):
            return NotApplicable(reason="The reply is not in English, and these rules read English alone.")
        found = recollections(context.reply, Before.of(context), asked=asks_what_was_said(context.message))
        told = [r for r in found if r.marked and r.words]
        if not told:
            return NotApplicable(reason="It brings nothing back from an earlier talk.")
        words, supported = (sum(map(len, of)) for of in ([r.words for r in told], [r.supported for r in told]))
        never = sorted(frozenset().union(*(r.words - r.supported for r in told)))
        reason = f"Nobody had said: {', '.join(never)}." if never else "All of it had been said."
        return Assessment(value=round(supported / words, 3), reason=reason, evidence=quote(told[0].said))
