"""One person of a population: from a place in the space of people to a whole persona, so that what is said of them agrees.

Character comes first. How they write follows from character, register, expertise and language level; what they want of a chatbot follows from how
they write and who they are; rubrics and signals follow from what they want (`sim.core.spec.brief`). Facts are drawn from parts that fit age and
country.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import numpy as np

from sim.core.seeds import rng
from sim.core.spec import Persona
from sim.core.spec.usual import MANNERS, band
from sim.population.design import BELL, EQUAL, PopulationDesign, draw_design, rank_levels
from sim.population.facets import facet_sentence
from sim.population.marginals import Marginals, band_of
from sim.population.parts import Country, facets, lives, world

_TOPICS: Final = ("home", "work", "family", "friend", "food", "pastime", "plan", "past", "worry", "pet")
_STYLE: Final[Mapping[str, Mapping[str, float]]] = {
    "verbosity": {"gregariousness": 0.6, "friendliness": 0.4},
    "directness": {"assertiveness": 0.6, "cooperation": -0.6, "modesty": -0.3},
    "emotional_expressiveness": {"emotionality": 0.7, "friendliness": 0.3, "self_consciousness": -0.2},
    "humour": {"cheerfulness": 0.9, "self_consciousness": -0.3},
    "references": {"intellect": 0.5, "artistic_interests": 0.5, "imagination": 0.2},
    "patience": {"cooperation": 0.5, "anger": -0.6, "cautiousness": 0.2},
    "initiative": {"assertiveness": 0.5, "gregariousness": 0.4, "activity_level": 0.3},
}
"""The facets that a style dimension follows from; formality and expertise follow from register and expertise."""
OWN: Final = 0.8
"""The part of a style dimension that no facet explains, in standard deviations of a level."""
_BANDS: Final[Mapping[str, tuple[int, ...]]] = {
    "casual": (1, 2),
    "neutral": (3,),
    "formal": (4, 5),
    "beginner": (1, 2),
    "middle": (3,),
    "expert": (4, 5),
}
"""Levels of formality and expertise."""
_LETTERS: Final = str.maketrans({"đ": "d", "ł": "l", "ı": "i", "ø": "o", "ß": "ss", "æ": "ae"})


@dataclass(frozen=True)
class Population:
    """The people, in their order, and where they lie."""

    people: tuple[Persona, ...]
    design: PopulationDesign


def make_population(n: int, marginals: Marginals, *, seed: int, bell: bool = False) -> Population:
    """`n` people who differ in every respect that `marginals` and the facets name; the same seed makes the same people.

    Args:
        bell: most people are near the middle of a facet, instead of as many at every level.
    """
    design = draw_design(n, marginals, seed=seed, shares=BELL if bell else EQUAL)
    styles = _styles(design, seed)
    taken: set[str] = set()
    people = []
    for index, country in enumerate(_countries(design, seed)):
        person = _Person(index, design, {name: int(column[index]) for name, column in styles.items()}, country, rng(seed, "person", index))
        people.append(Persona.model_validate(person.describe(taken)))
        taken.add(people[-1].id)
    return Population(tuple(people), design)


def _styles(design: PopulationDesign, seed: int) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    """Style dimensions that follow from facets, each with as many people at every level."""
    draw = np.random.default_rng([seed, 1])
    at = {name: place for place, name in enumerate(facets())}
    found = {}
    for name, weights in _STYLE.items():
        latent = draw.normal(0, OWN, len(design.levels))
        for facet, weight in weights.items():
            latent = latent + weight * design.levels[:, at[facet]]
        found[name] = rank_levels(latent)
    return found


def _countries(design: PopulationDesign, seed: int) -> list[str]:
    """A country for each person: all that fit a language level in turn, in an order drawn by seed."""
    chance, turns = rng(seed, "countries"), {}
    for first in (True, False):
        codes = [code for code, country in world().items() if country.first == first]
        chance.shuffle(codes)
        turns[first] = codes
    found, next_of = [], {True: 0, False: 0}
    for level in design.characteristics["language_level"]:
        first = level == "first"
        found.append(turns[first][next_of[first] % len(turns[first])])
        next_of[first] += 1
    return found


class _Person:
    """One person in the making."""

    def __init__(self, index: int, design: PopulationDesign, style: Mapping[str, int], country: str, chance: Random) -> None:
        self._of = {name: values[index] for name, values in design.characteristics.items()}
        self._levels = {name: int(level) for name, level in zip(facets(), design.levels[index], strict=True)}
        self._code, self._country = country, world()[country]
        self._chance = chance
        self._age = chance.randint(*band_of(self._of["age"]))
        self._style = self._whole_style(style)
        self._tags: list[str] = []

    def describe(self, taken: Iterable[str]) -> dict[str, Any]:
        """The persona as a file has it, but for what follows from it; its id is none of `taken`."""
        facts = self._facts()
        name, id = self._named(set(taken))
        return {
            "id": id,
            "name": name,
            "age": self._age,
            "type": {"sociability": self._of["type"], "stability": self._of["stability"]},
            "language": f"en-{self._code}",
            "hemisphere": self._country.hemisphere,
            "gender": self._of["gender"],
            "tags": self._tags,
            "background": self._background(name),
            "facts": facts,
            "traits": [{"facet": facet, "level": level, "text": facet_sentence(facet, level)} for facet, level in self._levels.items()],
            "style": {name: {"level": level, "text": MANNERS[name][level - 1]} for name, level in self._style.items()},
            "preferences": self._wants(),
            "voice": self._voice(),
        }

    # --- how they write and what they want ------------------------------------------------------------------------

    def _whole_style(self, drawn: Mapping[str, int]) -> dict[str, int]:
        style = {**drawn, "formality": self._in_band(self._of["register"]), "expertise": self._in_band(self._of["expertise"])}
        if self._of["type"] == "hostile":
            style["patience"] = min(style["patience"], 2)
        if self._of["language_level"] == "learner":
            style |= {name: min(style[name], 3) for name in ("verbosity", "references")}
        return {name: style[name] for name in MANNERS}

    def _in_band(self, value: str) -> int:
        return self._chance.choice(_BANDS[value])

    def _wants(self) -> dict[str, int]:
        style, levels = self._style, self._levels
        moved = (levels["anxiety"] + levels["depression"] + levels["vulnerability"]) / 3
        return {
            "emotional_adaptation": round(0.6 * style["emotional_expressiveness"] + 0.4 * moved),
            "formality_matching": style["formality"],
            "knowledge_adaptation": style["expertise"],
            "length_fit": min(style["verbosity"], 2) if style["patience"] <= 2 else style["verbosity"],
            "reference_understanding": style["references"],
            "humor_fit": style["humour"],
            "callback": round((levels["friendliness"] + levels["trust"]) / 2),
        }

    def _voice(self) -> dict[str, Any]:
        lines: Mapping[str, Sequence[str]] = lives()["voice"][band(self._style["formality"])]
        some = {name: self._chance.sample(list(lines[name]), count) for name, count in (("hello", 3), ("bye", 3), ("carries_on", 4))}
        allusions = [{"says": self._country.says, "means": list(self._country.means)}] if self._style["references"] >= 2 else []
        jokes = self._chance.sample(list(lives()["jokes"]), max(0, self._style["humour"] - 1))
        return {**some, "jokes": jokes, "allusions": allusions, "storms_off": self._chance.choice(list(lines["storms_off"]))}

    # --- who they are ---------------------------------------------------------------------------------------------

    def _named(self, taken: set[str]) -> tuple[str, str]:
        """A name, and an id that nobody has."""
        for _ in range(200):
            first = self._chance.choice([n for n in self._first_names() if n not in self._known])
            name = f"{first} {self._chance.choice(list(self._country.family))}"
            if _id(name) not in taken:
                return name, _id(name)
        number = next(k for k in range(2, len(taken) + 3) if f"{_id(name)}-{k}" not in taken)
        return name, f"{_id(name)}-{number}"

    def _first_names(self) -> Sequence[str]:
        country: Country = self._country
        return {"woman": country.woman, "man": country.man, "nonbinary": country.any}[self._of["gender"]]

    def _background(self, name: str) -> str:
        pronoun = {"woman": "a woman", "man": "a man", "nonbinary": "neither a man nor a woman"}[self._of["gender"]]
        parts = [
            f"{name.split()[0]} is {pronoun} of {self._age} from {self._place} and {self._work['is']}.",
            lives()["language_level"][self._of["language_level"]],
        ]
        return " ".join([*parts, *([lives()["heavy"]] if "heavy-user" in self._tags else [])])

    def _facts(self) -> list[dict[str, Any]]:
        """A fact for each topic, in parts that fit age and country; none names anybody twice."""
        country, chance = self._country, self._chance
        self._place = chance.choice(list(country.place))
        self._work = self._fitting("work")
        family = self._fitting("family")
        relative = chance.choice(list(country.woman if family["sex"] == "woman" else country.man))
        friend = chance.choice([n for n in (*country.woman, *country.man) if n != relative])
        self._known = {relative, friend}
        put = {"place": self._place, "relative": relative, "friend": friend, "pet": chance.choice(list(lives()["pets"]))}
        put |= {"dish": chance.choice(list(country.dish)), "pastime": chance.choice(list(country.pastime))}
        chosen = {topic: chance.choice(list(lives()[topic])) for topic in _TOPICS if topic not in ("work", "family")}
        chosen |= {"work": self._work, "family": family}
        tags = [*self._work.get("tags", ()), *family.get("tags", ())]
        tags += ["second-language"] if self._of["language_level"] != "first" else []
        tags += ["learner"] if self._of["language_level"] == "learner" else []
        tags += ["teenager"] if self._age < 20 else []
        tags += ["heavy-user"] if self._age <= 30 and chance.random() < 2 / 3 else []
        self._tags = list(dict.fromkeys(tags))
        return [self._fact(topic, chosen[topic], put) for topic in _TOPICS]

    def _fitting(self, topic: str) -> dict[str, Any]:
        """A part for somebody of this age; children come to nobody who is still at school."""
        fitting = [p for p in lives()[topic] if p["from"] <= self._age <= p["to"]]
        found: dict[str, Any] = self._chance.choice(fitting)
        return found

    def _fact(self, topic: str, part: Mapping[str, Any], put: Mapping[str, str]) -> dict[str, Any]:
        fact: dict[str, Any] = {"id": topic, "topic": topic, "text": part["text"].format_map(put)}
        fact["answers"] = [_bare(answer.format_map(put)) for answer in part["answers"]]
        fact["question"] = part.get("question") or lives()["questions"][topic]
        fact["called"] = lives()["called"][topic]
        if "changes_to" in part:
            fact["changes_to"] = part["changes_to"]
        return fact


def _bare(answer: str) -> str:
    """A dish without its article, which a message need not repeat."""
    return re.sub(r"^an? ", "", answer)


def _id(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if not unicodedata.combining(c))).strip("-")
