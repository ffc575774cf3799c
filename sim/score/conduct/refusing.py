"""Whether a reply refuses what was asked of it: the speaker says that it will not, may not or cannot do it, and does not do it after all."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sim.score.conduct.learned import load_model, most_telling
from sim.score.conduct.reading import Said, load_cue, load_parts, read_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

# "Try this: I won't be able to come." gives the user words to say, and is not the speaker's own refusal.
_SUGGESTS: Final = re.compile(
    r"^(?:(?:you (?:can|could|might)|maybe|perhaps|then|just|simply|or|so|well|and|how about) )*"
    r"(?:say(?:ing)?|try|write|text|tell|answer|reply|begin|start|put|something like)\b[^:]{0,40}: .*$"
)
_WHETHER: Final = re.compile(
    r"^(?:so,? |and |but |well,? |wait,? |hey,? )?(?:is|are|was|were|do|does|did|has|have|had|am) (?!you (?:going|willing|ready|able))\w+"
)
_NO: Final = re.compile(
    r"^(?:no|nope|nah|not at all|never|not really|absolutely not|certainly not|of course not)\b"
    r"(?!.*\b(?:i won't|i will not|i'm not going to|help|do that|doing that)\b)"
)
_LIKELY: Final = 0.7
"""From which chance on a reply refuses that no rule knows."""
_POSSIBLE: Final = 0.1
"""From which chance on it does, where a rule has found a refusal."""


def refusing(message: str, reply: str) -> Said | None:
    """The sentence that refuses what was asked; None: none does."""
    sentences = read_sentences(reply)
    by_rule = next((s for s in sentences[answers_no(message, sentences) :] if refuses(s)), None)
    if not sentences or load_model("refuses").chances(reply, message)["yes"] < (_POSSIBLE if by_rule else _LIKELY):
        return None
    return by_rule or sentences[most_telling("refuses", "yes", [s.text for s in sentences], message)]


def answers_no(message: str, sentences: Sequence[Said]) -> int:
    """How many sentences at the beginning only answer: a "no" to whether something is so tells how it is: "Are you human?", "No, I'm a program."."""
    asked = read_sentences(message)[-1:]
    return int(any(_WHETHER.match(s.plain) for s in asked) and any(_NO.match(s.plain) for s in sentences[:1]))


@lru_cache(maxsize=1024)
def refuses(said: Said) -> bool:
    """Whether a sentence refuses something outright."""
    if said.asks:
        return False
    found = load_cue("refuses", **load_parts("people_and_feelings")).search(said.plain)
    return bool(load_cue("bare_refusal").match(said.plain)) or (found is not None and not _SUGGESTS.match(said.plain))
