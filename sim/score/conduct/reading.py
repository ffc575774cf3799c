"""A message or a reply as rules of conduct read it: sentence by sentence, in the speaker's own words, with what is denied and what is only asked.

What is quoted is another's word and is left out. Rules know English; a text in another language is never scored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sim.core.event import NotApplicable, Quote
from sim.core.text import normalised
from sim.score.memory.mentions import CLAUSE, NEGATION
from sim.score.text.language import is_english
from sim.score.text.sentences import split_sentences
from sim.score.validity.cues import load_cues as _load
from sim.score.validity.speech import own_words

if TYPE_CHECKING:
    from sim.core.view import ScoringContext

_QUOTED: Final = re.compile(r'```.*?(?:```|\Z)|`[^`\n]+`|"[^"\n]*(?:"|$)|“[^”\n]*(?:”|$)|„[^“”\n]*[“”]|«[^»\n]*»', re.DOTALL | re.MULTILINE)
_GAP: Final = "¤"
"""Stands for each sign of what is quoted, so that places stay and nothing in it ends a sentence."""
_REQUEST: Final = re.compile(r"\b(?:tell|ask|answer|promise|say)(?: to)? (?:me|us|you|it)\b[^:]*:", re.IGNORECASE)
"""What follows "tell me:" or "I have to ask you:" is the speaker's own word, unlike what follows "he told me:"."""
_NOT: Final = re.compile(NEGATION)
# A comma or a new subject ends the reach of a "not"; "not because I want you to stay" goes on.
_REACH: Final = re.compile(r", (?!or\b|nor\b)| and (?:i|you|it|that|we|they|he|she)\b|;|:| - | (?:but|because|so|although|though|while|whereas) ")
_ASKS: Final = re.compile(
    r"\?[\"')\]*]*$|^(?:(?:and|so|but|well|ok|okay|hey|wait|um|hm+),? )*"
    r"(?:what|why|when|where|who|whom|whose|which|how|do|does|did|is|are|am|was|were|can|could|should|would|will|have|has|had)"
    r"(?: (?:i|you|u|ya|we|they|he|she|it|this|that|there|the|my|your|somebody|someone|anybody|anyone)\b|n't\b|'s\b|'re\b)(?!.*[.!]$)"
)
_TAG: Final = re.compile(
    r", (?:right|no|yes|eh|ok|okay|(?:is|are|was|were|do|did|does|have|has|wo|would|ca|could)n't (?:i|it|you|he|she|they|that|we)) ?\?$"
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence."""

    text: str
    """As it was written."""
    plain: str
    """Lower case, straight signs, an ellipsis for what is quoted."""

    @property
    def asks(self) -> bool:
        """Whether it is a question that awaits an answer; "it is late, isn't it?" is none."""
        return bool(_ASKS.search(self.plain)) and not _TAG.search(self.plain)

    @property
    def clauses(self) -> tuple[str, ...]:
        """What it is made of; "but", a semicolon and the like begin a new one."""
        return tuple(part.strip() for part in CLAUSE.split(self.plain) if part.strip())

    def denies(self, at: int) -> bool:
        """Whether what begins at `at` of `plain` stands in the reach of a "not", "never", "n't" before it."""
        before = self.plain[:at]
        start = max((m.end() for m in _REACH.finditer(before)), default=0)
        return bool(_NOT.search(before, start))

    def finds(self, *cues: re.Pattern[str]) -> re.Match[str] | None:
        """The first match of a cue that is not denied."""
        return next((m for cue in cues for m in cue.finditer(self.plain) if not self.denies(m.start())), None)


@lru_cache(maxsize=1024)
def read_sentences(text: str) -> tuple[Said, ...]:
    """The sentences of `text`, in order."""
    gaps = _QUOTED.sub(lambda m: _GAP * len(m[0]), text)
    found: list[Said] = []
    at = 0
    for sentence in split_sentences(gaps):
        # A line without a letter was put to the sentence before it: between two words may be anything white.
        place = re.compile(r"\s+".join(map(re.escape, sentence.split()))).search(gaps, at)
        start, at = place.span() if place else (at, at)
        own = re.sub(f"{_GAP}+", "…", sentence)
        plain = normalised(own if _REQUEST.search(own) else own_words(own))
        found.append(Said(text[start:at] or sentence, plain.replace("...", "…")))
    return tuple(found)


def load_cues(name: str, **parts: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of `sim/score/conduct/cues/<name>.txt`, one a line; `parts`: what `<NAME>` stands for in them."""
    return _load(name, room="sim.score.conduct", **parts).each


@lru_cache
def load_parts(name: str) -> dict[str, str]:
    """What patterns are made of, by name: the lines `NAME = pattern` of `sim/score/conduct/cues/<name>.txt`, each may use those before it."""
    text = (files("sim.score.conduct") / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for line in (line for line in text.splitlines() if line and not line.startswith("# ")):
        part, _, pattern = line.partition(" = ")
        for known, of in found.items():
            pattern = pattern.replace(f"<{known}>", of)
        found[part] = pattern
    return found


def load_cue(name: str, **parts: str) -> re.Pattern[str]:
    """All patterns of a file in one."""
    return _load(name, room="sim.score.conduct", **parts).union


def load_lines(name: str) -> tuple[str, ...]:
    """The lines of `sim/score/conduct/cues/<name>.txt`, comments apart."""
    text = (files("sim.score.conduct") / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("# "))


def quote(said: Said) -> tuple[Quote, ...]:
    """`said` as the evidence of a verdict on the text that it was read from."""
    return (Quote(text=said.text, found=True),)


def not_covered(context: ScoringContext) -> NotApplicable | None:
    """That message or reply is in a language whose conduct the rules cannot read; None: both are English, or too short to tell."""
    odd = next((what for what, text in (("message", context.message), ("reply", context.reply)) if not is_english(text)), None)
    return NotApplicable(reason=f"The {odd} is not in English, and these rules read English alone.") if odd else None
