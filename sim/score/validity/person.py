"""Whether the message is this person's: its language, its temper, its life, and what it lets out at once.

A claim is compared where both sides are plain: an age, a home, a trade, a study, the name of somebody close, the mere existence of a spouse or a
child. Small things that anybody improvises are left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sim.core.text import contains, count_words, normalised, words
from sim.score.text.language import is_english, is_plainly_english
from sim.score.validity.cues import load_cues, load_words

if TYPE_CHECKING:
    from sim.core.event import FlagKind
    from sim.score.validity.situation import Situation, Speaker
    from sim.score.validity.speech import Speech

# --- everything at once -------------------------------------------------------------------------------------------

DUMPED: Final = 5
"""Things about oneself and aims, told in one message, from which it is everything at once."""
DUMP_WORDS: Final = 40


def told_at_once(speech: Speech, situation: Situation) -> str | None:
    """What is let out in one message, in words; None: it is not too much. What the scenario wants told there is not counted."""
    speaker = situation.speaker
    if speaker is None or situation.exchange > 2 or speech.size < DUMP_WORDS:
        return None
    facts = [f.id for f in speaker.facts if f.id not in situation.due and any(contains(speech.raw, a) for a in f.answers)]
    said = _stems(speech.plain)
    aims = [a for a in situation.aims if (of := _stems(a)) and len(of & said) >= max(1, round(0.6 * len(of)))]
    if len(facts) + len(aims) >= DUMPED or len(facts) >= DUMPED - 1 or (len(aims) >= 3 and len(aims) == len(situation.aims) and len(facts) >= 1):
        return f"{len(facts)} facts ({', '.join(facts)}) and {len(aims)} aims" if facts else f"{len(aims)} aims"
    return None


def _stems(text: str) -> frozenset[str]:
    common = load_words("common")
    return frozenset(w[:5] for w in words(text) if w not in common and len(w) > 2)


# --- what is claimed ----------------------------------------------------------------------------------------------

_NAMED_KIN: Final = (
    r"wife|husband|spouse|son|daughter|brother|sister|mother|father|mum|mom|dad|grandson|granddaughter|grandmother"
    r"|grandfather|aunt|uncle|nephew|niece|girlfriend|boyfriend|fianc[eé]e?"
    r"|dog|cat|horse|parrot|boss|manager|roommate|room-mate|flatmate|landlord|landlady"
)
_CLAIMED_KIN: Final = {
    "wife": ("wife", "married", "spouse"),
    "husband": ("husband", "married", "spouse"),
    "kids": ("kids", "children", "sons", "daughters", "son", "daughter", "boys", "girls"),
    "children": ("kids", "children", "sons", "daughters", "son", "daughter", "boys", "girls"),
    "son": ("son", "sons", "boy", "boys", "child", "children", "kids", "kid", "lad"),
    "sons": ("sons", "son", "boys", "children", "kids"),
    "daughter": ("daughter", "daughters", "girl", "girls", "child", "children", "kids", "kid"),
    "daughters": ("daughters", "daughter", "girls", "children", "kids"),
    "twins": ("twins", "twin"),
    "girlfriend": ("girlfriend", "partner", "girl"),
    "boyfriend": ("boyfriend", "partner"),
    "grandchildren": ("grandchildren", "grandson", "granddaughter", "grandkids"),
}
"""Close people whom nobody improvises, and the words of a person's lore that make them known."""
_KIN: Final = re.compile(
    r"\b(?:my|our|the) (?:(?:two|three|four|five|\d|little|eldest|youngest|older|younger|late|ex-?) ?){0,2}(" + "|".join(_CLAIMED_KIN) + r")\b"
)
_LIVES: Final = re.compile(r",? (?:will|is (?!dead|gone|buried)|can|does|has (?!been dead|died)|says|wants|likes|'ll)\b")
_CHILDREN: Final = frozenset({"kids", "children", "son", "daughter", "sons", "daughters"})
_CHILDLESS: Final = re.compile(r"\bno (?:children|kids)\b|\bchildless\b")
_NO: Final = re.compile(r"\b(?:no|never had(?: any)?|without|don't have|haven't got|have no|if i had)\b(?: \w+){0,2} ?$")
_CALLED: Final = re.compile(rf"\b[Mm]y ({_NAMED_KIN})(?:,| is called| is named| was called|'s name is| called| named|'s called)? ([A-Z][\w'-]+)")
_AGE: Final = re.compile(r"\bi(?:'m| am) (\d{2,3})(?= ?(?:$|[.,;!?)-]|years|yrs|and\b|now\b|so\b))")
_HOME: Final = re.compile(r"\bI(?:'m| am)? (?:live|living|based) in (?:the )?([A-Z][\w'-]+(?: [A-Z][\w'-]+)?)")
_WORK: Final = re.compile(
    r"\b(?:i work as|i'm working as|i am working as|i work for a living as|by (?:trade|profession),? i'm) (?:an? "
    r"|the )?((?:[a-z-]+ ){0,2}?[a-z-]+)(?= ?(?:$|[.,;!?]|in\b|at\b|for\b|and\b|so\b|but\b|on\b|with\b|here\b))"
)
_STUDY: Final = re.compile(r"\bi(?:'m| am)? (?:study|studying) ([a-z]+)(?= ?(?:$|[.,;!?]|in\b|at\b|and\b|so\b|but\b|here\b))")
_OWN_NAME: Final = re.compile(r"\b[Mm]y name(?: is|'s) ([A-Z][\w'-]+)")
_PARTED: Final = re.compile(r"\b(?:separat\w+|divorc\w+|ex-?(?:wife|husband)|split up|left (?:him|her|me))\b")
_DEAD: Final = re.compile(r"\b(?:died|dead|late|passed away|passed|buried|widow(?:er|ed)?)\b")


def false_claims(speech: Speech, situation: Situation) -> list[tuple[FlagKind, str]]:
    """What the message claims of the person that is not so: `contradicts_fact` where another thing was told, else `invented_fact`, with the words."""
    speaker = situation.speaker
    if speaker is None or not speaker.lore:
        return []
    own = speech.joined
    cased = " ".join(speech.said.split())
    return [*_named(cased, speaker, situation), *_kin(own, speaker), *_placed(own, cased, speaker, situation)]


def _named(cased: str, speaker: Speaker, situation: Situation) -> list[tuple[FlagKind, str]]:
    found: list[tuple[FlagKind, str]] = []
    for relation, name in _CALLED.findall(cased):
        if _is_known(name, speaker):
            continue
        of = [(f, others) for f in speaker.facts if (others := [n for r, n in _CALLED.findall(f.text) if r == relation])]
        if any(f.id in situation.told for f, _ in of):
            found.append(("contradicts_fact", f"my {relation} {name}"))
        elif of or relation in _CLAIMED_KIN:
            found.append(("invented_fact", f"my {relation} {name}"))
    return found


def _kin(own: str, speaker: Speaker) -> list[tuple[FlagKind, str]]:
    found: list[tuple[FlagKind, str]] = []
    for match in _KIN.finditer(own):
        relation = match[1]
        if match[0].startswith("the ") and relation != "twins":
            continue
        if _NO.search(own[: match.start()]):
            continue
        if "ex" in re.split(r"[ -]", match[0]) and _PARTED.search(speaker.known):
            continue
        of = [f for f in speaker.facts if re.search(rf"\b{relation}\b", normalised(f.text))]
        rest = own[match.end() : match.end() + 25]
        known = any(re.search(rf"\b{w}\b", speaker.known) for w in _CLAIMED_KIN[relation])
        if any(_DEAD.search(normalised(f.text)) for f in of) and _LIVES.match(rest):
            found.append(("contradicts_fact", match[0] + rest))
        elif not known or (relation in _CHILDREN and _CHILDLESS.search(speaker.known)):
            found.append(("invented_fact", match[0]))
    return found


def _placed(own: str, cased: str, speaker: Speaker, situation: Situation) -> list[tuple[FlagKind, str]]:
    found: list[tuple[FlagKind, str]] = []
    for age in _AGE.findall(own):
        if speaker.age is not None and abs(int(age) - speaker.age) > 1 and int(age) < 120:
            found.append(("contradicts_fact" if _told(rf"\bi(?:'m| am) {speaker.age}\b", speaker, situation) else "invented_fact", f"I'm {age}"))
    # Of the words without which a pattern cannot match, the first is looked for before: most messages have none of them.
    claims = (
        (_HOME, cased, (" in ",), r"\b(?:live|living|based) in\b"),
        (_WORK, own, (" as ", "by "), r"\bwork as\b"),
        (_STUDY, own, ("study",), r"\bstud(?:y|ying)\b"),
    )
    for pattern, text, any_of, fact in claims:
        if not any(word in text for word in any_of):
            continue
        for said in pattern.findall(text):
            if not _is_known(said, speaker):
                found.append(("contradicts_fact" if _told(fact, speaker, situation) else "invented_fact", said))
    for name in _OWN_NAME.findall(cased):
        if not _is_known(name, speaker):
            found.append(("contradicts_fact", f"my name is {name}"))
    return found


def _told(pattern: str, speaker: Speaker, situation: Situation) -> bool:
    return any(f.id in situation.told and re.search(pattern, normalised(f.text)) for f in speaker.facts)


def _is_known(said: str, speaker: Speaker) -> bool:
    """Whether all of it, or its last word, stands in what is written of the person."""
    parts = normalised(said).split()
    return normalised(said) in speaker.known or (len(parts) > 0 and re.search(rf"\b{re.escape(parts[-1])}", speaker.known) is not None)


# --- temper and language ------------------------------------------------------------------------------------------

_WARM: Final = load_cues("warm")
_HARSH: Final = re.compile(
    r"\b(?:bloody|damn|hell|useless|rubbish|nonsense|stupid|idiot\w*|moron\w*|crap|shit\w*|fuck\w*|arse|bollocks|pathetic"
    r"|waste of|sick of|fed up|for nothing|enough of|not good enough|rude|joke of|ridiculous|about time|whatever)\b"
)
WARM_ENOUGH: Final = 3


def sanitised(speech: Speech, situation: Situation) -> str | None:
    """What a hostile person would not say so warmly; None: it would. One plain thank-you is nothing."""
    if situation.speaker is None or not situation.speaker.hostile:
        return None
    own = speech.joined
    found = [m[0] for m in _WARM.matches(own)]
    return ", ".join(found) if len(found) >= WARM_ENOUGH and not _HARSH.search(own) else None


ENOUGH_WORDS: Final = 6
_SIGNS: Final = re.compile(r"[(){}\[\]=<>_;\\/|#$@^~+*]")
"""What code and addresses are full of."""


def wrong_language(speech: Speech, situation: Situation) -> bool:
    """Whether the message is in another language than the person writes; what is short, mixed or cannot be told is not."""
    if situation.speaker is None or not situation.speaker.language:
        return False
    text = speech.said
    size = speech.size if text == speech.raw else count_words(text)
    if size < ENOUGH_WORDS or len(_SIGNS.findall(text)) > 0.3 * size:
        return False
    if situation.speaker.language.partition("-")[0] != "en":
        return is_plainly_english(text)
    return not is_english(text) and not any(is_plainly_english(s) for s in re.split(r"[.!?\n]+", text) if count_words(s) >= 3)
