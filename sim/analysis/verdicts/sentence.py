"""What a comparison says in plain words: each measure's sentence, and for each pair a headline that does not beg the question.

Likability over seven dimensions differs wherever memory does, because callback is one of them. So the headline begins with the study's primary
outcome, splits the difference in likability by dimension, and says of callback, of the criterion, of occasions and of single personas what there is
to say (guide/methods.md#headline). Every figure in it also appears in the tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.analysis.figures.estimates import EQUAL, FEWEST_FOR_INTERVAL, FEWEST_SCENARIOS, different
from sim.analysis.figures.measures import BY_ID, LIKABILITY, SECOND
from sim.core.codebook import BY_OCCASION, CRITERIA, LABELS
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.analysis.figures.measures import Measure
    from sim.analysis.verdicts.compare import Comparison
    from sim.analysis.verdicts.pairs import LeftOut, Paired

OVER = {"fixed_set": "on the fixed set", LIKABILITY: "over all seven dimensions", "without_callback": "leaving callback aside"}
"""How being liked is measured, by measure."""
MOST_NAMED = 3
"""Dimensions that a difference is split into by name, at most."""
WORTH_NAMING = 0.2
"""Of all that dimensions add and take away, the share from which one is named."""
_NOUNS = {"enjoyment": "enjoyment", "return": "the wish to return"}


class PairSentences(Frozen):
    """What is said of one pair, a sentence each; empty: there is nothing to say."""

    a: str
    b: str
    within: str | None
    primary: str
    """By the primary outcome."""
    likability: str
    """LikeBench's figure, split by dimension."""
    callback: str
    """The second endpoint."""
    criterion: str
    """Whether enjoyment and the wish to return agree."""
    occasions: str
    """Where one side drew out more occasions or facts."""
    left_out: str
    """How far it hangs on one persona."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """Those that say something."""
        return tuple(s for s in (self.primary, self.likability, self.callback, self.criterion, self.occasions, self.left_out) if s)

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.sentences)


# --- one measure --------------------------------------------------------------------------------------------------


def sentence(of: Comparison, measure: Measure, *, phrase: str = "{}", steady: Paired | None = None) -> str:
    """What can be said by one measure, the larger side first.

    Args:
        phrase: how a side is spoken of where both are about one target: "in {}".
        steady: the same sides by the fixed set, told beside a difference in likability.
    """
    if of.difference is None:
        about = f"{of.within}: " if of.within else ""
        return f"{about}{of.a} and {of.b} have nothing in common to compare {measure.label} by"
    sign = -1.0 if of.difference < 0 else 1.0
    a, b = (of.b, of.a) if sign < 0 else (of.a, of.b)
    size, equal = f"{abs(of.difference):.{measure.digits}f}", abs(of.difference) < EQUAL
    over = OVER.get(measure.id)
    if of.within:
        who, a, b = of.within.split(",")[0], phrase.format(a), phrase.format(b)
        is_so = f"{who} is liked" if over else f"{measure.label} of {who} is"
        said = f"{is_so} as much {a} as {b}" if equal else f"{is_so} {size} {'more' if over else 'higher'} {a} than {b}"
        said += f" {over}" if over else ""
    elif equal:
        said = f"{a} is liked as much as {b} {over}" if over else f"{measure.label} is the same for {a} and {b}"
    elif over and _is_open(of):
        said = f"{a} and {b} cannot be told apart {over}: {size} in favour of {a}"
    elif over:
        said = f"{a} is liked {size} more than {b} {over}"
    else:
        said = f"{measure.label} is {size} higher for {a} than for {b}"
    people = f"{of.personas} persona{'s' * (of.personas != 1)}" + ("" if of.paired else " a side, different ones")
    interval = _turned(of.interval, sign)
    told = f"{where(of)}{said}{_made_of(of, measure, sign, steady)}"
    return f"{told}, {_bounds(interval, of, measure.digits)}, {people}: {_conclusion(of)}"


def _is_open(of: Comparison) -> bool:
    """Whether the difference may as well be none."""
    return of.verdict == "not separable" or (of.interval is not None and not _clear(of))


def where(of: Comparison) -> str:
    """In which scenarios something holds, where there are too few for it to hold beyond: the beginning of a sentence."""
    if (of.within and of.paired) or of.scenarios >= FEWEST_SCENARIOS:
        return ""
    return "in this scenario " if of.scenarios == 1 else "in these scenarios "


def _made_of(of: Comparison, measure: Measure, sign: float, steady: Paired | None) -> str:
    """The split by dimension, of likability always, of its relatives where there is a verdict."""
    if measure.id not in OVER or (measure.id != LIKABILITY and of.verdict not in ("higher", "lower")):
        return ""
    told = split({name: sign * by for name, by in of.split.items()}, measure.digits)
    beside = f"fixed set {plus_minus(steady, sign)}" if measure.id == LIKABILITY and steady is not None and steady.difference is not None else ""
    found = "; ".join(p for p in (told, beside) if p)
    return f" ({found})" if found else ""


def split(adds: Mapping[str, float], digits: int = 2) -> str:
    """What a difference is made of, in words whose figures add up to it as it is printed: "0.23 of it is callback, 0.01 the rest".

    Args:
        adds: what each dimension adds to a difference that is not negative.
    """
    total, size = sum(adds.values()), sum(map(abs, adds.values()))
    if len(adds) < 2 or size < EQUAL:
        return ""
    named = sorted((n for n in adds if abs(adds[n]) >= WORTH_NAMING * size), key=lambda n: -abs(adds[n]))[:MOST_NAMED]
    if not named:
        return f"spread over {len(adds)} dimensions"
    printed = {n: round(adds[n], digits) for n in named}
    others = len(adds) - len(named)
    # What is left of the figures as they are printed, and not of the exact ones, so that the reader's sum comes out.
    left = round(round(total, digits) - sum(printed.values()), digits) if others else 0.0
    if min(*printed.values(), left, total) >= 0:
        first, *more = (f"{v:.{digits}f}" for v in printed.values())
        parts = [f"{first} of it is {named[0]}", *(f"{v} {n}" for v, n in zip(more, named[1:], strict=True))]
        parts += [f"{left:.{digits}f} the other {_count(others)}"] if others and left else []
    else:
        parts = [f"{signed(v, digits)} {n}" for n, v in printed.items()] + ([f"{signed(left, digits)} the other {_count(others)}"] if others else [])
        parts[0] = f"it is made of {parts[0]}"
    return ", ".join(parts)


def _count(n: int) -> str:
    return ("zero", "one", "two", "three", "four", "five", "six")[n]


def _bounds(interval: tuple[float, float] | None, of: Comparison, digits: int) -> str:
    if interval is not None:
        return f"95 % interval {_minus(interval[0], digits)} to {_minus(interval[1], digits)}"
    if of.personas < FEWEST_FOR_INTERVAL:
        return "no interval below 3 personas"
    return f"no interval, for all differ by the same: others may in up to {100 * different(of.personas):.0f} % of personas like these"


def _conclusion(of: Comparison) -> str:
    said = "look, no verdict" if of.tier == "look" else f"{of.tier}, not separable" if of.verdict == "not separable" else of.tier
    return said + (f", {of.standing}" if of.standing else "") + (f" ({of.hypothesis})" if of.hypothesis else "")


def _turned(interval: tuple[float, float] | None, sign: float) -> tuple[float, float] | None:
    return (-interval[1], -interval[0]) if interval and sign < 0 else interval


def _minus(value: float, digits: int) -> str:
    return f"{value:z.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign: "+0.25"; none at all has none."""
    text = f"{value:+z.{digits}f}".replace("-", "−")
    return text if text.strip("+0.") else text[1:]


def plus_minus(of: Paired, sign: float = 1.0, digits: int = 2) -> str:
    """A difference and half of its interval, the longer half where the scale ends it: "+0.02 ± 0.08"."""
    if of.difference is None:
        return "not known"
    half = max(of.difference - of.interval[0], of.interval[1] - of.difference) if of.interval else None
    return signed(sign * of.difference, digits) + (f" ± {half:.{digits}f}" if half is not None else "")


# --- memory -------------------------------------------------------------------------------------------------------


def memory_sentence(found: Mapping[str, Comparison], *, target: str, memory: str, base_memory: str) -> str:
    """What memory buys beyond what it is by definition: one model under two memories, by the endpoints that can tell.

    Args:
        found: the pair by each measure.
        target: the side with more memory.
        memory: its policy.
        base_memory: that of the other side.
    """
    steady = found["fixed_set"]
    sign = 1.0 if steady.a == target else -1.0
    base = steady.b if sign > 0 else steady.a
    named = (("callback", SECOND), ("liking on the fixed set", "fixed_set"), *((_NOUNS[c], c) for c in CRITERIA))
    known = [(noun, found[m]) for noun, m in named if found[m].difference is not None]
    if not known:
        return ""
    gained = [noun for noun, of in known if _direction(of) * sign > 0]
    lost = [noun for noun, of in known if _direction(of) * sign < 0]
    people = f"{steady.personas} persona{'s' * (steady.personas != 1)}"
    look = steady.tier == "look"
    if gained:
        said = f"memory {'seems to buy' if look else 'buys'} {listed(gained)}"
        said += f", at the cost of {listed(lost)}" if lost else ""
        said += f" and, as far as {people} can show, nothing else of the {_count(len(known))}" if not lost and len(gained) < len(known) else ""
    elif lost:
        said = f"memory {'seems to cost' if look else 'costs'} {listed(lost)}"
    else:
        said = f"memory buys nothing that {people} can show"
        alone = [noun for noun, of in known if _clear(of)]
        said += f" over all measures together, though by itself {listed(alone)} differs" if alone else ""
    names = {SECOND: "callback on scripted facts", "fixed_set": "fixed set", **_NOUNS}
    figures = ", ".join(f"{names[m]} {plus_minus(found[m], sign)}" for _, m in named if found[m].difference is not None)
    standing = _standing(*(of for _, of in known))
    place = where(steady)
    told = f"{place}{said}" if place else f"{said[0].upper()}{said[1:]}"
    sides = f"{target} less {base}, one model with memory {memory} and {base_memory}"
    return f"{_capital(told)}: {figures} ({sides}; {people}: {'look, no verdict' if look else steady.tier}{standing})."


def _standing(*of: Comparison) -> str:
    """Which of several measures were registered, where anything was."""
    if not any(c.standing for c in of):
        return ""
    registered = sorted({c.hypothesis for c in of if c.hypothesis}, key=_counted)
    return f", exploratory but for {listed(registered)}" if registered else ", exploratory"


def _counted(name: str) -> list[tuple[int, str]]:
    """H2 before H10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _direction(of: Comparison) -> int:
    """As its verdict has it; where there are too few personas for one, as its interval has it."""
    return _clear(of) if of.tier == "look" else {"higher": 1, "lower": -1}.get(of.verdict, 0)


def listed(names: Sequence[str]) -> str:
    """Names in words: "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- one pair -----------------------------------------------------------------------------------------------------


def headline(found: Mapping[str, Comparison], primary: Measure) -> PairSentences:
    """What is said of one pair.

    Args:
        found: the pair by each measure.
        primary: the study's primary outcome.
    """
    first, liked = found[primary.id], found[LIKABILITY]
    # Everything beside the primary outcome is told of the side that is liked more over all seven, whose advantage it explains.
    sign = -1.0 if (liked.difference or 0.0) < 0 else 1.0
    ahead = liked.b if sign < 0 else liked.a
    who = "" if first.within else ahead
    return PairSentences(
        a=first.a,
        b=first.b,
        within=first.within,
        primary=as_sentence(first),
        likability="" if primary.id == LIKABILITY else _over_seven(liked, found["fixed_set"], sign),
        callback=_second(found[SECOND]),
        criterion=criterion_sentence((first, OVER[primary.id]), (liked, OVER[LIKABILITY]), [found[c] for c in CRITERIA], sign, who),
        occasions=_occasions(found, sign, ahead),
        left_out=left_out_sentence(first, primary),
    )


def as_sentence(of: Comparison) -> str:
    """What is said of a pair by one measure, as a whole sentence."""
    return _capital(of.sentence) + "."


def _over_seven(of: Comparison, steady: Comparison, sign: float) -> str:
    """Likability, split by dimension, without what the sentence on the primary outcome has said."""
    if of.difference is None:
        return ""
    made = _made_of(of, BY_ID[LIKABILITY], sign, steady)[2:-1]
    ahead, other = (of.b, of.a) if sign < 0 else (of.a, of.b)
    interval = _turned(of.interval, sign)
    bounds = f" (95 % interval {_minus(interval[0], 2)} to {_minus(interval[1], 2)})" if interval else ""
    if abs(of.difference) < EQUAL:
        return f"Over all seven dimensions both are liked alike{f': {made}' if made else ''}."
    size = f"{abs(of.difference):.2f}"
    who = f"the difference is {size} in favour of {ahead}" if of.within or _is_open(of) else f"{ahead} is liked {size} more than {other}"
    return f"Over all seven dimensions {who}{bounds}{f': {made}' if made else ''}."


def _capital(text: str) -> str:
    """A sentence that begins with "in" begins with "In"; a target's name is left as it is."""
    return text[0].upper() + text[1:] if text.startswith("in th") else text


def _second(of: Comparison) -> str:
    """The second endpoint, without what the sentence on the primary outcome has said."""
    if of.difference is None:
        return ""
    sign = -1.0 if of.difference < 0 else 1.0
    more = of.b if sign < 0 else of.a
    open = " (not separable)" if of.verdict == "not separable" else ""
    return f"Callback on scripted facts is {plus_minus(of, sign)} for {more}{open}."


def criterion_sentence(first: tuple[Paired, str], liked: tuple[Paired, str], looks: Sequence[Paired], sign: float, who: str = "") -> str:
    """Whether looking back on the session agrees with what was said of the pair; empty: nobody looked back.

    Args:
        first: by the primary outcome, and how that is called (`OVER`).
        liked: the same by likability.
        looks: by enjoyment, and by the wish to return.
        sign: −1 where the second side is ahead.
        who: that side.
    """
    known = [(_NOUNS[c], look) for c, look in zip(CRITERIA, looks, strict=True) if look.difference is not None]
    if not known:
        return ""
    spoken = [f"{noun} ({plus_minus(look, sign)}{f' for {who}' if who and not i else ''})" for i, (noun, look) in enumerate(known)]
    told = " and ".join(spoken)
    told = f"{told[0].upper()}{told[1:]}"
    several = len(known) > 1
    claim, over = next(((_clear(of), over) for of, over in (first, liked) if _clear(of)), (0, ""))
    seen = {_clear(look) for _, look in known} - {0}
    if not claim:
        if seen:
            return f"Yet the sessions were looked back on differently: {told}."
        return f"{told} show no difference either." if several else f"{told} shows no difference either."
    if -claim in seen:
        return f"{told} point the other way." if several else f"{told} points the other way."
    if claim in seen:
        return f"{told} agree." if several else f"{told} agrees."
    return f"{told} {'do' if several else 'does'} not bear out the difference {over}."


def _clear(of: Paired) -> int:
    """1 or −1 where the interval leaves 0 out, else 0."""
    if of.interval is None:
        return 0
    return 1 if of.interval[0] > 0 else -1 if of.interval[1] < 0 else 0


def _occasions(found: Mapping[str, Comparison], sign: float, ahead: str) -> str:
    """Where the sides differ in what they drew out, however many measures are looked at: it is a caution and no claim."""
    parts = []
    for d in BY_OCCASION:
        of = found[f"occasions.{d}"]
        if _clear(of):
            more = of.a if (of.difference or 0.0) > 0 else of.b
            parts.append(f"{abs(of.difference or 0.0):.1f} more occasions for {LABELS[d]} a session with {more}")
    facts = found["elicited_facts"]
    if _clear(facts):
        more = facts.a if (facts.difference or 0.0) > 0 else facts.b
        parts.append(f"{abs(facts.difference or 0.0):.1f} more facts drawn out in a trial by {more}")
    if not parts:
        return ""
    common = found["likability_common"]
    beside = f"; on common occasions {ahead} is at {plus_minus(common, sign)} over all seven" if common.difference is not None else ""
    return f"The talks gave {', '.join(parts)}{beside}."


def left_out_sentence(of: Comparison, measure: Measure) -> str:
    """How far a difference hangs on one persona, told in the direction of its sentence."""
    if of.left_out is None or of.difference is None:
        return ""
    turned = of.left_out if of.difference >= 0 else turn(of.left_out)
    low, high, without = (signed(v, measure.digits) for v in (turned.low, turned.high, turned.without))
    if low == high:
        return f"Without any one persona the {measure.label} still differs by {low}."
    return f"Without any one persona the {measure.label} differs by {low} to {high}; {of.left_out.persona} moves it most ({without} without)."


def turn(of: LeftOut) -> LeftOut:
    """The same of the other side less this one."""
    return of.model_copy(update={"low": -of.high, "high": -of.low, "without": -of.without})
