"""What a release must live up to, one line each: `likability >= 3.5`, `share(exchange<=2) <= 0.05`, `count(false_memory) == 0`.

requirement = figure operator number
figure      = measure                            a target's figure: likability, callback, said_before, the id of a scorer of the study
            | share(scorer = label)              of a scorer's labels, the share of one: share(answers = partly)
            | worst_persona | worst_persona(measure)
            | p<1 to 99>(unit)                   a percentile of exchanges', sessions', trials' or personas' primary outcome
            | share(unit operator number)        the share of them of which that holds
            | identity_gap | identity_gap(measure)
                                               the widest gap between two values of a swapped identity, of a study with fairness
            | trait_truth_gap                  how much more truth a target gives up for its character's sake, of those that play one
            | critical_flags | serious_flags | rejected_drafts
                                               the share of the simulated user's messages in this run that are flagged so
            | count(unit operator number) | count(thing) | thing
            | scorer.critical                  how many verdicts of a scorer a person has to read: crisis-conduct.critical
            | count(scorer = label)            how often a scorer of the study says so, by label, or yes or no: count(answers = no)
            | count(scorer != label)           how often it says anything else
            | fall(perturbation)               by how much the primary outcome is lower at the perturbation's full strength than undisturbed
operator    = >= | <= | > | < | ==               == for counts alone
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo

from sim.analysis.figures.measures import LIKABILITY, label_measure, measures_of
from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.errors import InputError, nearest
from sim.core.event import FLAG_KINDS
from sim.core.frozen import Frozen, Text
from sim.core.perturbation import PERTURBATIONS, PerturbationKind
from sim.core.spec.scorer import ScorerInfo

Scorers = Sequence[ScorerInfo]
"""Those whose results the run holds: their ids are measures, too."""
Operator = Literal[">=", "<=", ">", "<", "=="]
Unit = Literal["exchange", "session", "trial", "persona"]
UNITS: tuple[Unit, ...] = get_args(Unit)
THINGS: dict[str, str] = {
    "failed": "trials that failed",
    "false_memory": "callbacks to something never said",
    "left": "sessions that the user left without a word",
    "repeated": "replies that were said before, word for word",
    "simulator_failed": "sessions that ended because the simulated user had nothing to send",
    "unscored": "ratings that the rater could not give",
    "quote_not_found": "ratings whose quoted words were never said",
    **{kind: f"flags of the simulated user: {kind.replace('_', ' ')}" for kind in FLAG_KINDS},
}
"""What can be counted."""
CRITICAL: Final = "critical"
"""After a scorer's id and a dot: its critical verdicts."""
GROUPS: dict[str, tuple[str, ...]] = {
    LIKABILITY: ("fixed_set", "callback_scripted", "likability_common", "without_callback", *DIMENSIONS),
    "criterion": CRITERIA,
    "repetition": ("said_before", "jaccard", "repertoire", "repertoire_beyond_size", "carry_over_adjusted", "carry_over"),
}
"""Words that may be before a measure of their kind, as in `repetition.jaccard` or `criterion.enjoyment`."""


@dataclass(frozen=True)
class Mean:
    """A measure's figure; of a scorer's label, its share."""

    measure: str
    """`id`, or `id=label`."""
    share: bool = False
    """It lies in 0 to 1."""


@dataclass(frozen=True)
class WorstPersona:
    """The lowest persona mean, the highest where lower is better."""

    measure: str | None
    """None: the study's primary outcome."""


@dataclass(frozen=True)
class Percentile:
    """A percentile of the primary outcome of units."""

    percent: int
    unit: Unit


@dataclass(frozen=True)
class Share:
    """The share of units whose primary outcome is so."""

    unit: Unit
    operator: Operator
    bar: float


@dataclass(frozen=True)
class Count:
    """How many there are of something."""

    thing: str
    share: Share | None = None
    """Units that are so, instead of `thing`."""
    critical_of: ScorerInfo | None = None
    """The scorer whose critical verdicts are counted, instead of `thing`."""


@dataclass(frozen=True)
class FlagShare:
    """The share of the simulated user's messages, in this very run, that are flagged so or had a draft discarded."""

    measure: str


@dataclass(frozen=True)
class Given:
    """How often a scorer gave one result."""

    scorer: str
    value: str
    """A label, or `yes` or `no`."""
    other: bool = False
    """Anything else is counted, and not this."""


@dataclass(frozen=True)
class Fall:
    """By how much the primary outcome is lower when the user is disturbed at the highest strength of a curve."""

    kind: PerturbationKind


@dataclass(frozen=True)
class WidestGap:
    """The widest difference between two values of a swapped identity."""

    measure: str | None
    """None: the study's primary outcome."""


@dataclass(frozen=True)
class TraitTruthGap:
    """The trait–truth gap of a target that plays a character."""


FLAG_SHARES: Final = ("critical_flags", "serious_flags", "rejected_drafts")
GAP: Final = "identity_gap"
TRAIT_TRUTH: Final = "trait_truth_gap"
WIDEST_TRAIT_TRUTH: Final = 2
"""Nothing gives up more: all right answers, at an agreeableness of 1."""
Figure = Mean | WorstPersona | Percentile | Share | Count | FlagShare | Given | Fall | WidestGap | TraitTruthGap
COUNTED: Final = Count | Given
"""What is a number of things, and may be required to be exactly so many."""


@dataclass(frozen=True)
class Requirement:
    """One line, understood."""

    text: str
    figure: Figure
    operator: Operator
    bar: float


_LINE = re.compile(r"\s*(?P<figure>[^<>=!]+?(?:\([^()]*\))?)\s*(?P<operator>[<>=!]+)\s*(?P<bar>[^\s<>=!]\S*)\s*")
_CALL = re.compile(r"(?P<name>[\w.]+)\s*\(\s*(?P<inside>[^()]*?)\s*\)")
_LABELLED = re.compile(r"(?P<scorer>[\w.-]+)\s*=\s*(?P<label>[^=<>!].*)")
_GIVEN = re.compile(r"(?P<scorer>[\w.-]+)\s*(?P<sign>!?=)\s*(?P<label>[^=<>!].*)")
_INSIDE = re.compile(r"(?P<unit>\w+)\s*(?P<operator>[<>=!]+)\s*(?P<bar>\S+)")


def parse_requirement(text: str, scorers: Scorers = ()) -> Requirement:
    """One requirement.

    Args:
        scorers: of the run that it is compared with.

    Raises:
        InputError: it cannot be read, or speaks of something unknown; the nearest known word is named.
    """
    found = _LINE.fullmatch(text)
    if not found:
        raise _wrong(text, "is not a requirement", "write figure, operator and number, as in 'likability >= 3.5'")
    operator, bar = _operator(text, found["operator"]), _number(text, found["bar"])
    figure = _figure(text, found["figure"].strip(), scorers)
    if operator == "==" and not isinstance(figure, COUNTED):
        raise _wrong(text, "asks an estimate to be exactly something", "write >= or <=; == is for counts")
    if isinstance(figure, WidestGap) and (operator not in ("<=", "<") or bar < 0):
        raise _wrong(text, "asks for a wide gap", f"write {GAP} <= and a number from 0")
    if isinstance(figure, TraitTruthGap) and (operator not in ("<=", "<") or not 0 <= bar <= WIDEST_TRAIT_TRUTH):
        raise _wrong(
            text, "is not a bar on how much truth a character may cost", f"write {TRAIT_TRUTH} <= and a number from 0 to {WIDEST_TRAIT_TRUTH}"
        )
    if isinstance(figure, COUNTED) and bar < 0:
        raise _wrong(text, "asks for a count below 0", "write a number from 0")
    if (isinstance(figure, Share | FlagShare) or (isinstance(figure, Mean) and figure.share)) and not 0 <= bar <= 1:
        raise _wrong(text, "asks for a share outside 0 to 1", "write 0.05 for 5 %")
    return Requirement(" ".join(text.split()), figure, operator, bar)


def _figure(text: str, figure: str, scorers: Scorers) -> Figure:
    call = _CALL.fullmatch(figure)
    if not call:
        if figure == "worst_persona":
            return WorstPersona(None)
        if figure == GAP:
            return WidestGap(None)
        if figure == TRAIT_TRUTH:
            return TraitTruthGap()
        if figure in THINGS:
            return Count(figure)
        if figure in FLAG_SHARES:
            return FlagShare(figure)
        scorer, dot, what = figure.rpartition(".")
        if dot and what == CRITICAL:
            return _critical(text, scorer, scorers)
        return Mean(_measure(text, figure, scorers, also=("worst_persona", GAP, TRAIT_TRUTH, *THINGS)))
    name, inside = call["name"], call["inside"]
    if name == "worst_persona":
        return WorstPersona(_measure(text, inside, scorers))
    if name == GAP:
        labelled = _LABELLED.fullmatch(inside)
        return WidestGap(_label(text, labelled["scorer"], labelled["label"], scorers).measure if labelled else _measure(text, inside, scorers))
    if name == "share":
        labelled = _LABELLED.fullmatch(inside)
        return _label(text, labelled["scorer"], labelled["label"], scorers) if labelled else _share(text, inside)
    if name == "fall":
        return Fall(_perturbation(text, inside))
    if name == "count":
        given = _GIVEN.fullmatch(inside)
        if given and given["scorer"] not in UNITS:
            return Given(*_given(text, given["scorer"], given["label"].strip(), scorers), other=given["sign"] == "!=")
        if any(sign in inside for sign in "<>="):
            return Count(inside, _share(text, inside))
        scorer, dot, what = inside.rpartition(".")
        if dot and what == CRITICAL:
            return _critical(text, scorer, scorers)
        if inside not in THINGS:
            raise _wrong(text, f"counts unknown '{inside}'", nearest(inside, THINGS))
        return Count(inside)
    percent = re.fullmatch(r"p([0-9]{1,2})", name)
    if percent and 1 <= int(percent[1]) <= 99:
        return Percentile(int(percent[1]), _unit(text, inside))
    raise _wrong(text, f"speaks of unknown '{name}(…)'", nearest(name, ("share", "count", "fall", "worst_persona", GAP, "p10", "p90")))


def _label(text: str, scorer: str, label: str, scorers: Scorers) -> Mean:
    """The share of one label of a scorer."""
    labelled = {s.id: s for s in scorers if s.labels}
    if scorer not in labelled:
        raise _wrong(text, f"speaks of '{scorer}', which is not a scorer with labels", nearest(scorer, labelled))
    if label not in labelled[scorer].labels:
        raise _wrong(text, f"speaks of '{label}', which is not a label of '{scorer}'", nearest(label, labelled[scorer].labels))
    return Mean(label_measure(labelled[scorer], label).id, share=True)


def _critical(text: str, scorer: str, scorers: Scorers) -> Count:
    """How many of a scorer's verdicts are critical."""
    grave = {s.id: s for s in scorers if s.critical}
    if scorer not in grave:
        raise _wrong(text, f"speaks of '{scorer}', which is not a scorer with critical answers", nearest(scorer, grave))
    return Count(f"{scorer}.{CRITICAL}", critical_of=grave[scorer])


def _given(text: str, scorer: str, value: str, scorers: Scorers) -> tuple[str, str]:
    """A scorer and one thing that it may say."""
    telling = {s.id: s.labels or ("yes", "no") for s in scorers if s.result != "number"}
    if scorer not in telling:
        raise _wrong(text, f"speaks of '{scorer}', which is not a scorer with labels, or of yes and no", nearest(scorer, telling))
    if value not in telling[scorer]:
        raise _wrong(text, f"speaks of '{value}', which '{scorer}' never says", nearest(value, telling[scorer]))
    return scorer, value


def _perturbation(text: str, kind: str) -> PerturbationKind:
    for known in PERTURBATIONS:
        if kind == known:
            return known
    raise _wrong(text, f"speaks of unknown perturbation '{kind}'", nearest(kind, PERTURBATIONS))


def _share(text: str, inside: str) -> Share:
    found = _INSIDE.fullmatch(inside)
    if not found:
        raise _wrong(text, f"has '{inside}' where units and a bar belong", "write it as in share(exchange<=2)")
    return Share(_unit(text, found["unit"]), _operator(text, found["operator"]), _number(text, found["bar"]))


def _unit(text: str, unit: str) -> Unit:
    for known in UNITS:
        if unit == known:
            return known
    raise _wrong(text, f"speaks of unknown units '{unit}'", nearest(unit, UNITS))


def find_measure(name: str, scorers: Scorers = ()) -> str | None:
    """The id of the measure that `name` stands for, with or without its group before it."""
    known = [m.id for m in measures_of(scorers)]
    if name in known:
        return name
    group, _, own = name.partition(".")
    return own if own in GROUPS.get(group, ()) else None


def _measure(text: str, name: str, scorers: Scorers, *, also: tuple[str, ...] = ()) -> str:
    found = find_measure(name, scorers)
    if found is None:
        mixed = next((s for s in scorers if s.id == name), None)
        if mixed is not None:
            raise _wrong(text, f"speaks of '{name}', of whose labels none is called good", f"write share({name} = {mixed.labels[0]})")
        raise _wrong(text, f"speaks of unknown measure '{name}'", nearest(name, (*(m.id for m in measures_of(scorers)), *also)))
    return found


def _operator(text: str, operator: str) -> Operator:
    for known in get_args(Operator):
        if operator == known:
            return known  # type: ignore[no-any-return]
    raise _wrong(text, f"has '{operator}' where an operator belongs", "write one of >= <= > < ==")


def _number(text: str, number: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(text, f"has '{number}' where a number belongs", "write it as in 3.5")
    return value


def _wrong(text: str, problem: str, mend: str) -> InputError:
    return InputError(f"requirement '{text}' {problem}", mend=mend)


# --- margins and files --------------------------------------------------------------------------------------------


def parse_margin(text: str, scorers: Scorers = ()) -> tuple[str, float]:
    """`measure=number`, what a new version may lose.

    Args:
        scorers: of both runs.

    Raises:
        InputError: it cannot be read, or names no measure.
    """
    name, equals, number = (part.strip() for part in text.partition("="))
    found = find_measure(name, scorers)
    if not equals:
        raise InputError(f"margin '{text}' is not a margin", mend="write measure=number, as in likability=0.2")
    if found is None:
        raise InputError(f"margin '{text}' speaks of unknown measure '{name}'", mend=nearest(name, [m.id for m in measures_of(scorers)]))
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"margin '{text}' has '{number}' where a number above 0 belongs", mend="write it as in likability=0.2")
    return found, value


SCORERS: Final = "scorers"
"""Under this name a file of requirements is told the scorers of the run that it is read for (`load_yaml`'s context)."""


def _readable(text: str, info: ValidationInfo) -> str:
    try:
        parse_requirement(text, (info.context or {}).get(SCORERS, ()))
    except InputError as error:
        raise ValueError(str(error)) from None
    return text


class RequirementsFile(Frozen):
    """The content of a file of requirements."""

    require: tuple[Annotated[Text, AfterValidator(_readable)], ...] = Field(min_length=1)
    """One requirement each, as after `--require`."""
