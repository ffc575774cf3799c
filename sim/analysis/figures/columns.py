"""A run's ratings by one rater as columns, taken out of the trials in one pass: what everything that reads 100,000 exchanges is computed from.

A rating is kept once, however often it was given (`sim.core.lean_fold` shares those that are alike), and every column is looked up from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.event import Absence, CountedEvidence, Quote, Score
from sim.core.text import count_words

if TYPE_CHECKING:
    from sim.core.event import Rating
    from sim.core.record import Exchange, Ratings, Trial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Truths = NDArray[np.bool_]

LENGTH = DIMENSIONS.index("length_fit")


@dataclass(frozen=True)
class RatingColumns:
    """E exchanges that the rater has rated, S sessions, T trials. Codes count from 0 and lead into the names; NaN: no score."""

    distinct: tuple[Rating | None, ...]
    """Every rating that was given, once; None: the dimension was not rated."""
    given: Ints
    """E × 7: the rating, as a row of `distinct`."""
    orders: tuple[tuple[str, ...], ...]
    """The orders in which dimensions were asked."""
    order: Ints
    """E: the one that was asked in, as a row of `orders`."""
    words: Floats
    """E: of the reply."""
    session: Ints
    """E: row in `criterion`."""
    trial: Ints
    """E."""
    exchange: Ints
    """E: within the session, from 1."""
    criterion: Floats
    """S × 2: the criterion questions."""
    session_trial: Ints
    """S."""
    session_index: Ints
    """S: within the trial, from 1."""
    target: Ints
    """T."""
    persona: Ints
    """T."""
    scenario: Ints
    """T."""
    trials: tuple[str, ...]
    """T: ids."""
    targets: tuple[str, ...]
    personas: tuple[str, ...]
    scenarios: tuple[str, ...]

    @cached_property
    def scores(self) -> Floats:
        """E × 7."""
        return np.array([r.score if isinstance(r, Score) else np.nan for r in self.distinct], dtype=float)[self.given]

    @cached_property
    def occasion(self) -> Truths:
        """E × 7: scored, and the user gave occasion."""
        return np.array([isinstance(r, Score) and r.occasion for r in self.distinct], dtype=bool)[self.given]

    @cached_property
    def answered(self) -> Floats:
        """E × 7: the scores that had an occasion, which every mean of ratings is taken over: a surprise is the target's own choice."""
        return np.where(self.occasion, self.scores, np.nan)

    @cached_property
    def not_found(self) -> Truths:
        """E × 7: the words that the rater quotes stand nowhere."""
        quoted = (r.evidence if isinstance(r, Score) else None for r in self.distinct)
        return np.array([isinstance(e, Quote | Absence) and not e.found for e in quoted], dtype=bool)[self.given]

    @cached_property
    def asked(self) -> Ints:
        """E × 7: the place, from 1, at which the dimension was asked; 0 where it was not."""
        places = [[1 + asked.index(d) if d in asked else 0 for d in DIMENSIONS] for asked in self.orders]
        return np.array(places, dtype=np.int64).reshape(-1, len(DIMENSIONS))[self.order]

    def session_means(self) -> Floats:
        """S × 7: the mean over the exchanges that had an occasion and were scored; NaN where there is none."""
        return means_by(self.answered, self.session, len(self.session_trial))

    def trial_means(self, over: slice = slice(None)) -> Floats:
        """T × dimensions: exchanges → session → trial, each the unweighted mean of the level below; NaN where nothing was scored."""
        return means_by(self.session_means()[:, over], self.session_trial, len(self.trials))

    def tallies(self, target: str) -> list[list[tuple[Rating, int]]]:
        """By dimension: each rating that `target` was given, and how often."""
        rows = self.target[self.trial] == self.targets.index(target) if target in self.targets else np.zeros(len(self.trial), dtype=bool)
        counts = [np.bincount(column, minlength=len(self.distinct)) for column in self.given[rows].T]
        return [[(r, int(count[i])) for i in np.flatnonzero(count) if (r := self.distinct[i]) is not None] for count in counts]


def extract_columns(trials: Iterable[Trial], rater: str) -> RatingColumns:
    """The columns of `rater`, over all exchanges that it has rated."""
    given: list[Rating | None] = []
    orders: dict[tuple[str, ...], int] = {}
    order: list[int] = []
    rated: list[Exchange] = []
    session_of: list[int] = []
    trial_of: list[int] = []
    criterion: list[list[float]] = []
    session_trial: list[int] = []
    session_index: list[int] = []
    ids: list[str] = []
    codes: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
    places: list[tuple[int, int, int]] = []
    for t, trial in enumerate(trials):
        names = (trial.target, trial.cast.persona.id, trial.cast.scenario.id)
        target, persona, scenario = (known.setdefault(name, len(known)) for known, name in zip(codes, names, strict=True))
        places.append((target, persona, scenario))
        ids.append(trial.id)
        for session in trial.sessions:
            looked_back = session.criterion.get(rater, {})
            criterion.append([_score(looked_back, c) for c in CRITERIA])
            session_trial.append(t)
            session_index.append(session.index)
            for exchange in session.exchanges:
                ratings = exchange.ratings.get(rater)
                if ratings is not None:
                    given += map(ratings.get, DIMENSIONS)
                    order.append(orders.setdefault(tuple(ratings), len(orders)))
                    rated.append(exchange)
                    session_of.append(len(session_trial) - 1)
                    trial_of.append(t)
    # Ratings that are one object are told apart from others by it: comparing them field by field would take longest of all.
    _, first, each = np.unique(np.fromiter(map(id, given), dtype=np.int64, count=len(given)), return_index=True, return_inverse=True)
    placed = np.array(places, dtype=np.int64).reshape(-1, 3)
    distinct = tuple(given[i] for i in first)
    by_rating = np.asarray(each, dtype=np.int64).reshape(-1, len(DIMENSIONS))
    return RatingColumns(
        distinct=distinct,
        given=by_rating,
        orders=tuple(orders),
        order=np.array(order, dtype=np.int64),
        words=_words(rated, distinct, by_rating[:, LENGTH]),
        session=np.array(session_of, dtype=np.int64),
        trial=np.array(trial_of, dtype=np.int64),
        exchange=np.array([e.index for e in rated], dtype=np.int64),
        criterion=np.array(criterion, dtype=float).reshape(-1, len(CRITERIA)),
        session_trial=np.array(session_trial, dtype=np.int64),
        session_index=np.array(session_index, dtype=np.int64),
        target=placed[:, 0],
        persona=placed[:, 1],
        scenario=placed[:, 2],
        trials=tuple(ids),
        targets=tuple(codes[0]),
        personas=tuple(codes[1]),
        scenarios=tuple(codes[2]),
    )


def _score(ratings: Ratings, item: str) -> float:
    rating = ratings.get(item)
    return float(rating.score) if isinstance(rating, Score) else np.nan


def _words(exchanges: list[Exchange], distinct: tuple[Rating | None, ...], of_length: Ints) -> Floats:
    """The engine's own count where the rating of length carries it, for counting again takes longest of all."""
    counted = [float(r.evidence.reply_words) if isinstance(r, Score) and isinstance(r.evidence, CountedEvidence) else np.nan for r in distinct]
    words: Floats = np.array(counted, dtype=float)[of_length]
    for i in np.flatnonzero(np.isnan(words)):
        reply = exchanges[i].reply
        words[i] = count_words(reply.text) if reply else 0
    return words


def means_by(values: Floats, group: Ints, groups: int) -> Floats:
    """groups × columns: the mean of `values` (rows × columns) by group, NaN left out; NaN where a group has nothing."""
    given = ~np.isnan(values)
    n = np.stack([np.bincount(group, weights=column, minlength=groups) for column in given.T], axis=1)
    filled = np.where(given, values, 0.0)
    sums = np.stack([np.bincount(group, weights=column, minlength=groups) for column in filled.T], axis=1)
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(n > 0, sums / np.maximum(n, 1), np.nan)
    return means


def less_own_mean(values: Floats, group: Ints, groups: int) -> Floats:
    """`values` (one column, no NaN) less the mean of their group."""
    n = np.bincount(group, minlength=groups)
    return np.asarray(values - (np.bincount(group, weights=values, minlength=groups) / np.maximum(n, 1))[group])


def mean_over(values: Floats) -> Floats:
    """The mean of each row, NaN left out; NaN where a row has nothing."""
    given = ~np.isnan(values)
    n = given.sum(axis=1)
    return np.where(n > 0, np.where(given, values, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)
