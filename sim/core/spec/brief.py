"""A persona in brief: what its file leaves out is derived from what it says, so that fifteen lines are enough.

Style follows from how sociable somebody is, preferences follow from style, and how a preference shows follows from how much of it is wanted. It is
filled in before the persona is validated: what a run keeps, and what everybody else reads, is the whole persona.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sim.core.codebook import DIMENSIONS, LABELS, Dimension
from sim.core.spec.usual import MANNERS, VOICES, band, usual_preference, usual_trait

Raw = Mapping[str, Any]

TOPICS: Final = ("home", "work", "family", "friend", "pet", "health", "food", "pastime", "plan", "past", "worry", "other")
_CUES: Final[Mapping[str, str]] = {
    "home": "when home or where they live comes up",
    "work": "when work or the day comes up",
    "family": "when family comes up",
    "friend": "when friends or company come up",
    "pet": "when animals come up",
    "health": "when health comes up",
    "food": "when food or cooking comes up",
    "pastime": "when free time comes up",
    "plan": "when plans or the months ahead come up",
    "past": "when earlier years come up",
    "worry": "when worries or sleep come up",
    "other": "when it fits",
}
_MANNER_OF_TYPE: Final[Mapping[str, Mapping[str, int]]] = {
    "social": {"emotional_expressiveness": 4, "humour": 4, "patience": 4, "initiative": 4, "verbosity": 3, "formality": 2},
    "reserved": {"emotional_expressiveness": 2, "humour": 2, "patience": 3, "initiative": 2, "verbosity": 2, "formality": 3},
    "hostile": {"emotional_expressiveness": 3, "humour": 2, "patience": 1, "initiative": 3, "verbosity": 2, "directness": 5, "formality": 2},
}
_FACET_OF_TYPE: Final[Mapping[str, tuple[str, int]]] = {"social": ("friendliness", 5), "reserved": ("friendliness", 2), "hostile": ("anger", 5)}
_SOURCE: Final[Mapping[Dimension, str]] = {
    "emotional_adaptation": "emotional_expressiveness",
    "formality_matching": "formality",
    "knowledge_adaptation": "expertise",
    "length_fit": "verbosity",
    "reference_understanding": "references",
    "humor_fit": "humour",
}
"""The style dimension from which each preference follows; callback follows from how sociable somebody is."""
_CALLBACK: Final[Mapping[str, int]] = {"social": 5, "reserved": 3, "hostile": 2}

_NAME = re.compile(r"(?<=[^\s.!?…] )(?!I\b)[A-ZÀ-ÖØ-Þ][\w'’-]*(?: (?!I\b)[A-ZÀ-ÖØ-Þ][\w'’-]*)*")
_FIGURE = re.compile(r"\b\d[\d.,:]*\d\b")
"""Of two digits at least: one alone would be told by every second message."""


@dataclass
class _Filling:
    raw: dict[str, Any]
    said: list[str] = field(default_factory=list)
    """What was filled in, in words."""


def fill_in(raw: object) -> object:
    """`raw`, a persona as its file has it, with everything that it leaves out; what is wrong in it stays as it is, to be complained of."""
    return _filled(raw).raw if isinstance(raw, Mapping) else raw


def filled_in(raw: object) -> tuple[str, ...]:
    """What `fill_in` adds to `raw`, in words, such as `callback: 5`; empty where the file says everything."""
    return tuple(_filled(raw).said) if isinstance(raw, Mapping) else ()


def fill_value(raw: object) -> object:
    """A fact's value with its accepted answers: the names and figures that are in its text, where it does not say them."""
    if not isinstance(raw, Mapping) or "answers" in raw or not isinstance(raw.get("text"), str):
        return raw
    found = [m.group() for p in (_NAME, _FIGURE) for m in p.finditer(raw["text"])]
    return {**raw, "answers": tuple(dict.fromkeys(found))} if found else raw


def fill_fact(raw: object) -> object:
    """A fact with its topic, taken from its id, with when it comes up, and with its accepted answers."""
    if not isinstance(raw, Mapping):
        return raw
    topic = raw.get("topic", raw.get("id") if raw.get("id") in TOPICS else "other")
    given = fill_value(raw)
    assert isinstance(given, Mapping)
    return {"topic": topic, "when": _CUES.get(topic if isinstance(topic, str) else "", _CUES["other"]), **given}


def fill_manner(level: object, dimension: str) -> object:
    """A style dimension of which only the level is said."""
    if isinstance(level, bool) or not isinstance(level, int):
        return level
    return {"level": level, "text": MANNERS[dimension][min(max(level, 1), 5) - 1]}


# --- the persona as a whole ---------------------------------------------------------------------------------------


def _filled(raw: Raw) -> _Filling:
    filling = _Filling(dict(raw))
    _fill_type(filling)
    sociability = str(_get(filling.raw["type"], "sociability") or "reserved")
    _fill_traits(filling, sociability)
    _fill_style(filling, sociability)
    language = filling.raw.get("language", "en")
    if isinstance(language, str) and language.partition("-")[0] == "en":
        _fill_preferences(filling, sociability)
        _fill_voice(filling)
    return filling


def _fill_type(filling: _Filling) -> None:
    given = filling.raw.get("type", {})
    if not isinstance(given, Mapping):
        return
    usual = {"sociability": "reserved", "stability": "steady"}
    missing = [name for name in usual if name not in given]
    filling.raw["type"] = {**usual, **given}
    if missing:
        filling.said.append("type: " + ", ".join(usual[name] for name in missing))


def _fill_traits(filling: _Filling, sociability: str) -> None:
    given = filling.raw.get("traits")
    if given is None:
        facet, level = _FACET_OF_TYPE.get(sociability, ("friendliness", 3))
        filling.said.append(f"traits: {facet} {level}")
        given = {facet: level}
    if not isinstance(given, Mapping):
        return
    filling.raw["traits"] = [
        {"facet": facet, "level": level, "text": usual_trait(str(facet), level if _is_level(level) else 3)} for facet, level in given.items()
    ]


def _fill_style(filling: _Filling, sociability: str) -> None:
    given = filling.raw.get("style", {})
    if not isinstance(given, Mapping):
        return
    usual = _MANNER_OF_TYPE.get(sociability, {})
    missing = {name: usual.get(name, 3) for name in MANNERS if name not in given}
    filling.raw["style"] = {name: fill_manner({**missing, **given}[name], name) for name in MANNERS} | {
        name: value for name, value in given.items() if name not in MANNERS
    }
    filling.said += [f"style, {name.replace('_', ' ')}: {level}" for name, level in missing.items()]


def _fill_preferences(filling: _Filling, sociability: str) -> None:
    given = filling.raw.get("preferences", {})
    if not isinstance(given, Mapping):
        return
    whole: dict[str, Any] = dict(given)
    for dimension in DIMENSIONS:
        one = given.get(dimension, {})
        one = {"want": one} if _is_level(one) else one
        if not isinstance(one, Mapping):
            continue
        want = one.get("want", _want(dimension, filling.raw, sociability))
        whole[dimension] = {"want": want, **one} if not _is_level(want) else _whole_preference(dimension, want, one)
        if dimension not in given or (isinstance(given[dimension], Mapping) and "want" not in given[dimension]):
            filling.said.append(f"wants, {LABELS[dimension]}: {want}")
        elif {"rubric", "signals"} - set(one):
            filling.said.append(f"{' and '.join(sorted({'rubric', 'signals'} - set(one)))} of {LABELS[dimension]}")
    filling.raw["preferences"] = whole


def _whole_preference(dimension: Dimension, want: int, given: Raw) -> dict[str, Any]:
    usual = usual_preference(dimension, want)
    rubric: Any = {"five": usual.five, "one": usual.one}
    met: Any = {"shows": usual.met_shows, "says": usual.met_says}
    missed: Any = {"shows": usual.missed_shows, "says": usual.missed_says}
    rest = {name: value for name, value in given.items() if name not in ("rubric", "signals")}
    signals = given.get("signals", {})
    if isinstance(signals, Mapping):
        signals = {"met": _over(met, signals.get("met")), "missed": _over(missed, signals.get("missed"))} | {
            name: value for name, value in signals.items() if name not in ("met", "missed")
        }
    return {**rest, "want": want, "rubric": _over(rubric, given.get("rubric")), "signals": signals}


def _fill_voice(filling: _Filling) -> None:
    given = filling.raw.get("voice", {})
    if not isinstance(given, Mapping):
        return
    usual = VOICES[band(_level(filling.raw.get("style"), "formality"))]
    lines = {name: getattr(usual, name) for name in ("hello", "bye", "carries_on", "storms_off")}
    missing = [name for name in lines if name not in given]
    filling.raw["voice"] = {**lines, **given}
    filling.said += [f"voice: {', '.join(missing).replace('_', ' ')}"] if missing else []


# --- small things -------------------------------------------------------------------------------------------------


def _want(dimension: Dimension, raw: Raw, sociability: str) -> int:
    """How much of `dimension` somebody of this style wants; the impatient want it short."""
    if dimension == "callback":
        return _CALLBACK.get(sociability, 3)
    level = _level(raw.get("style"), _SOURCE[dimension])
    if dimension == "length_fit" and _level(raw.get("style"), "patience") <= 2:
        return min(level, 2)
    return level


def _level(style: object, dimension: str) -> int:
    level = _get(_get(style, dimension), "level")
    return level if isinstance(level, int) and 1 <= level <= 5 else 3


def _is_level(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5


def _over(usual: Raw, given: object) -> object:
    return usual if given is None else {**usual, **given} if isinstance(given, Mapping) else given


def _get(value: object, key: str) -> object:
    """What is under `key`, in a file's mapping or in a model."""
    return value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
