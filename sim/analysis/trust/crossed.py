"""Does a difference between two targets hang on which model plays the user, and on which model rates? User models × rater models
(guide/methods.md#who-plays-whom).

Runs that differ in the user's model alone, each rated by the same models, are a crossed design: every *cell* is one user model with one rater model,
over the same targets, personas and scenarios. Within a cell two targets are compared as everywhere. Over the cells, the difference of a persona is

    overall + user + rater + user × rater + persona + persona × user + persona × rater + the rest

with all but the first drawn at random, and the variance of each by the analysis of variance over the personas that every cell has. An estimate is
unbiased, so it may come out negative, which says "about 0". Two models tell a spread with one degree of freedom: then the cells themselves, and
whether every one of them keeps the order of the targets, say more than the components.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from sim.analysis.figures.estimates import FEWEST_FOR_INTERVAL
from sim.analysis.figures.measures import BY_ID
from sim.analysis.verdicts.pairs import Paired, align, compare_sides
from sim.analysis.verdicts.registered import Unplanned, report_unplanned
from sim.analysis.verdicts.same_study import listed, what_differs
from sim.analysis.verdicts.versions import MOVES
from sim.core.address import code_of, observed_by
from sim.core.controls import control_parts
from sim.core.errors import InputError
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.verdicts.arms import Arm, RunSource

    Floats = NDArray[np.float64]

MEASURES = ("fixed_set", "likability")
"""What is looked at: the dimensions that always apply, and all of them."""
SWAPPED = ("user", "rater", *MOVES, "primary", "probes", "judge", "scorers")
"""In what the runs may differ: who is swapped, and what the measures that are looked at do not depend on."""

Effect = Literal["user", "rater", "user × rater", "persona", "persona × user", "persona × rater", "rest"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
Key = tuple[str, str]
"""The user's model and the rater's."""


class CellDifference(Paired):
    """How two targets differ in one cell."""

    user: str
    rater: str

    @property
    def clear(self) -> bool:
        """Whether its interval leaves 0 out."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


class Spread(Frozen):
    """What one effect does to the difference of two targets."""

    variance: float
    """In squared points; may be negative."""
    interval: tuple[float, float] | None
    """95 %, jackknife over personas: personas like these, with these models. None below three personas."""
    share: float | None
    """Of the sum of the variances, negative ones taken as 0. None: nothing varies."""

    @property
    def deviation(self) -> float:
        """The standard deviation, in points; 0 where the variance is negative."""
        return float(max(self.variance, 0.0) ** 0.5)


class CrossedPair(Frozen):
    """Two targets by one measure, over all cells."""

    a: str
    b: str
    difference: float
    """`a` − `b`, the mean over cells; all over the personas that every cell has."""
    personas: int
    """Those that every cell has, over which the components are."""
    cells: tuple[CellDifference, ...]
    """Each over all personas that it has."""
    components: dict[Effect, Spread]
    """Empty below two personas that every cell has."""

    kept: int
    """Cells in which the difference has the sign that it has over all."""
    clear: int
    """Of these, cells whose interval leaves 0 out."""
    against: int
    """Cells that clearly say the opposite."""
    sentence: str
    """What can be said, in plain words."""


class CrossedMeasure(Frozen):
    """One measure over all pairs of targets."""

    measure: str
    label: str
    means: dict[str, dict[str, dict[str, float | None]]]
    """By user, rater and target."""
    order_kept: bool
    """Whether every cell puts all targets in one order, ties apart."""
    pairs: tuple[CrossedPair, ...]


class CrossedDocument(Unplanned):
    """`sim compare RUN RUN… --crossed --json`."""

    offline: bool
    offline_notes: tuple[str, ...]
    runs: dict[str, dict[str, str]]
    """By user model and rater model, the run."""
    users: tuple[str, ...]
    raters: tuple[str, ...]
    measures: dict[str, CrossedMeasure]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Cell:
    """One user model with one rater model."""

    source: RunSource
    rater: str
    """Its id in the run."""

    def arm(self, target: str) -> Arm:
        """One target as this rater saw it."""
        own = self.source.arm(target)
        return replace(own, groups=tuple(replace(g, table=g.table.seen_by(self.rater)) for g in own.groups))


def compare_crossed(sources: Sequence[RunSource], *, conditions: Sequence[Mapping[str, str]]) -> CrossedDocument:
    """Targets over every user model and every rater model of `sources`.

    Args:
        conditions: of each source, hashes of what it was made with (`sim.analysis.verdicts.versions`).

    Raises:
        InputError: the runs differ in something else, a cell is missing or there twice, or there is nothing to cross.
    """
    _check_same(sources, conditions)
    cells, raters, left_out = _cross(sources)
    users = tuple(dict.fromkeys(user for user, _ in cells))
    targets = [t.id for t in sources[0].study.targets]
    return CrossedDocument(
        **report_unplanned(sources),
        offline=any(s.offline for s in sources),
        offline_notes=tuple(dict.fromkeys(s.standins.note for s in sources if s.offline)),
        runs={user: {rater: cells[user, rater].source.run for rater in raters} for user in users},
        users=users,
        raters=raters,
        measures={m: _measure(m, cells, targets) for m in MEASURES},
        notes=tuple(_notes(sources, cells, users, raters, left_out)),
    )


# --- the cells ----------------------------------------------------------------------------------------------------


def _check_same(sources: Sequence[RunSource], conditions: Sequence[Mapping[str, str]]) -> None:
    """Refuse what differs in more than who plays the user and who rates."""
    first = sources[0]
    if len(first.study.targets) < 2:
        raise InputError(f"run '{first.run}' has one target, and what is crossed is the difference of two", mend="name runs of two targets or more")
    for source, of in zip(sources[1:], conditions[1:], strict=True):
        other = what_differs(first, source, (conditions[0], of), free=SWAPPED)
        if other:
            problem = f"runs '{first.run}' and '{source.run}' differ in more than user and rater: {listed(other)}"
            raise InputError(problem, mend="run one study again with another `user:` and nothing else changed")


def _cross(sources: Sequence[RunSource]) -> tuple[dict[Key, _Cell], tuple[str, ...], list[str]]:
    """Every cell by user and rater model, the rater models that saw every user, and those that did not."""
    cells: dict[Key, _Cell] = {}
    for source in sources:
        user = source.study.user.model
        for rater, model in _raters(source):
            if (user, model) in cells:
                there = cells[user, model].source.run
                where = f"in run '{there}' and in run '{source.run}'" if there != source.run else f"by two raters of run '{there}'"
                raise InputError(f"user {user} × rater {model} is there twice, {where}", mend="name one run for each user and rater")
            cells[user, model] = _Cell(source, rater)
    users, models = (tuple(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    if len(users) < 2:
        raise InputError(f"one model plays the user, {users[0]}", mend="run the study again with another `user:`, and name both runs")
    whole = tuple(m for m in models if all((u, m) in cells for u in users))
    if len(whole) < 2:
        missing = [(u, m) for m in models for u in users if (u, m) not in cells]
        if not missing:
            raise InputError(f"one model rates, {models[0]}", mend=f"sim score {sources[0].run} --rater MODEL, and the same of every other run")
        named = ", ".join(f"user {u} × rater {m}" for u, m in missing[:4])
        run = next(s.run for s in sources if s.study.user.model == missing[0][0])
        raise InputError(f"cells are missing: {named}", mend=f"sim score {run} --rater {missing[0][1]}")
    return {key: cell for key, cell in cells.items() if key[1] in whole}, whole, [m for m in models if m not in whole]


def _raters(source: RunSource) -> Iterator[tuple[str, str]]:
    """Id and model of every model that rated in a run; people and second ratings apart."""
    rated = {rater for t in source.trials for e in t.exchanges for rater in e.ratings}
    known = source.study.raters
    again = control_parts(source.study.primary_rater).values()
    for rater in (*known, *sorted(rated - set(known))):
        if rater in rated and rater not in again and code_of(rater) is None:
            yield rater, known[rater].model if rater in known else observed_by(rater) or rater


# --- figures ------------------------------------------------------------------------------------------------------


def _measure(id: str, cells: Mapping[Key, _Cell], targets: Sequence[str]) -> CrossedMeasure:
    measure = BY_ID[id]
    slots = {key: {t: cell.arm(t).slots(measure.parts) for t in targets} for key, cell in cells.items()}
    means: dict[str, dict[str, dict[str, float | None]]] = {}
    for (user, rater), cell in cells.items():
        figures = {t: cell.arm(t).figure(measure) for t in targets}
        means.setdefault(user, {})[rater] = {t: f.value if f else None for t, f in figures.items()}
    pairs = []
    for a, b in combinations(targets, 2):
        sides = {key: align(of[a], of[b]) for key, of in slots.items()}
        found = {key: compare_sides(of, scale=measure.differences) for key, of in sides.items()}
        if any(of.difference is None for of in found.values()):
            user, rater = next(key for key, of in found.items() if of.difference is None)
            raise InputError(f"user {user} × rater {rater} has no {measure.label} that {a} and {b} share", mend="resume the run, or rate it first")
        differences = {key: dict(zip(of.personas, of.difference.each.tolist(), strict=True)) for key, of in sides.items() if of.difference}
        pairs.append(_pair(a, b, found, differences))
    return CrossedMeasure(measure=id, label=measure.label, means=means, order_kept=all(p.kept == len(p.cells) for p in pairs), pairs=tuple(pairs))


def _pair(a: str, b: str, found: Mapping[Key, Paired], differences: Mapping[Key, Mapping[str, float]]) -> CrossedPair:
    cells = tuple(CellDifference(**dict(of), user=user, rater=rater) for (user, rater), of in found.items())
    everywhere = [p for p in next(iter(differences.values())) if all(p in of for of in differences.values())]
    users, raters = (list(dict.fromkeys(key[i] for key in found)) for i in (0, 1))
    table = np.array([[[differences[u, r][p] for p in everywhere] for r in raters] for u in users])
    each = np.array([c.difference for c in cells])
    overall = float(each.mean())
    kept, clear = each * overall > 0, np.array([c.clear for c in cells])
    told = int(kept.sum()), int((kept & clear).sum()), int((~kept & clear).sum())
    return CrossedPair(
        a=a,
        b=b,
        difference=overall,
        personas=len(everywhere),
        cells=cells,
        components=spreads(table) if len(everywhere) > 1 else {},
        kept=told[0],
        clear=told[1],
        against=told[2],
        sentence=_sentence(*((a, b, each) if overall >= 0 else (b, a, -each)), *told),
    )


def spreads(values: Floats) -> dict[Effect, Spread]:
    """The components of differences by user, rater and persona.

    Args:
        values: (U, R, P), at least two of each.
    """
    found, n = components(values), values.shape[-1]
    whole = sum(max(v, 0.0) for v in found.values())
    bounds: dict[Effect, tuple[float, float]] = {}
    if n >= FEWEST_FOR_INTERVAL:
        from scipy.special import stdtrit

        draws = [components(np.delete(values, i, axis=-1)) for i in range(n)]
        for effect, value in found.items():
            each = np.array([d[effect] for d in draws])
            half = float(stdtrit(n - 1, 0.975)) * float(np.sqrt((n - 1) / n * ((each - each.mean()) ** 2).sum()))
            bounds[effect] = value - half, value + half
    return {
        effect: Spread(variance=value, interval=bounds.get(effect), share=max(value, 0.0) / whole if whole > 0 else None)
        for effect, value in found.items()
    }


def components(values: Floats) -> dict[Effect, float]:
    """The variances alone: mean squares of the three-way layout, set equal to what they are expected to be."""
    u, r, p = values.shape
    centred = values - values.mean()
    users, raters, people = (centred.mean(axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
    both = centred.mean(axis=2) - users[:, None] - raters
    with_user = centred.mean(axis=1) - users[:, None] - people
    with_rater = centred.mean(axis=0) - raters[:, None] - people
    rest = centred - users[:, None, None] - raters[:, None] - people - both[..., None] - with_user[:, None] - with_rater
    squares = {
        "user": r * p * float((users**2).sum()) / (u - 1),
        "rater": u * p * float((raters**2).sum()) / (r - 1),
        "persona": u * r * float((people**2).sum()) / max(p - 1, 1),
        "both": p * float((both**2).sum()) / ((u - 1) * (r - 1)),
        "with user": r * float((with_user**2).sum()) / max((u - 1) * (p - 1), 1),
        "with rater": u * float((with_rater**2).sum()) / max((r - 1) * (p - 1), 1),
        "rest": float((rest**2).sum()) / max((u - 1) * (r - 1) * (p - 1), 1),
    }
    noise = squares["rest"]
    return {
        "user": (squares["user"] - squares["both"] - squares["with user"] + noise) / (r * p),
        "rater": (squares["rater"] - squares["both"] - squares["with rater"] + noise) / (u * p),
        "user × rater": (squares["both"] - noise) / p,
        "persona": (squares["persona"] - squares["with user"] - squares["with rater"] + noise) / (u * r),
        "persona × user": (squares["with user"] - noise) / r,
        "persona × rater": (squares["with rater"] - noise) / u,
        "rest": noise,
    }


# --- words --------------------------------------------------------------------------------------------------------


def _sentence(a: str, b: str, each: Floats, kept: int, clear: int, against: int) -> str:
    """The target that is ahead first; `each` cell's difference is as seen from it."""
    order = "in every cell" if kept == len(each) else f"in {kept} of {len(each)} cells"
    clearly = f"clearly in {clear}" + (f", and clearly the other way in {against}" if against else "")
    between = f"{_points(each.min())} to {_points(each.max())}"
    return f"{a} comes before {b} {order} ({clearly}): {_points(each.mean())} on average, {between} in the cells"


def _points(value: float) -> str:
    return f"{value:z.2f}".replace("-", "−")


def _notes(
    sources: Sequence[RunSource], cells: Mapping[Key, _Cell], users: Sequence[str], raters: Sequence[str], left_out: Sequence[str]
) -> list[str]:
    scenarios = len({t.cast.scenario.id for t in sources[0].trials})
    notes = [f"differences within a cell are paired by persona and scenario; components: means over {scenarios} scenario{'s' * (scenarios != 1)}"]
    few = [f"{len(of)} {what}s" for what, of in (("user model", users), ("rater model", raters)) if len(of) < 4]
    if few:
        notes.append(f"{' and '.join(few)} tell little of how others would spread: read the cells first")
    own = [user for user in users if user in raters and cells[user, user].rater == "self"]
    if own:
        notes.append(f"where user and rater are one model ({', '.join(own)}) the user rates its own talk: what that does is under user × rater")
    if left_out:
        notes.append(f"left out, for not every user's talks were rated by it: {', '.join(left_out)}")
    notes += [f"run '{s.run}' is {s.status}: what is absent may change this" for s in sources if s.status != "finished"]
    return notes
