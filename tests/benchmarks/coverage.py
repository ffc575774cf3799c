"""How often the intervals, p and verdicts of `sim compare` are right, on simulated studies with planted effects.

    python -m tests.benchmarks.coverage [REPLICATES]

A study is targets × personas × scenarios: a planted difference, and what personas, scenarios and their interaction add to it. Every replicate goes
through `sim.analysis.estimates` as a run's cells do. Below four scenarios an interval speaks of these scenarios, so that they add nothing there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.analysis.arms import build_families
from sim.analysis.compare import ALPHA, compare_measure
from sim.analysis.estimates import Estimate, estimate, half_widths, holm, interval_p, sign_flip_p
from sim.analysis.measures import BY_ID, PRIMARY
from sim.analysis.pairs import Sides, compare_sides
from sim.analysis.power import ASSUMED, Design, Detectable, detectable, simulate
from tests.analysis.cells import people, source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLANTED = 0.3
"""The true difference, in points of the 1 to 5 scale."""
AT_ONCE = 500


@dataclass(frozen=True)
class Shape:
    """What a simulated study is like; standard deviations of paired differences, in points."""

    personas: int
    scenarios: int
    between_personas: float = 0.4
    between_scenarios: float = 0.15
    cells: float = 0.5
    spread: Literal["normal", "heavy", "skewed", "points"] = "normal"
    """`heavy`: Student's t with 5; `skewed`: χ² with 6, centred; `points`: rounded to half points, as few ratings are."""
    missing: float = 0.0
    """Share of cells without a pair."""

    def __str__(self) -> str:
        lost = f", {self.missing:.0%} missing" if self.missing else ""
        return f"{self.personas} personas × {self.scenarios}, {self.spread}, scenarios {self.between_scenarios:g}{lost}"

    def draw(self, rng: np.random.Generator, n: int, arms: int = 1) -> Floats:
        """(n, arms, 1, P, S) values around 0; NaN where missing."""
        people = self._noise(rng, (n, arms, 1, self.personas, 1)) * self.between_personas
        scenes = self._noise(rng, (n, arms, 1, 1, self.scenarios)) * self.between_scenarios
        values = people + scenes + self._noise(rng, (n, arms, 1, self.personas, self.scenarios)) * self.cells
        if self.missing:
            values[:, :, :, rng.random((self.personas, self.scenarios)) < self.missing] = np.nan
        return values

    def _noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        match self.spread:
            case "heavy":
                return rng.standard_t(5, shape) / np.sqrt(5 / 3)
            case "skewed":
                return (rng.chisquare(6, shape) - 6) / np.sqrt(12)
        return rng.normal(size=shape)


STUDIES = (
    *(Shape(p, s) for p in (12, 24) for s in (4, 8)),
    *(Shape(p, s, between_scenarios=0.0) for p in (12, 24) for s in (1, 2)),
    *(Shape(p, 8, spread=spread) for p in (12, 24) for spread in ("heavy", "skewed", "points")),
    *(Shape(p, 1, between_scenarios=0.0, spread=spread) for p in (12, 24) for spread in ("heavy", "skewed", "points")),
    *(Shape(p, 8, between_scenarios=b) for p in (12, 24) for b in (0.0, 0.4)),
    *(Shape(p, 8, missing=0.2) for p in (12, 24)),
    *(Shape(5, s, between_scenarios=0.15 if s >= 4 else 0.0) for s in (1, 4, 8)),
)


DESIGNS = tuple(Design(personas=p, scenarios=s, seeds=n) for p, s, n in ((12, 1, 1), (12, 4, 2), (24, 1, 1), (24, 8, 1)))


@dataclass(frozen=True)
class Found:
    """What came of one shape."""

    covered: float
    """Share of 95 % intervals that hold the planted difference."""
    rejected_null: float
    """Share of p ≤ .05 where nothing is planted and scenarios do nothing."""
    verdicts_null: float
    """Share of verdicts where nothing is planted, scenarios as they are."""
    rivals: dict[str, float]
    """Coverage of other intervals on the same draws."""


def measure(shape: Shape, *, replicates: int, seed: int, rivals: bool = False) -> Found:
    """Coverage and null rejections over so many simulated studies."""
    rng = np.random.default_rng([seed, shape.personas, shape.scenarios])
    covered, null, verdicts, done = 0, 0, 0, 0
    others: dict[str, int] = {}
    still = Shape(shape.personas, shape.scenarios, shape.between_personas, 0.0, shape.cells, shape.spread, shape.missing)
    while done < replicates:
        n = min(AT_ONCE, replicates - done)
        values = shape.draw(rng, n)[:, 0] + PLANTED
        if shape.spread == "points":
            values = np.round(values * 2) / 2
        found = _whole(estimate(values))
        half = half_widths(found)
        truth = PLANTED
        covered += int((np.abs(found.value - truth) <= half).sum())
        nothing = _whole(estimate(values - truth))
        verdicts += int((np.maximum(sign_flip_p(nothing, seed=seed), interval_p(nothing)) <= 0.05).sum())
        null += int((sign_flip_p(_whole(estimate(still.draw(rng, n)[:, 0])), seed=seed) <= 0.05).sum())
        if rivals:
            for name, interval in RIVALS.items():
                others[name] = others.get(name, 0) + int(interval(found, rng, truth).sum())
        done += n
    return Found(covered / done, null / done, verdicts / done, {name: count / done for name, count in others.items()})


def _whole(found: Estimate | None) -> Estimate:
    assert found is not None, "a simulated study has values"
    return found


# --- rivals -------------------------------------------------------------------------------------------------------


def _percentile(of: Estimate, rng: np.random.Generator, truth: float) -> NDArray[np.bool_]:
    """Personas resampled, percentiles of the mean."""
    rows = of.each
    picks = rng.integers(0, of.personas, (999, of.personas))
    low, high = np.quantile(rows[:, picks].mean(axis=-1), (0.025, 0.975), axis=-1)
    return (low <= truth) & (truth <= high)


def _bootstrap_t(of: Estimate, rng: np.random.Generator, truth: float) -> NDArray[np.bool_]:
    """Personas resampled, percentiles of Student's t."""
    rows = of.each
    drawn = rows[:, rng.integers(0, of.personas, (999, of.personas))]
    mean, error = rows.mean(axis=-1), rows.std(axis=-1, ddof=1) / np.sqrt(of.personas)
    t = (drawn.mean(axis=-1) - mean[:, None]) / np.maximum(drawn.std(axis=-1, ddof=1) / np.sqrt(of.personas), 1e-9)
    low, high = np.quantile(t, (0.025, 0.975), axis=-1)
    return (mean - high * error <= truth) & (truth <= mean - low * error)


def _persona_t(of: Estimate, _: np.random.Generator, truth: float) -> NDArray[np.bool_]:
    """Student's t over personas, whatever scenarios do."""
    from scipy.special import stdtrit

    error = np.sqrt((of.by_persona**2).sum(axis=-1))
    return np.abs(of.value - truth) <= stdtrit(of.personas - 1, 0.975) * error


RIVALS: dict[str, Callable[[Estimate, np.random.Generator, float], NDArray[np.bool_]]] = {
    "percentile": _percentile,
    "bootstrap-t": _bootstrap_t,
    "persona t": _persona_t,
}


# --- p and families -----------------------------------------------------------------------------------------------


def null_quantiles(personas: int, *, replicates: int, seed: int) -> dict[float, float]:
    """How often p is at most a level where nothing is planted; a uniform p gives the level itself."""
    shape = Shape(personas, 8, between_scenarios=0.0)
    p = sign_flip_p(_whole(estimate(shape.draw(np.random.default_rng(seed), replicates)[:, 0])), seed=seed)
    return {level: float((p <= level).mean()) for level in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75)}


def family_error(targets: int, personas: int, scenarios: int, *, replicates: int, seed: int) -> float:
    """Share of studies of equal targets in which any pair comes to a verdict."""
    rng = np.random.default_rng(seed)
    arms = Shape(personas, scenarios).draw(rng, replicates, targets)
    pairs = [(a, b) for a in range(targets) for b in range(a + 1, targets)]
    found = [_whole(estimate(arms[:, a] - arms[:, b])) for a, b in pairs]
    p = np.array([np.maximum(sign_flip_p(of, seed=seed), interval_p(of)) for of in found]).T
    return float(np.mean([min(q for q in holm(list(row)) if q is not None) <= ALPHA for row in p]))


# --- plan against compare, and through trials ---------------------------------------------------------------------


def plan_and_compare(design: Design, *, replicates: int, seed: int) -> tuple[Detectable, float]:
    """What `sim plan` says of a design, and how often `sim compare` then comes to the verdict, on studies drawn anew."""
    said = detectable(design, ASSUMED, seed=seed)
    assert said.difference is not None, "the design tells something"
    names = tuple(f"p{i}" for i in range(design.personas)), tuple(f"s{i}" for i in range(design.scenarios))
    found = 0
    for noise in simulate(design, ASSUMED, replicates=replicates, seed=seed + 1).noise:
        pair = compare_sides(Sides(noise + said.difference, np.zeros_like(noise), *names))
        assert pair.p is not None
        assert pair.p_interval is not None
        found += max(pair.p, pair.p_interval) <= ALPHA
    return said, found / replicates


def through_trials(personas: int, *, replicates: int, seed: int) -> tuple[float, float]:
    """Share of intervals that hold the true difference when whole runs are written, folded and compared, and that difference.

    Scores are whole numbers from 1 to 5, so that the truth is what rounding and the ends of the scale leave of the planted half point.
    """
    rng = np.random.default_rng(seed)

    def scores(people: Floats, arm: float) -> NDArray[np.int64]:
        latent = 3.2 + people + arm + rng.normal(0, 0.6, people.shape)
        return np.clip(np.round(latent), 1, 5).astype(np.int64)

    many = rng.normal(0, 0.5, 400_000)
    truth = float((scores(many, 0.5) - scores(many, 0.0)).mean())
    held = 0
    for _ in range(replicates):
        each = rng.normal(0, 0.5, personas)
        arms = {"new": scores(each, 0.5), "old": scores(each, 0.0)}
        run = source({(name, p, "s"): int(of[i]) for name, of in arms.items() for i, p in enumerate(people(personas))})
        (family,) = build_families([run], "target")
        (pair,) = compare_measure(BY_ID[PRIMARY], [family]).comparisons
        held += pair.interval is not None and pair.interval[0] <= truth <= pair.interval[1]
    return held / replicates, truth


def main(replicates: int) -> None:
    """Print everything; a minute or two at 4,000 replicates."""
    print(f"{replicates:,} replicates a row; planted {PLANTED:g}; standard deviations: personas 0.4, cells 0.5\n")
    names = list(RIVALS)
    print(f"{'study':<52}{'covered':>9}{'p ≤ .05':>9}{'verdicts':>10}" + "".join(f"{n:>13}" for n in names))
    for shape in STUDIES:
        found = measure(shape, replicates=replicates, seed=1, rivals=True)
        figures = f"{found.covered:>9.1%}{found.rejected_null:>9.1%}{found.verdicts_null:>10.1%}"
        print(f"{shape!s:<52}{figures}" + "".join(f"{found.rivals[n]:>13.1%}" for n in names), flush=True)
    print("\np ≤ .05 and verdicts: where nothing is planted\n")
    for personas in (5, 12, 24):
        at = null_quantiles(personas, replicates=replicates, seed=2)
        print(f"null p, {personas} personas: " + "  ".join(f"≤ {level:g}: {share:.3f}" for level, share in at.items()))
    print()
    for targets in (3, 5):
        for personas in (12, 24):
            error = family_error(targets, personas, 4, replicates=replicates, seed=3)
            print(f"any verdict among {targets} equal targets, {personas} personas × 4: {error:.3f}", flush=True)
    print()
    for design in DESIGNS:
        said, found = plan_and_compare(design, replicates=replicates, seed=4)
        size = f"{design.personas} personas × {design.scenarios} × {design.seeds}"
        print(f"{size}: plan says {said.power:.3f} at {said.difference}, compare finds {found:.3f}", flush=True)
    few = max(50, replicates // 20)
    held, truth = through_trials(12, replicates=few, seed=5)
    print(f"\nthrough trials, 12 personas, {few} runs of whole scores, true difference {truth:.3f}: covered {held:.1%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
