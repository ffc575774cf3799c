"""Whether a reply refuses what was asked of it: the speaker says that it will not, may not or cannot do it, and does not do it after all."""

from __future__ import annotations

from functools import lru_cache

from sim.score.conduct.reading import Said, load_cue, load_parts, read_sentences


def refusing(reply: str) -> Said | None:
    """The sentence that refuses what was asked, be it as what the speaker never does; None: none does."""
    return next((s for s in read_sentences(reply) if refuses(s) or (not s.asks and _says(s, "refuses_in_general"))), None)


@lru_cache(maxsize=1024)
def refuses(said: Said) -> bool:
    """Whether a sentence refuses something outright."""
    return not said.asks and (bool(load_cue("bare_refusal").match(said.plain)) or _says(said, "refuses"))


def _says(said: Said, cues: str) -> bool:
    return bool(load_cue(cues, **load_parts("people_and_feelings")).search(said.plain))
