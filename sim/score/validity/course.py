"""How a message stands in its talk: greeting again, leaving for nothing, saying the same, thanking without end, always as long.

What takes several messages to see is flagged on the message at which it shows, once a talk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from sim.core.text import contains, count_words, normalised

if TYPE_CHECKING:
    from sim.score.validity.situation import Situation
    from sim.score.validity.speech import Speech

_HELLO: Final = re.compile(
    r"\A\W*(?:(?:hello|hi|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|hola"
    r"|buenos días|buenas (?:tardes|noches)|bonjour|bonsoir|olá|oi|bom dia|boa (?:tarde|noite)"
    r"|ciao|buongiorno|buonasera|merhaba|selam|cześć|dzień dobry|hej|hei|salaam|namaste|kia ora)\b(?!\s*(?:hello|\?))|(?:hey"
    r"|morning|evening|yo)\b(?= ?(?:there|again|you|everyone|!|\.|$)))"
)
# Someone who was away says hello on coming back; "hello?" asks whether anybody is there.
_BACK: Final = re.compile(
    r"\b(?:i was away|i'm back|i am back|back again|sorry,? (?:for the delay|i was|had to)|where were we|connection"
    r"|got cut off|still there)\b|\A\W*(?:hello|hallo|hola)\s*\?"
)
_PROPER: Final = re.compile(r"\A\W*(?:hi|hello|hey|good \w+) (?:fidelity|vis|kitty|tech|and (?:bye|goodbye)|to (?:him|her|them)|is|was|means)\b")


def greets_again(speech: Speech, situation: Situation) -> bool:
    """Whether it greets in the middle of the talk."""
    if situation.exchange < 2 and not situation.said:
        return False
    own = " ".join(speech.own.split())
    return bool(_HELLO.match(own)) and not _BACK.search(own) and not _PROPER.match(own)


def leaves_without_cause(situation: Situation) -> bool:
    """Whether it takes leave before the end and says nowhere why."""
    return situation.leaves and not situation.last and not situation.why.strip()


SAME: Final = 88.0
SAME_WORDS: Final = 6


def repeats(speech: Speech, situation: Situation) -> str | None:
    """The earlier message of this talk that it says again; None: there is none."""
    if speech.size < SAME_WORDS:
        return None
    now = speech.normal
    return next((m for m in situation.said if fuzz.ratio(now, normalised(m), score_cutoff=SAME) >= SAME), None)


def signal_twice(speech: Speech, situation: Situation) -> str | None:
    """The line of like or dislike that was used before in the trial; None: there is none."""
    if situation.speaker is None:
        return None
    now = speech.normal
    given = [s for s, line in situation.speaker.signal_lines if line in now]
    earlier = (*situation.said, *situation.before) if given else ()
    return next((s for s in given if any(contains(m, s) for m in earlier)), None)


FEWEST: Final = 4
"""Messages of a talk from which it can be told that something is always so."""
THANKS_SHARE: Final = 0.75
_THANKS: Final = re.compile(r"\b(?:thanks|thank you|thx|ty|cheers for|much appreciated|i appreciate|danke|gracias|merci|obrigad[oa]|grazie)\b")


def always_thanks(speech: Speech, situation: Situation) -> bool:
    """Whether this is the message at which it shows that nearly all of them thank."""
    if len(situation.said) < FEWEST - 1 or not _THANKS.search(speech.normal):
        return False
    thanked = [float(bool(_THANKS.search(normalised(m)))) for m in situation.said]
    return _shows_now([*thanked, 1.0], lambda so_far: fmean(so_far) >= THANKS_SHARE)


EVEN_MESSAGES: Final = 6
EVEN: Final = 0.12
"""Coefficient of variation of length below which messages are all alike; of people it is far above .5."""


def even_length(speech: Speech, situation: Situation) -> bool:
    """Whether this is the message at which it shows that all are of one length; very short ones are anybody's."""
    count = len(situation.said) + 1
    if count < EVEN_MESSAGES:
        return False
    lengths, least, most = [], speech.size, speech.size
    for message in reversed(situation.said):
        lengths.append(count_words(message))
        least, most = min(least, lengths[-1]), max(most, lengths[-1])
        # The variance of n lengths is at least (most - least)² / 2n, and their mean at most `most`; a longer one to come only widens this gap.
        if (most - least) ** 2 > 2 * count * (EVEN * most) ** 2:
            return False
    return _shows_now([*map(float, reversed(lengths)), float(speech.size)], _are_even)


def _are_even(lengths: list[float]) -> bool:
    return len(lengths) >= EVEN_MESSAGES and fmean(lengths) >= FEWEST and pstdev(lengths) <= EVEN * fmean(lengths)


def _shows_now(values: list[float], holds: Callable[[list[float]], bool]) -> bool:
    """Whether it holds of all so far, and did not one message ago."""
    return len(values) >= FEWEST and holds(values) and not (len(values) > FEWEST and holds(values[:-1]))
