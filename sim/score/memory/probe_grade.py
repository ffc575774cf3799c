"""Whether an answer about what was told is right: by the accepted answers as far as they decide, else by a judge (guide/methods.md#probes).

An answer is right that names the right value and stands by it. One that hedges over several or denies the right one is wrong; an old value is stale,
and one told as history beside the right one harms nothing. What also names a neighbour, denies and affirms, or names nothing known is not decided
here. Without a judge such an answer counts as wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sim.core.event import Grade
from sim.score.memory.mentions import FoldedAnswer, Mention, denials, read
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from sim.core.event import Outcome, Unscored
    from sim.core.probes import Answered, Probe
    from sim.score.scorer import Grader


def _any(*ways: str) -> str:
    return "(?:" + "|".join(ways) + ")"


# The answer is folded when these are tried: lower case, straight apostrophes, figures in place of number words (`sim.score.text.folding`).
# What a person does to tell something, and what one hears of it.
_TELL = _any(
    r"told|tell|mention(?:ed)?|said|say|shared?|giv(?:en|e)|gave|talked|talk|spoken|speak|discuss(?:ed)?|disclosed?|brought|bring|come up|came up",
    r"covered|specif(?:ied|y)|provided?|let (?:me|on)|inform(?:ed)?|heard|hear",
)
# What may stand between a "not" and its verb, any number of times: "you haven't actually ever told me".
_ADVERB = r"(?: (?:yet|ever|actually|really|quite|specifically|exactly|even|honestly|been|explicitly|directly|all that))*"
_AUXILIARY = r"(?:have|has|had|did|do|does|was|were|is|am|are|can|could)"
# With and without its apostrophe: chatbots write "dont" in lower-case styles.
_NOT = _any(
    rf"{_AUXILIARY}n't|{_AUXILIARY} (?:you )?(?:not|never)|{_AUXILIARY}nt", r"can't|cannot|cant|'ve (?:not|never)|'d (?:not|never)|'m not|'re not"
)
# What a chatbot calls the place where it would know from.
_STORE = r"(?:information|info|records?|memory|memories|details?|notes?|access|mention|knowledge|anything|data|that|recollection)"
_DO_NOT_KNOW = re.compile(
    _any(
        rf"{_NOT}{_ADVERB} {_TELL}\b",
        rf"\b(?:was|were|am|'m|is|been) (?:not|never) {_TELL}\b",
        rf"\bnever{_ADVERB} {_TELL}\b",
        r"\byet to (?:tell|mention|share|say)\b",
        rf"{_NOT}{_ADVERB} (?:think|believe)(?: that)?(?: you| we)?(?:'ve| have)? (?:ever )?{_TELL}\b",
        rf"{_NOT}{_ADVERB} (?:know|recall|remember|recollect)\b",
        rf"{_NOT}{_ADVERB} (?:find|see|access|retrieve|have)(?: \w+){{0,3}} {_STORE}\b",
        rf"\bno (?:idea|clue|way of knowing|way to know|{_STORE})\b",
        r"\bunaware\b|\bnot(?: been)? (?:aware|able to (?:recall|remember|say|tell|know))\b",
        r"\bunknown to me\b|\bbeats me\b|\bdunno\b|\bi forg[eo]t\b|\bi(?:'ve| have) forgotten\b|\bslipped my mind\b|\bdraw(?:ing|s)? a blank\b",
        r"\b(?:could|can|would|will|do|won't) you (?:please |kindly |mind )?(?:tell|remind|telling|reminding|share|let me know|say)\b",
        r"\bremind me\b|\bplease (?:tell|share|remind|let me know)\b|\bneed(?: you)? to (?:tell|remind) me\b",
        r"\byou(?:'d|'ll| would| will) (?:have|need) to (?:tell|remind)\b|\bi(?:'d| would) need you to\b",
        r"\bnothing (?:about|on|of) (?:that|this|it|your)\b|\bi(?:'ve| have) nothing\b",
        r"\b(?:lack|without) (?:any |the )?(?:information|memory|access|context)\b",
        r"\b(?:has|have)(?: not|n't) come up\b|\b(?:isn't|is not|not) (?:something|anything) (?:you|i|we)\b|\bnot in my (?:memory|notes|records)\b",
    )
)
"""Ways to say that one does not know or was not told."""
_NOT_SURE = re.compile(r"\b(?:not|n't)(?: \w+)? (?:sure|certain|positive)\b|\bunsure\b|\bhard to say\b|\buncertain\b")
"""Ways to doubt, which alone say the same, and before one answer say nothing."""
# "I don't know, but I'd guess Utrecht" is neither an answer nor an abstention that words can tell: a judge decides.
_GUESS = re.compile(
    r"\b(?:guess|assum(?:e|ing)|suppose|presum(?:e|ably)|probably|likely|i(?:'d| would) say|might be|could be|(?:perhaps|maybe) it|sounds like"
    r"|must be)\b"
)
# "Three or so" and "one or the other" offer no second answer.
_OR = re.compile(r"\bor\b(?! (?:so|thereabouts|something|rather|other|two)\b)|\beither\b")
_NUMBER = re.compile(r"\b\d+\b")


class ProbeGrader:
    """Accepted answers first, then the judge."""

    id = "probes"
    version = "2"

    def __init__(self, judge: Grader | None) -> None:
        """Args:
        judge: None: what it would decide counts as wrong.
        """
        self._judge = judge

    async def score(self, context: Answered) -> Scored[Grade | Unscored]:
        """The grade of the answer.

        Raises:
            CallFailed: the judge could not be had, for reasons outside any model.
        """
        found = self.at_once(context)
        if found is not None:
            return Scored(found)
        assert self._judge is not None
        return await self._judge.score(context)

    def at_once(self, context: Answered) -> Grade | None:
        """The grade of an answer that takes no call; None: the judge has to be asked."""
        found = grade_by_answers(context.probe, context.answer)
        return found or (None if self._judge else Grade(outcome="wrong", by="answers"))


def grade_by_answers(probe: Probe, answer: str) -> Grade | None:
    """The grade of `answer` as far as accepted answers decide it; None: they do not."""
    sought = {**_by_polarity(probe), "stale": probe.stale, "untold": probe.untold, "other": probe.others}
    reading = read(answer, probe.question, sought)
    match probe.kind:
        case "abstention":
            found = _abstains(reading)
        case "temporal":
            found = _in_order(reading)
        case _:
            found = _recalls(reading, probe)
    if found is None:
        return None
    outcome, at = found
    return Grade(outcome=outcome, by="answers", quote=reading.quote(at))


Found = tuple["Outcome", int]
"""An outcome, and where in the folded answer it is said."""


def _by_polarity(probe: Probe) -> dict[str, list[str]]:
    """The accepted answers by how the persona itself says them: "you never eat fish" affirms what "I never eat fish" told."""
    found: dict[str, list[str]] = {"right": [], "right when denied": [], "right either way": []}
    for answer in probe.answers:
        said = denials(probe.expected, answer)
        found["right" if not any(said) else "right when denied" if all(said) else "right either way"].append(answer)
    return found


def _abstains(reading: FoldedAnswer) -> Found | None:
    named = [m for m in reading.of("right") if not m.denied]
    if named:
        return "wrong", named[0].start
    unknown = _unknown(reading)
    if unknown is None or _GUESS.search(reading.text):
        return None
    return "unknown", unknown


def _recalls(reading: FoldedAnswer, probe: Probe) -> Found | None:
    """An explicit, implicit, update or control probe."""
    plain, negative, both = reading.of("right"), reading.of("right when denied"), reading.of("right either way")
    stale, wrong = reading.of("stale"), reading.of("untold", "other")
    if any(m.unclear for m in plain) or any(not m.denied for m in negative):
        return None
    denied = [m for m in plain if m.denied]
    right = sorted((m for m in (*plain, *negative, *both) if m not in denied and not m.asked), key=lambda m: m.start)
    affirmed = [m for m in right if not (m.past and stale)]
    if affirmed:
        return _beside(reading, affirmed, denied, stale, wrong)
    holds = [m for m in stale if m.holds]
    rivals = [m for m in wrong if m.holds]
    if denied and not holds and not rivals:
        return "wrong", denied[0].start
    unknown = _unknown(reading)
    if unknown is not None and not rivals and all(m.was or m.past for m in holds):
        return "unknown", unknown
    if holds:
        several = any(_hedged(reading, m, o) for m in holds for o in wrong)
        return ("wrong" if several or denied else "stale"), holds[0].start
    if rivals:
        return "wrong", rivals[0].start
    return None


def _beside(reading: FoldedAnswer, right: list[Mention], denied: list[Mention], stale: list[Mention], wrong: list[Mention]) -> Found | None:
    """The right value is named as so; what else is said decides."""
    first = right[0]
    rivals = [m for m in (*stale, *wrong) if not m.denied]
    if any(_hedged(reading, r, o) for r in right for o in rivals):
        return "wrong", first.start
    if denied:
        return None
    told = [m for m in stale if m.holds and not (m.was and not first.was) and not first.now]
    untold = [m for m in reading.of("untold") if m.holds]
    if untold:
        return "wrong", untold[0].start
    if told or any(m.holds for m in reading.of("other")):
        return None
    unknown = _DO_NOT_KNOW.search(reading.text)
    if unknown and unknown.start() < first.start and not _sentence_between(reading.text, unknown.end(), first.start):
        return None
    return ("wrong", first.start) if _several_figures(reading, first) else None if _alternative(reading, first) else ("right", first.start)


def _hedged(reading: FoldedAnswer, one: Mention, other: Mention) -> bool:
    """Whether two are offered, as "Utrecht or Rotterdam" and "maybe Utrecht, maybe Rotterdam" do."""
    between = reading.between(one, other)
    if len(between) < 60 and _OR.search(between):
        return True
    return all(re.search(r"\b(?:maybe|perhaps|possibly|might|could be)\b", m.clause) for m in (one, other))


_LEADS_TO = re.compile(r"\beither\b|\w,? or (?:the |an? )?$")
# "Biscuit, Tiger or Luna" lists; "Biscuit, and you like tea or coffee" goes on.
_LISTED = re.compile(
    r"(?:, (?!(?:and|but|so|as|if|who|which|that|because|when|where|you|your|i|it|its|he|she|they)\b)[\w'-]+(?: [\w'-]+){0,2}){0,4}"
    r",? or (?!so\b|thereabouts|some|rather|other)"
)


def _alternative(reading: FoldedAnswer, right: Mention) -> bool:
    """Whether something unknown to us is offered beside the right value."""
    before, after = reading.text[max(right.start - 24, 0) : right.start], reading.text[right.end : right.end + 100]
    return bool(_LEADS_TO.search(before) or _LISTED.match(after))


def _several_figures(reading: FoldedAnswer, right: Mention) -> bool:
    """Whether a figure is offered beside another one: "2018 or 2019"."""
    if not _NUMBER.search(reading.text[right.start : right.end]):
        return False
    around = reading.text[max(right.start - 16, 0) : right.start], reading.text[right.end : right.end + 16]
    return bool(re.search(r"\b\d+\b,? (?:or|maybe) (?:\w+ )?$", around[0]) or re.match(r",? (?:or|maybe) (?:\w+ )?\d+\b", around[1]))


def _sentence_between(text: str, start: int, end: int) -> bool:
    return "\n" in text[start:end] and text[start:end].count(" ") > 25


def _unknown(reading: FoldedAnswer) -> int | None:
    found = _DO_NOT_KNOW.search(reading.text) or _NOT_SURE.search(reading.text)
    return found.start() if found else None


# --- order --------------------------------------------------------------------------------------------------------

_EARLIER, _LATER = r"\b(?:before|earlier than|prior to|ahead of)\b", r"\b(?:after|later than|following)\b"
_THEN = r"\b(?:then|later|afterwards|followed by|only after|next|second|came after that)\b"
_SECOND = re.compile(r"\b(?:second|later|last|afterwards|after)\b")


def _in_order(reading: FoldedAnswer) -> Found | None:
    """A temporal probe: which of two was told first."""
    right, other = reading.of("right"), reading.of("other")
    if not right and not other:
        unknown = _unknown(reading)
        return None if unknown is None else ("unknown", unknown)
    if right and other:
        return _of_two(reading, right[0], other[0])
    only = (right or other)[0]
    if only.asked or _SECOND.search(only.clause):
        return None
    unknown = _unknown(reading)
    if unknown is not None:
        return "unknown", unknown
    return ("right" if bool(right) != only.denied else "wrong"), only.start


def _of_two(reading: FoldedAnswer, right: Mention, other: Mention) -> Found | None:
    if right.denied != other.denied:
        return ("right" if other.denied else "wrong"), (right if other.denied else other).start
    early, late = sorted((right, other), key=lambda m: m.start)
    between = reading.between(early, late)
    first: Mention | None = None
    if re.search(_EARLIER, between):
        first = early
    elif re.search(_LATER, between):
        first = late
    elif re.search(_THEN, between) or re.search(r"\bfirst\b", reading.text[: early.start] + between):
        first = early
    elif early.clause != late.clause and re.search(r"\bfirst\b", late.clause):
        first = late
    elif _OR.search(between):
        unknown = _unknown(reading)
        return ("wrong", early.start) if unknown is None else ("unknown", unknown)
    if first is None or early.denied:
        return None
    return ("right" if first is right else "wrong"), first.start
