"""The measures that targets are compared by, one line each: adding a measure is adding a line to `MEASURES`.

A measure is the unweighted mean of its parts. A part is a plain function from trials to values by trial and session (session 0: the trial as a
whole); seeds, sessions, scenarios and personas are averaged elsewhere, the same way for all. A session or trial without a value is simply not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from sim.analysis.adaptability import session_slope
from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS, LABELS, Criterion, Dimension
from sim.core.event import Grade, Outcome, Score, Tags
from sim.core.text import count_words

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.record import Session, Spent, Trial

Values = dict[str, dict[int, float]]
"""By trial id and session."""
Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Lens:
    """Through whose eyes trials are looked at."""

    rater: str
    """The primary rater."""
    tagger: str = ""
    codebook: Codebook | None = None
    """None: nobody looks at moves."""


Part = Callable[["Gallery"], Values]


@dataclass(frozen=True)
class Measure:
    """One figure of a target."""

    id: str
    label: str
    better: Better
    parts: tuple[Part, ...]
    common: tuple[Part, ...] = ()
    """What pairs are compared by, where that differs: ratings on occasions alone, since a surprise is the target's choice. Empty: `parts`."""
    digits: int = 2
    proportion: bool = False
    """A share of things that are or are not so, whose interval is a proportion's."""

    @property
    def compared(self) -> tuple[Part, ...]:
        """The parts that paired comparisons go by."""
        return self.common or self.parts


@dataclass
class Gallery:
    """Values of some trials, each part computed once, and each trial walked through once for all that is made of its ratings or its moves."""

    trials: Sequence[Trial]
    lens: Lens
    _known: dict[Part, Values] = field(default_factory=dict)

    def values(self, part: Part) -> Values:
        """The values of `part`."""
        if part not in self._known:
            self._known[part] = part(self)
        return self._known[part]

    @cached_property
    def rated(self) -> dict[tuple[str, bool], Values]:
        """The rater's mean by session, for each dimension: over all its scores, and (True) over those that had an occasion."""
        found: dict[tuple[str, bool], Values] = {(d, only): {} for d in DIMENSIONS for only in (False, True)}
        for trial in self.trials:
            for session in trial.sessions:
                for (dimension, only), (total, n) in _sums(session, self.lens.rater).items():
                    found[dimension, only].setdefault(trial.id, {})[session.index] = total / n
        return found

    @cached_property
    def sets(self) -> dict[tuple[str, int], list[int | None]]:
        """By trial and session: the counted moves of each answered exchange, a bit a move; None where it has no tags."""
        bit = {m.id: 1 << i for i, m in enumerate(self.lens.codebook.moves)} if self.lens.codebook else {}
        tagger = self.lens.tagger
        bits: dict[int, int | None] = {}
        found = {}
        for trial in self.trials:
            for session in trial.sessions:
                here: list[int | None] = []
                for exchange in session.exchanges:
                    if exchange.reply is not None:
                        tags = exchange.tags.get(tagger)
                        # Alike tags are one object in a run that was read without its words.
                        if id(tags) not in bits:
                            bits[id(tags)] = sum(bit.get(m, 0) for m in tags.moves) if isinstance(tags, Tags) else None
                        here.append(bits[id(tags)])
                found[trial.id, session.index] = here
        return found


# --- ratings ------------------------------------------------------------------------------------------------------


def _sums(session: Session, rater: str) -> dict[tuple[str, bool], tuple[int, int]]:
    """Sum and number of scores, by dimension and whether only those with an occasion."""
    found: dict[tuple[str, bool], tuple[int, int]] = {}
    for exchange in session.exchanges:
        for dimension, rating in exchange.ratings.get(rater, {}).items():
            if isinstance(rating, Score):
                for only in (False, True) if rating.occasion else (False,):
                    total, n = found.get((dimension, only), (0, 0))
                    found[dimension, only] = total + rating.score, n + 1
    return found


def _rated(dimension: Dimension, on_occasion: bool, gallery: Gallery) -> Values:
    return gallery.rated[dimension, on_occasion]


def _each(of: Callable[[Session, Lens], float | None], gallery: Gallery) -> Values:
    """A function of one session, over all sessions."""
    found: Values = {}
    for trial in gallery.trials:
        sessions = {s.index: value for s in trial.sessions if (value := of(s, gallery.lens)) is not None}
        if sessions:
            found[trial.id] = sessions
    return found


def _whole(of: Callable[[Trial, Lens], float | None], gallery: Gallery) -> Values:
    """A function of one trial, over all trials."""
    return {trial.id: {0: value} for trial in gallery.trials if (value := of(trial, gallery.lens)) is not None}


def _moved(of: Callable[[Sequence[int | None]], float | None], gallery: Gallery) -> Values:
    """A function of the move sets of one session, over all sessions."""
    found: Values = {}
    for (trial, session), sets in gallery.sets.items():
        value = of(sets)
        if value is not None:
            found.setdefault(trial, {})[session] = value
    return found


def _looked_back(question: Criterion, session: Session, lens: Lens) -> float | None:
    rating = session.criterion.get(lens.rater, {}).get(question)
    return float(rating.score) if isinstance(rating, Score) else None


# --- moves --------------------------------------------------------------------------------------------------------


def _jaccard(sets: Sequence[int | None]) -> float | None:
    pairs = [(a, b) for a, b in pairwise(sets) if a is not None and b is not None and a | b]
    return fmean((a & b).bit_count() / (a | b).bit_count() for a, b in pairs) if pairs else None


def _carry_over(sets: Sequence[int | None]) -> float | None:
    """Jaccard less its mean over all orders of the session's replies; None below three tagged replies."""
    times = Counter(s for s in sets if s is not None)
    observed = _jaccard(sets)
    if observed is None or times.total() <= 2:
        return None
    total = counted = 0.0
    for a, n in times.items():
        for b, m in times.items():
            pairs = n * (m - (a == b))
            if a | b and pairs:
                total += pairs * (a & b).bit_count() / (a | b).bit_count()
                counted += pairs
    return observed - total / counted


def _repertoire(gallery: Gallery) -> Values:
    """How alike a session's replies are to those that other personas got at the same place: mean Jaccard."""
    import numpy as np

    from sim.score.repetition import overlaps

    trials, codebook = gallery.trials, gallery.lens.codebook
    rows = [(t, s.index, e, bits) for t in trials for s in t.sessions for e, bits in enumerate(gallery.sets[t.id, s.index]) if bits is not None]
    if not rows or codebook is None:
        return {}
    persons, places = {t.cast.persona.id: i for i, t in enumerate(trials)}, {(s, e): i for i, (_, s, e, _) in enumerate(rows)}
    sets = np.array([bits for *_, bits in rows], dtype=np.uint16 if len(codebook.moves) <= 16 else np.uint64)
    place = np.array([places[s, e] for _, s, e, _ in rows], dtype=np.int64)
    own = place * len(trials) + np.array([persons[t.cast.persona.id] for t, *_ in rows], dtype=np.int64)
    (all_over, all_counted), (own_over, own_counted) = overlaps(place, sets, place, sets), overlaps(own, sets, own, sets)
    over, counted = all_over - own_over, all_counted - own_counted
    gathered: dict[tuple[str, int], list[float]] = {}
    for (trial, session, *_), total, n in zip(rows, over.tolist(), counted.tolist(), strict=True):
        if n > 0.5:
            gathered.setdefault((trial.id, session), []).append(total / n)
    found: Values = {}
    for (trial_id, session), alike in gathered.items():
        found.setdefault(trial_id, {})[session] = fmean(alike)
    return found


def _words(session: Session, _: Lens) -> float | None:
    counts = [count_words(e.reply.text) for e in session.exchanges if e.reply is not None]
    return fmean(counts) if counts else None


# --- memory -------------------------------------------------------------------------------------------------------


def _probes(trial: Trial, session: Session, told: bool) -> list[str]:
    """Outcomes of the probes on core facts, or of those on what was never told."""
    core = {t.fact.id for s in trial.cast.sessions for t in s.core}
    graded = [(p, p.grade) for p in session.probes.values() if p.probe != "control"]
    right_ones = [(p, g) for p, g in graded if (p.probe != "abstention" and p.fact in core if told else p.probe == "abstention")]
    return [g.outcome for _, g in right_ones if isinstance(g, Grade)]


def _share(told: bool, good: tuple[Outcome, ...], gallery: Gallery) -> Values:
    """The share of outcomes that are among `good`, by session."""
    found: Values = {}
    for trial in gallery.trials:
        outcomes = {s.index: _probes(trial, s, told) for s in trial.sessions if s.probes}
        shares = {i: sum(o in good for o in of) / len(of) for i, of in outcomes.items() if of}
        if shares:
            found[trial.id] = shares
    return found


# --- what it takes ------------------------------------------------------------------------------------------------


def _slope(trial: Trial, lens: Lens) -> float | None:
    return session_slope(trial, lens.rater)


def _own(trial: Trial) -> list[Spent]:
    """What the target itself has used, its memory included."""
    return [spent for role, spent in trial.spent.items() if role in ("target", "memory")]


def _cost(trial: Trial, _: Lens) -> float | None:
    """None as soon as the cost of one call is unknown: a sum over the known ones would compare price lists."""
    spent, replies = _own(trial), len(trial.exchanges)
    return None if not replies or not spent or any(s.unknown_cost for s in spent) else sum(s.cost for s in spent) / replies


def _tokens(trial: Trial, _: Lens) -> float | None:
    spent, replies = _own(trial), len(trial.exchanges)
    return None if not replies or not spent or any(s.unknown_usage for s in spent) else sum(s.input + s.output for s in spent) / replies


def _latency(session: Session, _: Lens) -> float | None:
    seconds = [e.reply.seconds for e in session.exchanges if e.reply is not None and e.reply.seconds is not None]
    return fmean(seconds) if seconds else None


# --- the table ----------------------------------------------------------------------------------------------------

SCORED: dict[Dimension, Part] = {d: partial(_rated, d, False) for d in DIMENSIONS}
"""Each dimension over all its scores."""
ON_OCCASION: dict[Dimension, Part] = {d: partial(_rated, d, True) for d in DIMENSIONS}
"""Each dimension over the scores that the user's message gave occasion for."""
LOOKED_BACK: dict[Criterion, Part] = {c: partial(_each, partial(_looked_back, c)) for c in CRITERIA}

REMEMBERED: Part = partial(_share, True, ("right",))
"""Told core facts: "I don't know" is wrong there."""
ANSWERS: Part = partial(_share, True, ("right", "stale", "wrong"))
"""Told core facts on which it does not claim to know nothing: 1 − false abstention."""
ABSTAINS: Part = partial(_share, False, ("unknown",))
"""What was never told, and it says so."""

PRIMARY = "likability"
"""The measure that a comparison is about; the others stand beside it."""


def _rating(id: str, label: str, over: Sequence[Dimension]) -> Measure:
    return Measure(id, label, "higher", tuple(SCORED[d] for d in over), tuple(ON_OCCASION[d] for d in over))


MEASURES: tuple[Measure, ...] = (
    _rating(PRIMARY, "likability", DIMENSIONS),
    _rating("fixed_set", "fixed set", ALWAYS),
    _rating("without_callback", "likability without callback", DIMENSIONS[:-1]),
    *(_rating(d, LABELS[d], (d,)) for d in DIMENSIONS),
    Measure("criterion", "criterion", "higher", tuple(LOOKED_BACK.values())),
    *(Measure(c, LABELS[c], "higher", (LOOKED_BACK[c],)) for c in CRITERIA),
    Measure("memory", "memory accuracy", "higher", (REMEMBERED,), proportion=True),
    Measure("abstention.accuracy", "abstention", "higher", (ABSTAINS,), proportion=True),
    Measure("abstention.balanced_accuracy", "abstention, balanced", "higher", (ANSWERS, ABSTAINS), proportion=True),
    Measure("adaptability", "slope a session", "higher", (partial(_whole, _slope),)),
    Measure("jaccard", "repetition: Jaccard", "lower", (partial(_moved, _jaccard),)),
    Measure("repertoire", "repetition: repertoire", "lower", (_repertoire,)),
    Measure("carry_over", "repetition: carry-over", "lower", (partial(_moved, _carry_over),)),
    Measure("words", "words a reply", "neither", (partial(_each, _words),), digits=1),
    Measure("cost", "cost of a reply, $", "lower", (partial(_whole, _cost),), digits=6),
    Measure("tokens", "tokens a reply", "lower", (partial(_whole, _tokens),), digits=0),
    Measure("latency", "seconds a reply", "lower", (partial(_each, _latency),), digits=3),
)
BY_ID: Mapping[str, Measure] = {m.id: m for m in MEASURES}
