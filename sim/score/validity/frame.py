"""Talk about the frame: the role play, the persona, the scenario, the message as a message; and what was meant for nobody to read.

The same words belong to people's lives: actors have roles, testers have scenarios, students have instructions. What gives it away is who they belong
to (*my* persona, *this* role play) and what they are about (what *I* am to say next).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sim.core.text import words
from sim.score.validity.cues import load_cues
from sim.score.validity.speech import without_code

if TYPE_CHECKING:
    from sim.score.validity.cues import Cues
    from sim.score.validity.situation import Situation
    from sim.score.validity.speech import Speech

_SAYS: Final = (
    r"(?:says?|tells?|lists?|states?|requires?|wants?|specif(?:y|ies)|mentions?|limits?|allows?|would|does|doesn't|has"
    r"|is supposed|is meant|is to|should|must)"
)
_FRAME: Final = load_cues("frame", SAYS=_SAYS)


def fourth_wall(speech: Speech) -> str | None:
    """The words that speak of the frame; None: none do."""
    return _first(_FRAME, speech)


def _first(cues: Cues, speech: Speech) -> str | None:
    return next((s for s in speech.sentences if cues.stand_in(s)), None)


# --- answering the request to write again -------------------------------------------------------------------------

_AGAIN: Final = load_cues("asked_again")


def repair_answered(speech: Speech) -> str | None:
    """The words in which the request to write again is answered, to a chatbot that never made it; None: there are none."""
    return _first(_AGAIN, speech)


# --- what leaks ---------------------------------------------------------------------------------------------------

# The last: a place of a template that was never filled.
_TAGS: Final = re.compile(
    r"</?(?:think|thinking|thought|reasoning|scratchpad|analysis|answer|message|response)\b[^>]*>|<\|[^|>]{1,40}\|>"
    r"|\[/?INST\]|<</?SYS>>|</s>|\A\s*\{[a-z]+(?:_[a-z]+)*\}",
    re.IGNORECASE,
)
_OPEN: Final = r"(?:^|\n)\s*(?:[*_#>([]{1,3}\s*)?"
# Fields of our own and names of thoughts; what else people write before a colon is theirs.
_FIELDS: Final = re.compile(
    _OPEN + r"(?:thoughts?|thinking|internal(?: monologue)?|inner (?:voice|monologue)|reasoning|mood|tone|emotion|intent(?:ion)?"
    r"|facts[_ ]used|signal+ed|allusion|humou?r[_ ]bid|leave|why|(?:my )?(?:message|response|reply|utterance|answer)(?: \d+)?(?: ?\([^)\n]*\))?"
    r"|draft \d+|final (?:message|answer|version|draft)|next message)\s*[*_)\]]{0,2}\s*:(?!\w)",
    re.IGNORECASE,
)
_NOTES: Final = re.compile(_OPEN + r"(?:plan|strategy|note to self|notes?|approach|next step)\s*[*_)\]]{0,2}\s*:\s*([^\n]*)", re.IGNORECASE)
_ROLE: Final = re.compile(
    _OPEN + r"(?:user|human|assistant|chatbot|ai|bot|system|customer|you|me|it)\s*(?:\([^)\n]*\))?\s*[*_]{0,2}\s*:(?!\w)(?![^\n]*,\s*\w+:)",
    re.IGNORECASE,
)
_JSON: Final = re.compile(r"""^\s*[{\[]\s*["{\[].*[}\]]\s*$|"(?:message|facts_used|signalled|humour_bid)"\s*:""", re.DOTALL)
_SPEECH_ACT: Final = r"(?:mention|ask|thank|express|respond|reply|bring up|steer|greet|reveal|hint|acknowledge|complain|convey|show|say)"
_TO_DO: Final = re.compile(rf"\b{_SPEECH_ACT}\b")
_INTENT: Final = load_cues("intent", SPEECH_ACT=_SPEECH_ACT)
_ACTS: Final = (
    r"(?:sighs?|types?|pauses?|asks?|says?|responds?|answers?|replies|nods?|smiles?|frowns?|hesitates?|thinks?|feels?"
    r"|appreciates?|considers?|wonders?|decides?|looks?|leans?|shrugs?"
    r"|laughs?|remains?|continues?|stays?|seems?|appears?|expresses|acknowledges|notices|would (?:\w+ )?(?:want|say|be|ask"
    r"|like|feel|probably|joke|answer|respond|reply))"
)
_ASIDE: Final = re.compile(r"\*([^*\n]{2,200})\*|\(([^()\n]{2,200})\)|\[([^\[\]\n]{2,200})\]")
# Directions are told between stars of whoever speaks: "*She changes the subject*". In brackets, "(he wants to sell it)" is about somebody else.
_DIRECTION: Final = re.compile(
    r"\s*(?:he|she|they|the (?:user|persona|character|customer|speaker)) (?:(?:is|are) \w+ing\b|\w+(?<!s)s (?!it\b|so\b)\w+)"
)
_ACTING: Final = re.compile(
    r"\b(?:unsure|hoping|trying|wanting|careful|deciding|hesitating)\b[^.]*\b(?:to|how|whether|not)\b|\b(?:i|he|she"
    r"|they) (?:should|need to|must|want to|will) (?:stay|not|avoid|keep|mention|act|sound|give)\b"
)


_PLACEHOLDER: Final = re.compile(r"\A\s*\{\{?\s*[a-z][a-z_]*\s*\}?\}")
"""Of a template that was not filled in, at the beginning; further on, people speak of such."""
RUN: Final = 7
"""Words in a row from which a message is taken to give back the instructions that its writer was given."""
_TEMPLATE: Final = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)


@cache
def instructed() -> frozenset[tuple[str, ...]]:
    """Every run of seven words in the sentences of the prompts that tell a user's model what to write."""
    texts = ((files("sim.prompts") / f"{name}.txt").read_text(encoding="utf-8") for name in ("user_system", "user_turn", "user_again"))
    pieces = (piece for text in texts for line in text.splitlines() for piece in _TEMPLATE.sub(_spoken, line).splitlines())
    spoken = [words(piece) for piece in pieces]
    return frozenset(tuple(of[i : i + RUN]) for of in spoken for i in range(len(of) - RUN + 1))


def _spoken(expression: re.Match[str]) -> str:
    """What of a template's expression may be said: the texts that stand in it, each by itself."""
    return "\n" + "\n".join(re.findall(r'"([^"]+)"', expression[0])) + "\n"


def given_back(speech: Speech) -> str | None:
    """The sentence that repeats the instructions of the one who writes; None: none does."""
    for sentence in speech.sentences:
        said = words(sentence)
        if len(said) >= RUN and any(tuple(said[i : i + RUN]) in instructed() for i in range(len(said) - RUN + 1)):
            return sentence
    return None


def leak(speech: Speech, situation: Situation) -> str | None:
    """What was not meant for the reader: instructions, thoughts, plans, labels, fields, directions, another's turn; None: there is nothing."""
    text = without_code(speech.plain)
    # Of the signs without which a pattern cannot match, the first is looked for before: most messages have none of them.
    marked, labelled = any(s in speech.plain for s in "<[{"), ":" in speech.plain
    if marked or labelled:
        for pattern, within in ((_TAGS, text), (_JSON, speech.plain), (_FIELDS, text), (_ROLE, text)):
            if found := pattern.search(within):
                return within[found.start() :].strip()
    if labelled:
        for note in _NOTES.finditer(text):
            said = note[1].casefold()
            if _TO_DO.search(said) and not said.startswith("never"):
                return note[0].strip()
    if "{" in text and (left_open := _PLACEHOLDER.search(text)):
        return left_open[0]
    return _first(_INTENT, speech) or _third_person(speech, situation) or _aside(text, situation)


def _third_person(speech: Speech, situation: Situation) -> str | None:
    """The persona told of by its own name, as doing or saying something."""
    if situation.speaker is None:
        return None
    for name in situation.speaker.names:
        if not any(name in sentence for sentence in speech.sentences):
            continue
        own = re.escape(name)
        told = re.compile(
            rf"\b{own}\b,? (?:\w+ly )?{_ACTS}\b|^\W*{own}\s*:|\bwhat {own} (?:would|should|might)\b"
            rf"|\b{own} (?:responde|dice|suspira|pregunta|contesta|antwortet|seufzt|fragt|sagt|wirkt|zögert)\b"
        )
        for sentence in speech.sentences:
            if told.search(sentence):
                return sentence
    return None


def _aside(text: str, situation: Situation) -> str | None:
    """What stands between stars or brackets and tells of the speaker from outside, or of what it means to do."""
    names = situation.speaker.names if situation.speaker else ()
    for found in _ASIDE.finditer(text):
        inner = next(g for g in found.groups() if g is not None).casefold()
        told = any(re.match(rf"\s*{re.escape(n)}\b", inner) for n in names) or (found[1] is not None and _DIRECTION.match(inner))
        if told or _ACTING.search(inner):
            return found[0]
    return None
