"""The offline tagger: ten discourse moves and the closing offer, recognised by cues in the wording of one sentence.

It needs no model and no network, and gives the same tags for the same text on every machine. Figures made with it are comparable only with figures
made with it. A sentence may carry several moves, or none. The definitions are those of METHODS §3 (taxonomy of arXiv 2604.08479).

Cues stand in `cues/<move>.txt`, one a line: regular expressions over normalised text, in which `~` is a word boundary.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sim.core.event import TaggedSentence, Tagging, Tags
from sim.core.text import normalise
from sim.score.scorer import Scored
from sim.score.sentences import split_sentences

if TYPE_CHECKING:
    from sim.core.view import Turn

BY_CUE: Final = (
    "information",
    "assistance",
    "advice",
    "validation",
    "emotional_expression",
    "paraphrasing",
    "self_disclosure",
    "questioning",
    "reappraisal",
    "empowerment",
)
CLOSING_OFFER: Final = "closing_offer"


def tag(sentence: str) -> frozenset[str]:
    """The moves that `sentence` makes: any of the ten, or the closing offer, which stands alone."""
    text = normalise(sentence)
    if _cue(CLOSING_OFFER).search(text):
        return frozenset((CLOSING_OFFER,))
    found = {move for move in BY_CUE if _cue(move).search(text)}
    if "questioning" not in found and _cue("paraphrasing_unasked").search(text):
        found.add("paraphrasing")
    return frozenset(found)


class OfflineTagger:
    """Tags replies by rule; a scorer, not a client: it makes no call."""

    id = "offline"
    version = "1"
    """Rises with every change of a cue."""

    async def tag(self, turn: Turn) -> Scored[Tagging]:
        """The moves of the reply."""
        return Scored(self.tag_reply(turn.reply))

    def tag_reply(self, text: str) -> Tags:
        """`text` sentence by sentence; moves in alphabetical order."""
        return Tags(sentences=tuple(TaggedSentence(text=s, moves=tuple(sorted(tag(s)))) for s in split_sentences(text)))


@lru_cache(maxsize=32)
def _cue(name: str) -> re.Pattern[str]:
    text = (files("sim.score") / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    cues = [line for line in text.splitlines() if line.strip() and not line.startswith("# ")]
    return re.compile("|".join(f"(?:{c})" for c in cues).replace("~", r"\b"))
