"""What may be done to the text of a message: pure functions of the message, a strength and a seed.

What a weaker strength changes a stronger one changes too: each word, sentence or line has one draw, which is held against the strength. Words that
must stay as they are, because a fact hangs on them, are never touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from sim.core.seeds import rng
from sim.core.text import words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from random import Random

    from sim.core.perturbation import TextPerturbation

MISTYPED: Final = 0.4
"""Share of the words of four letters and more that are mistyped at strength 1."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_ANY_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+")
_NEAR: Final = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioiosdfghjklkxcvbnmn", strict=True))
"""The key to the right, at the end of a row the one to the left."""
_LEFT_OUT: Final = re.compile(
    r"i|i'm|i've|i'd|am|is|are|was|were|be|been|the|an?|it|it's|its|that|this|there|to|of|have|has|had|will|would|and|so|just|really"
)
"""Words that fragments do without."""
_FILLERS: Final = (
    "Sorry, this is going to be a long one, I never manage to keep things short.",
    "I was thinking about how to put this the whole way home, and then of course I forgot half of it.",
    "Where was I. Right.",
    "I don't know if any of that matters, but I would rather say it than leave it out.",
    "My neighbour always says I start every story three streets too early, and there is something to that.",
    "Anyway, I could go on about that for an hour, and I probably have before.",
    "It is a bit like when you look for your keys and find everything else first, if you see what I mean.",
    "That is more or less it, although now that I read it again I am not sure that I have said what I meant.",
)
_NEXT_TO_NOTHING: Final = ("…", "ok", "mm", "hm", "yes", "I guess", "dunno", "fine")


class _TextChange(Protocol):
    def __call__(self, message: str, strength: float, seed: int, *, keep: Collection[str]) -> str: ...


def perturb_text(kind: TextPerturbation, message: str, strength: float, seed: int, *, keep: Collection[str] = ()) -> str:
    """`message` as `kind` leaves it; strength 0 leaves it alone.

    Args:
        keep: phrases whose words stay as they are.
    """
    if strength <= 0:
        return message
    return _CHANGES[kind](message, strength, seed, keep=frozenset(w for phrase in keep for w in words(phrase)))


def _mistype(message: str, strength: float, seed: int, *, keep: Collection[str]) -> str:
    chance = rng(seed, "typos")

    def change(found: re.Match[str]) -> str:
        draw, slip = chance.random(), _slip(found[0], chance)
        return found[0] if draw >= strength * MISTYPED or found[0].casefold() in keep else slip

    return _WORD.sub(change, message)


def _slip(word: str, chance: Random) -> str:
    """`word` with two letters swapped, one left out, one doubled, or the key beside one."""
    at, way = chance.randrange(1, len(word) - 1), chance.randrange(4)
    before, here, after = word[:at], word[at], word[at + 1 :]
    if way == 0 and after[0] != here:
        return before + after[0] + here + after[1:]
    if way == 1:
        return before + here * 2 + after
    if way == 2 and here in _NEAR:
        return before + _NEAR[here] + after
    return before + after


def _lower(message: str, strength: float, seed: int, *, keep: Collection[str]) -> str:
    """Facts are found whatever their case, so nothing is kept."""
    chance = rng(seed, "lower_case")
    return _ANY_WORD.sub(lambda found: found[0].lower() if chance.random() < strength else found[0], message)


def _break_up(message: str, strength: float, seed: int, *, keep: Collection[str]) -> str:
    chance = rng(seed, "fragments")
    sentences = _SENTENCE.split(message)
    broken = [_fragment(s, keep) if chance.random() < strength else s for s in sentences]
    text = broken[0]
    for before, after, piece in zip(sentences, broken, broken[1:], strict=False):
        text += (" " if before == after else "\n") + piece
    return text


def _fragment(sentence: str, keep: Collection[str]) -> str:
    """What is left of a sentence that is only half written: a question keeps its mark."""
    kept = [w for w in sentence.split() if not _LEFT_OUT.fullmatch(bare := w.strip('.,;:!…"').casefold().replace("’", "'")) or bare in keep]
    short = " ".join(kept).rstrip(".!…")
    return short[:1].lower() + short[1:] if short and short[0].isalpha() else short or sentence


def _ramble(message: str, strength: float, seed: int, *, keep: Collection[str]) -> str:
    """Lines that say nothing, before and after."""
    chance = rng(seed, "verbosity")
    drawn = [(chance.random(), line) for line in _FILLERS]
    first, last = ([line for draw, line in half if draw < strength] for half in (drawn[:4], drawn[4:]))
    return " ".join((*first, message, *last))


def _fall_silent(message: str, strength: float, seed: int, *, keep: Collection[str]) -> str:
    chance = rng(seed, "silence")
    return chance.choice(_NEXT_TO_NOTHING) if chance.random() < strength else message


_CHANGES: Final[Mapping[TextPerturbation, _TextChange]] = {
    "verbosity": _ramble,
    "fragments": _break_up,
    "typos": _mistype,
    "lower_case": _lower,
    "silence": _fall_silent,
}
