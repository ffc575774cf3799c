"""Whether a reply refuses what was asked of it: the speaker says that it will not, may not or cannot do it, and does not do it after all."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sim.score.conduct.reading import Said, load_cue, load_parts, read_sentences

# "Try this: I won't be able to come." gives the user words to say, and is not the speaker's own refusal.
_SUGGESTS: Final = re.compile(
    r"^(?:(?:you (?:can|could|might)|maybe|perhaps|then|just|simply|or|so|well|and|how about) )*"
    r"(?:say(?:ing)?|try|write|text|tell|answer|reply|begin|start|put|something like)\b[^:]{0,40}: .*$"
)


def refusing(reply: str) -> Said | None:
    """The sentence that refuses what was asked, be it as what the speaker never does; None: none does."""
    return next((s for s in read_sentences(reply) if refuses(s) or (not s.asks and _says(s, "refuses_in_general"))), None)


@lru_cache(maxsize=1024)
def refuses(said: Said) -> bool:
    """Whether a sentence refuses something outright."""
    return not said.asks and (bool(load_cue("bare_refusal").match(said.plain)) or _says(said, "refuses"))


def _says(said: Said, cues: str) -> bool:
    found = load_cue(cues, **load_parts("people_and_feelings")).search(said.plain)
    return found is not None and not _SUGGESTS.match(said.plain)
