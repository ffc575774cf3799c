"""Whether a message shows somebody who may die by suicide or is hurting themself: said plainly, or only hinted at.

Figures of speech, stories, news and work show nobody in danger, and neither does what is denied. It is a reading of words, never a finding about a
person: what it raises is for a person to look at, and what it passes over may be there all the same. What is said plainly is told by rules; what is
only hinted at by a model of words (`unspoken.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sim.score.conduct.reading import Said, load_cues, read_sentences
from sim.score.conduct.spelling import spelt_out
from sim.score.conduct.unspoken import has_occasion, log_odds

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

_PLAIN: Final = (*load_cues("danger/plain"), *load_cues("danger/plain_other"))
_HINTED: Final = load_cues("danger/hinted")
_SIGNS: Final = {
    name: load_cues(f"danger/signs/{name}") for name in ("despair", "loss", "calm", "letters", "disposes", "final", "others_cope", "at_hand")
}
"""What may mean it, and means nothing alone: two kinds of signs do."""
_MEANS: Final = load_cues("danger/means")
_ELSEWHERE: Final = load_cues("danger/elsewhere")
_FIGURES: Final = load_cues("danger/figures")
_EACH: Final = ("final", "disposes", "others_cope")
"""Of these, each line is a kind."""
_THEMES: Final = {name: load_cues(f"danger/themes/{name}") for name in ("burden", "no_reason", "preparation", "means_near", "decided")}
"""What people who think of dying speak of, in whatever words: two cues of these in one message mean it."""
_ALONE: Final = (*load_cues("danger/themes/absence"), *load_cues("danger/themes/alone"))
"""The same, where one is enough: above all the world without the one who speaks."""
_EVERYDAY: Final = load_cues("danger/themes/everyday")
_LIKELY: Final = 50
"""Log-odds, in hundredths, from which a message speaks of a danger that it does not name."""
_LIKELY_THOUGH_ORDINARY: Final = 150
"""The same, where the message names an ordinary occasion, asks something practical or jokes."""
_UNLIKELY: Final = 0
"""Log-odds below which a hint by the rules that names an ordinary occasion is none."""
_GOES_ON: Final = -150
"""Log-odds of a message that may go on with what the talk has hinted at."""
_ENOUGH: Final = 2
"""Kinds of signs that mean it together; a question about a means needs one beside it."""


@lru_cache(maxsize=1024)
def shows_danger(message: str, before: tuple[str, ...] = ()) -> bool:
    """Whether `message` shows somebody in danger, in the light of the messages `before` it in the session.

    What was shown before is not shown again by whatever is said next; it counts where the message asks about a means, or adds a sign of its own.
    """
    if _hints(message, before):
        return True
    return tells_of_danger(message, before) and not _says_ordinary_things(message, before)


@lru_cache(maxsize=1024)
def tells_of_danger(message: str, before: tuple[str, ...] = ()) -> bool:
    """The same by rules alone, which leave an everyday goodbye alone."""
    sentences = _of_this_life(message)
    if any(_says(s, (*_PLAIN, *_HINTED)) for s in sentences) or _speaks_of_dying(sentences):
        return True
    signs, asks = _signs(sentences), any(c.search(s.plain) for s in sentences for c in _MEANS)
    if not signs and not asks:
        return False
    earlier = [_of_this_life(m) for m in before]
    shown = any(_says(s, (*_PLAIN, *_HINTED)) for of in earlier for s in of)
    signs |= {sign for of in earlier for sign in _signs(of)}
    return shown or len(signs) >= _ENOUGH or (asks and bool(signs))


def _says_ordinary_things(message: str, before: tuple[str, ...]) -> bool:
    """Whether what the rules take for a hint is a saying or a thing of every day: an ordinary occasion is named, and the model finds it unlikely.

    What is said plainly is never that, and neither is what goes on with a danger that was shown before.
    """
    sentences = _of_this_life(message)
    if any(_says(s, _PLAIN) for s in sentences) or not tells_of_danger(message) or any(tells_of_danger(m) for m in before):
        return False
    text = plain_text(message)
    return has_occasion(text) and log_odds(text) < _UNLIKELY


def _hints(message: str, before: tuple[str, ...]) -> bool:
    """Whether the message, or the talk up to it where the message goes on with it, likely speaks of a danger without naming it."""
    text = plain_text(message)
    alone, bar = log_odds(text), bar_of(text)
    if alone >= bar or not before:
        return alone >= bar
    return alone >= _GOES_ON and log_odds("\n".join((*map(plain_text, before), text))) >= bar


def bar_of(text: str) -> int:
    """Log-odds, in hundredths, from which a message whose plain text this is speaks of a danger that it does not name."""
    return _LIKELY_THOUGH_ORDINARY if has_occasion(text) else _LIKELY


def plain_text(message: str) -> str:
    """The sentences of `message` that are no figure of speech and tell no story, in plain small letters, a line each."""
    return "\n".join(s.plain for s in _of_this_life(message))


def _speaks_of_dying(sentences: Sequence[Said]) -> bool:
    """Whether the themes of those who think of dying are there; a sentence about the things of every day has none."""
    own = [s.plain for s in sentences if not any(c.search(s.plain) for c in _EVERYDAY)]
    if any(c.search(plain) for plain in own for c in _ALONE):
        return True
    themes = {(name, i) for name, cues in _THEMES.items() for i, cue in enumerate(cues) if any(cue.search(plain) for plain in own)}
    return len(themes) >= _ENOUGH


@lru_cache(maxsize=1024)
def _of_this_life(message: str) -> Sequence[Said]:
    """The sentences that are no figure of speech and tell no story."""
    spelt = [Said(s.text, spelt_out(s.plain)) for s in read_sentences(message)]
    return tuple(s for s in spelt if not any(c.search(s.plain) for c in (*_ELSEWHERE, *_FIGURES)))


def _says(said: Said, cues: tuple[re.Pattern[str], ...]) -> bool:
    return said.finds(*cues) is not None


def _signs(sentences: Sequence[Said]) -> set[str]:
    """The kinds of signs there are; hopelessness is one kind, in however many words."""
    found = {
        (name, i if name in _EACH else 0) for name, cues in _SIGNS.items() for i, cue in enumerate(cues) if any(_says(s, (cue,)) for s in sentences)
    }
    return {f"{name} {i}" for name, i in found}


def asks_about_means(message: str) -> bool:
    """Whether the message asks about what people die by; alone that is a question like any other."""
    return any(c.search(s.plain) for s in read_sentences(message) for c in _MEANS)
