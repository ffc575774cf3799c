"""A run's ratings by one rater as columns, taken out of the trials in one pass: what everything that reads 100,000 exchanges is computed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.event import Absence, Measure, Quote, Score
from sim.core.text import count_words

if TYPE_CHECKING:
    from sim.core.record import Exchange, Ratings, Trial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """E exchanges that the rater has rated, S sessions, T trials. Codes count from 0 and lead into the names; NaN: no score."""

    scores: Floats
    """E × 7."""
    occasion: NDArray[np.bool_]
    """E × 7: scored, and the user gave occasion."""
    not_found: NDArray[np.bool_]
    """E × 7: the words that the rater quotes stand nowhere."""
    asked: Ints
    """E × 7: the place, from 1, at which the dimension was asked; 0 where it was not."""
    words: Floats
    """E: of the reply."""
    session: Ints
    """E: row in `criterion`."""
    trial: Ints
    """E."""
    criterion: Floats
    """S × 2: the criterion questions."""
    session_trial: Ints
    """S."""
    target: Ints
    """T."""
    persona: Ints
    """T."""
    scenario: Ints
    """T."""
    targets: tuple[str, ...]
    personas: tuple[str, ...]
    scenarios: tuple[str, ...]

    def trial_means(self, over: slice = slice(None)) -> Floats:
        """T × dimensions: exchanges → session → trial, each the unweighted mean of the level below; NaN where nothing was scored."""
        sessions = means_by(self.scores[:, over], self.session, len(self.session_trial))
        return means_by(sessions, self.session_trial, len(self.target))


def extract_columns(trials: Iterable[Trial], rater: str) -> Columns:
    """The columns of `rater`, over all exchanges that it has rated."""
    scores: list[list[float]] = []
    occasion: list[list[bool]] = []
    not_found: list[list[bool]] = []
    asked: list[list[int]] = []
    words: list[int] = []
    session_of: list[int] = []
    trial_of: list[int] = []
    criterion: list[list[float]] = []
    session_trial: list[int] = []
    codes: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
    places: list[tuple[int, int, int]] = []
    for t, trial in enumerate(trials):
        names = (trial.target, trial.cast.persona.id, trial.cast.scenario.id)
        target, persona, scenario = (known.setdefault(name, len(known)) for known, name in zip(codes, names, strict=True))
        places.append((target, persona, scenario))
        for session in trial.sessions:
            looked_back = session.criterion.get(rater, {})
            criterion.append([_score(looked_back, c) for c in CRITERIA])
            session_trial.append(t)
            for exchange in session.exchanges:
                ratings = exchange.ratings.get(rater)
                if ratings is None:
                    continue
                each = [ratings.get(d) for d in DIMENSIONS]
                scored = [r if isinstance(r, Score) else None for r in each]
                scores.append([np.nan if s is None else s.score for s in scored])
                occasion.append([s is not None and s.occasion for s in scored])
                not_found.append([s is not None and isinstance(s.evidence, Quote | Absence) and not s.evidence.found for s in scored])
                order = {d: i for i, d in enumerate(ratings, 1)}
                asked.append([order.get(d, 0) for d in DIMENSIONS])
                words.append(_words(exchange, ratings))
                session_of.append(len(session_trial) - 1)
                trial_of.append(t)
    wide = (-1, len(DIMENSIONS))
    placed = np.array(places, dtype=np.int64).reshape(-1, 3)
    return Columns(
        scores=np.array(scores, dtype=float).reshape(wide),
        occasion=np.array(occasion, dtype=bool).reshape(wide),
        not_found=np.array(not_found, dtype=bool).reshape(wide),
        asked=np.array(asked, dtype=np.int64).reshape(wide),
        words=np.array(words, dtype=float),
        session=np.array(session_of, dtype=np.int64),
        trial=np.array(trial_of, dtype=np.int64),
        criterion=np.array(criterion, dtype=float).reshape(-1, len(CRITERIA)),
        session_trial=np.array(session_trial, dtype=np.int64),
        target=placed[:, 0],
        persona=placed[:, 1],
        scenario=placed[:, 2],
        targets=tuple(codes[0]),
        personas=tuple(codes[1]),
        scenarios=tuple(codes[2]),
    )


def _score(ratings: Ratings, item: str) -> float:
    rating = ratings.get(item)
    return float(rating.score) if isinstance(rating, Score) else np.nan


def _words(exchange: Exchange, ratings: Ratings) -> int:
    """The engine's own count where the rating of length carries it, for counting again takes longest of all."""
    of_length = ratings.get("length_fit")
    if isinstance(of_length, Score) and isinstance(of_length.evidence, Measure):
        return of_length.evidence.reply_words
    return count_words(exchange.reply.text) if exchange.reply else 0


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
