"""Does the simulated user write like people do? Figures of one set of talks beside those of another, or beside published figures of people.

A set of talks is counted message by message (`sim.score.text.manner`), summed by person, and every figure is a ratio of those sums, or read from the
pooled lengths. Persons, not messages, are drawn and exchanged: an interval is a bootstrap over persons, a test a permutation of persons between the
two sets, and p is adjusted by Holm over the figures. The effect size is Cliff's delta (1993) over persons' own figures: how much more often a person
of the first set has the higher one. What is too nice, too long, too even or too cooperative is said in a sentence for each figure that differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
import yaml

from sim.analysis.figures.estimates import EQUAL, clip, equal_interval, holm
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.score.text.manner import FIGURES, Counted, PlacedMessage, count, count_vocabulary, place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LENGTH, SPREAD = "length", "spread"
ALL: Final = (LENGTH, SPREAD, *FIGURES)
LONGEST = 300
"""Words beyond which a message counts as this long."""
FEWEST = 5
"""Persons of a set below which it is not drawn from, and nothing is tested."""
DRAWS = 1_999
"""Draws and permutations; seeded, so that the same talks have the same figures."""
SHARES: Final = frozenset(ALL) - {LENGTH, SPREAD, "slips", "sentiment"}
"""Figures that lie in 0 to 1."""

SAYINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    LENGTH: ("words a message (median)", "too long", "too short"),
    SPREAD: ("spread of length (CV)", "too uneven", "too even"),
    "questions": ("messages that ask", "asks too much", "asks too little"),
    "greets_again": ("later messages that greet again", "greets again", "never greets again"),
    "thanks": ("messages that thank", "too nice", "too curt"),
    "politeness": ("messages with please and the like", "too nice", "too curt"),
    "agrees": ("later messages that agree or praise", "too cooperative", "too contrary"),
    "lower_case_start": ("messages that begin in lower case", "too careless", "too tidy"),
    "no_full_stop": ("messages without a mark at their end", "too careless", "too tidy"),
    "em_dash": ("messages with a dash between words", "too literary", "too plain"),
    "exclamation": ("messages with an exclamation mark", "too lively", "too flat"),
    "slips": ("typing slips per 100 words", "too careless", "too tidy"),
    "topic_change": ("later messages on something else", "too erratic", "too cooperative"),
    "tells": ("messages that tell of oneself", "too open", "too closed"),
    "volunteered": ("of these, told without being asked", "too open", "too closed"),
    "sentiment": ("sentiment (−1 to 1)", "too cheerful", "too gloomy"),
    "vocabulary": ("different words in 50", "too rich in words", "too poor in words"),
}
"""Of each figure: what it is, and what a user is whose figure is higher, or lower, than people's."""


class RealismFigure(Frozen):
    """One figure of the user, beside that of people."""

    id: str
    name: str
    value: float | None
    """None: nothing concerned it."""
    interval: tuple[float, float] | None
    """95 %, over persons; None below `FEWEST` of them."""
    people: tuple[float, float] | None
    """What it is held against: a range, or twice the same value; None: unknown."""
    effect: float | None = None
    """Cliff's delta over persons, −1 to 1; None against published figures, which have no persons."""
    p: float | None = None
    """Of a permutation of persons, adjusted by Holm over the figures; None against published figures."""
    verdict: str = ""
    """What the user is, in two or three words; empty: no difference is shown."""


class RealismDocument(Shown):
    """`sim realism --json`."""

    of: str
    against: str
    source: str
    """Where the figures of `against` come from."""
    persons: int
    sessions: int
    messages: int
    against_messages: int | None
    """None against published figures."""
    figures: tuple[RealismFigure, ...]


class Published(Frozen):
    """Published figures of one kind of message."""

    name: str
    source: str
    figures: Mapping[str, float | tuple[float, float]]


@dataclass
class Talks:
    """One set of talks, summed by person."""

    name: str
    sessions: int = 0
    messages: int = 0
    _counted: dict[str, list[Counted]] = field(default_factory=lambda: defaultdict(list))
    _vocabulary: dict[str, tuple[float, float]] = field(default_factory=lambda: defaultdict(lambda: (0.0, 0.0)))

    def add(self, person: str, talk: Iterable[tuple[str, str]]) -> None:
        """One session of `person`, (message, reply) by (message, reply)."""
        messages: list[PlacedMessage] = list(place(talk))
        if not messages:
            return
        self.sessions += 1
        self.messages += len(messages)
        self._counted[person] += map(count, messages)
        total, windows = self._vocabulary[person]
        more, further = count_vocabulary(messages)
        self._vocabulary[person] = total + more, windows + further

    @property
    def persons(self) -> int:
        """Those who wrote anything."""
        return len(self._counted)

    def columns(self) -> _Columns:
        """As arrays, a row a person."""
        sums = np.array([np.sum([c.sums for c in of], axis=0) for of in self._counted.values()])
        over = np.array([np.sum([c.over for c in of], axis=0) for of in self._counted.values()])
        last = FIGURES.index("vocabulary")
        sums[:, last], over[:, last] = np.array(list(self._vocabulary.values())).T
        lengths = np.array([np.bincount([min(c.words, LONGEST) for c in of], minlength=LONGEST + 1) for of in self._counted.values()], dtype=float)
        return _Columns(sums, over, lengths)


@dataclass(frozen=True)
class _Columns:
    """Sums of persons."""

    sums: Floats
    over: Floats
    lengths: Floats
    """How many messages of each length."""

    def figures(self, weights: Floats) -> Floats:
        """Every figure for each row of `weights`, which says how often each person counts; NaN where nothing concerns it."""
        found = []
        longest = int(np.flatnonzero(self.lengths.sum(axis=0))[-1])  # Most messages are far shorter than what is counted up to.
        counts, at = self.lengths[:, : longest + 1], np.arange(longest + 1.0)
        for some in np.array_split(weights, max(1, len(weights) // 200)):
            lengths = some @ counts
            n = lengths.sum(axis=1)
            median = np.argmax(np.cumsum(lengths, axis=1) >= n[:, None] / 2, axis=1).astype(float)
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = lengths @ at / n
                spread = np.sqrt(np.maximum(lengths @ at**2 / n - mean**2, 0)) / mean
                shares = (some @ self.sums) / (some @ self.over)
            found.append(np.column_stack([median, spread, shares]))
        return np.concatenate(found)

    def own(self) -> Floats:
        """Every figure of each person."""
        return self.figures(np.eye(len(self.sums)))

    def beside(self, other: _Columns) -> _Columns:
        """Both sets' persons."""
        return _Columns(*(np.concatenate(pair) for pair in ((self.sums, other.sums), (self.over, other.over), (self.lengths, other.lengths))))


def hold_against_people(talks: Talks, reference: str) -> RealismDocument:
    """`talks` beside published figures; what differs is what the whole interval differs in."""
    known = references()[reference]
    values, intervals = _measured(talks)
    figures = []
    for i, name in enumerate(ALL):
        people = _range(known.figures.get(name))
        interval = intervals[i]
        verdict = ""
        if people is not None and interval is not None:
            verdict = SAYINGS[name][1] if interval[0] > people[1] else SAYINGS[name][2] if interval[1] < people[0] else ""
        figures.append(RealismFigure(id=name, name=SAYINGS[name][0], value=_known(values[i]), interval=interval, people=people, verdict=verdict))
    return _document(talks, known.name, known.source, None, figures)


def hold_against_talks(talks: Talks, others: Talks) -> RealismDocument:
    """`talks` beside other talks: a permutation test and an effect size for each figure."""
    values, intervals = _measured(talks)
    mine, other = talks.columns(), others.columns()
    theirs = other.figures(np.ones((1, others.persons)))[0]
    p = holm(_permuted(mine, other) if min(talks.persons, others.persons) >= FEWEST else [None] * len(ALL))
    deltas = [cliffs_delta(a, b) for a, b in zip(mine.own().T, other.own().T, strict=True)]
    figures = []
    for i, name in enumerate(ALL):
        verdict, adjusted = "", p[i]
        if adjusted is not None and adjusted < 0.05:
            verdict = SAYINGS[name][1 if values[i] > theirs[i] else 2]
        people = _range(_known(theirs[i]))
        figures.append(
            RealismFigure(
                id=name,
                name=SAYINGS[name][0],
                value=_known(values[i]),
                interval=intervals[i],
                people=people,
                effect=deltas[i],
                p=adjusted,
                verdict=verdict,
            )
        )
    return _document(talks, others.name, f"{others.persons} persons, {others.sessions} sessions", others.messages, figures)


@cache
def references() -> Mapping[str, Published]:
    """The published figures, by id."""
    text = (files("sim.analysis.trust") / "realism.yaml").read_text(encoding="utf-8")
    return {id: Published.model_validate(of) for id, of in yaml.safe_load(text).items()}


def cliffs_delta(first: Floats, second: Floats) -> float | None:
    """How much more often a value of `first` is above one of `second` than below it; None where either has none."""
    a, b = first[~np.isnan(first)], np.sort(second[~np.isnan(second)])
    if not len(a) or not len(b):
        return None
    above, below = np.searchsorted(b, a, "left").sum(), (len(b) - np.searchsorted(b, a, "right")).sum()
    return float(above - below) / (len(a) * len(b))


def _measured(talks: Talks) -> tuple[Floats, list[tuple[float, float] | None]]:
    columns, k = talks.columns(), talks.persons
    values: Floats = columns.figures(np.ones((1, k)))[0]
    if k < FEWEST:
        return values, [None] * len(ALL)
    drawn = columns.figures(np.random.default_rng(0).multinomial(k, [1 / k] * k, size=DRAWS).astype(float))
    return values, [_interval(name, values[i], drawn[:, i], k) for i, name in enumerate(ALL)]


def _interval(name: str, value: float, drawn: Floats, persons: int) -> tuple[float, float] | None:
    """The middle 95 % of what was drawn; where all draws are alike, how many persons may be otherwise."""
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or len(known) < DRAWS / 2:
        return None
    low, high = (float(q) for q in np.quantile(known, [0.025, 0.975]))
    if high - low > EQUAL:
        return min(low, value), max(high, value)
    return clip(equal_interval(value, persons, (0.0, 1.0)), value, (0.0, 1.0)) if name in SHARES else None


def _permuted(mine: _Columns, other: _Columns) -> list[float | None]:
    both, k, total = mine.beside(other), len(mine.sums), len(mine.sums) + len(other.sums)
    rng = np.random.default_rng(0)
    first = np.zeros((DRAWS + 1, total))
    first[0, :k] = 1
    first[1:] = rng.permuted(np.tile(first[0], (DRAWS, 1)), axis=1)
    differences = np.abs(both.figures(first) - both.figures(1 - first))
    seen = differences[0]
    with np.errstate(invalid="ignore"):
        reached = (differences >= seen - 1e-12).sum(axis=0)
    known = (~np.isnan(differences)).sum(axis=0)
    return [None if np.isnan(seen[i]) else float(reached[i] / known[i]) for i in range(len(ALL))]


def _document(talks: Talks, against: str, source: str, messages: int | None, figures: Sequence[RealismFigure]) -> RealismDocument:
    return RealismDocument(
        of=talks.name,
        against=against,
        source=source,
        persons=talks.persons,
        sessions=talks.sessions,
        messages=talks.messages,
        against_messages=messages,
        figures=tuple(figures),
    )


def _range(value: float | tuple[float, float] | None) -> tuple[float, float] | None:
    if value is None:
        return None
    return value if isinstance(value, tuple) else (value, value)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
