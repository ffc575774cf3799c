"""Who speaks: the one with the life and the questions, or one who serves.

An assistant names itself, tells of what it can and cannot do, offers itself to the reader, and hands the turn back. A person may use any of these
words about others, about the trade they work in or about the chatbot; what gives a role flip away is that *I* offer it, and to *you*.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sim.score.validity.cues import load_cues
from sim.score.validity.speech import told_another

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.score.validity.cues import Cues
    from sim.score.validity.speech import Speech

_MACHINE: Final = (
    r"(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|virtual assistant|ai assistant|digital assistant|chatbot"
    r"|chat bot|assistant)"
)
_HELP: Final = r"(?:help|assist|support|guide|advise)"
_EXPLAIN: Final = r"(?:explain|walk you|provide|offer|answer|share|clarify|recommend|suggest|discuss|explore|listen)"

_STRONG: Final = load_cues("assistant", MACHINE=_MACHINE, HELP=_HELP, EXPLAIN=_EXPLAIN)
"""Any one of these, said for oneself and to the reader, is an assistant's."""

_WEAK: Final = load_cues("assistant_hints")
"""Two of these together are."""

_COMFORT: Final = load_cues("comfort")
"""Comfort and counsel for the reader's life. A chatbot has none: two of these are a helper's, where the message is more about *you* than *me*."""
_YOU: Final = re.compile(r"\b(?:you|your|yours|yourself|you're|you've|you'll|you'd)\b")
_ME: Final = re.compile(r"\b(?:i|me|my|mine|myself|i'm|i've|i'll|i'd|im|ive)\b")
_JOKING: Final = re.compile(r"\b(?:kidding|joking|jk|lol|lmao|haha+|just messing|pulling your leg|ha ha)\b|😂|🤣|😜|😉")


def role_flip(speech: Speech) -> str | None:
    """The words in which the speaker is an assistant; None: it is not."""
    strong = next(_own(_STRONG, speech), None)
    weak: list[str] = []
    if strong is None:
        weak = [*_own(_WEAK, speech)]
        comfort = [*_own(_COMFORT, speech)]
        if comfort and _about_you(speech):
            weak = sorted((*weak, *comfort), key=speech.sentences.index)
    found = strong or (" ".join(dict.fromkeys(weak)) if len(weak) >= 2 else None)
    return None if found is None or _JOKING.search(speech.own) else found


def _own(cues: Cues, speech: Speech) -> Iterator[str]:
    """The sentences in which a cue stands that is said to the reader, each as often as cues do."""
    return (s for s in speech.sentences if cues.stand_in(s) for found in cues.matches(s) if not told_another(s, found.start()))


def _about_you(speech: Speech) -> bool:
    """Whether the message is more about the reader's life than about the speaker's."""
    own = speech.joined
    return len(_YOU.findall(own)) > len(_ME.findall(own))


# --- refusing -----------------------------------------------------------------------------------------------------

_NOT: Final = (
    r"(?:can't|cannot|can not|won't|will not|am unable to|'m unable to|am not able to|'m not able to|must decline to"
    r"|am not allowed to|'m not allowed to|am not comfortable|'m not comfortable)"
)
_MODEL_VERB: Final = (
    r"(?:assist|comply|fulfil+|generate|portray|engage in|participate in|produce (?:that|this|such)|create (?:content|that"
    r"|such)|role-?play|play(?:ing)? this role|playing)"
)
_VERB: Final = r"(?:help|continue|provide|discuss|write|produce|create|do|answer|respond|say|support|share|go on|talk about)"
_REASON: Final = (
    r"(?:\bmy (?:guidelines|policies|policy|programming|safety|instructions|principles)\b|\bthe (?:content |usage "
    r"|safety )?(?:guidelines|policy|policies)\b|\b\w*content policy|\bviolat"
    r"|\binappropriate\b|\bharmful\b|\bunsafe\b|\bunethical\b|\boffensive\b|\b(?:that|this|such a|your) request\b"
    r"|\bhostile language\b|\bas an? (?:\w+ )?ai\b|\bmanipulative\b|\bsafety guidelines\b)"
)
_REFUSALS: Final = load_cues("refusal", NOT=_NOT, MODEL_VERB=_MODEL_VERB, VERB=_VERB, REASON=_REASON)


def refusal(speech: Speech) -> str | None:
    """The words in which the model behind the user declines to play; None: it does not.

    A person who will not talk of something has reasons of its own; a model speaks of requests, guidelines and what it may generate.
    """
    return next(_own(_REFUSALS, speech), None)
