"""How often the intervals, p, verdicts, gates and plans of the program are right, on simulated studies with planted effects.

    python -m tests.benchmarks.coverage [--long] [TABLE …]

Studies are drawn exchange by exchange with seven dimensions and occasions that may be rare (`tests.benchmarks.ratings`), and go through
`sim.analysis.figures.estimates` as a run's cells do. Below four scenarios an interval speaks of these scenarios, so that they add nothing there. A
TABLE is one of `occasions`, `kinds`, `families`, `gates`, `settle` and `plans`; all of them where none is named. The short form takes two minutes of
one core, the long one a quarter of an hour.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.estimates import Estimate, estimate, half_widths, holm, interval_p, sign_flip_p
from sim.analysis.figures.measures import BY_ID, LIKABILITY
from sim.analysis.verdicts.arms import build_families
from sim.analysis.verdicts.compare import ALPHA, compare_measure
from sim.analysis.verdicts.needed import needed
from sim.analysis.verdicts.pairs import Sides, compare_sides
from sim.analysis.verdicts.power import ASSUMED, Design, Detectable, Spreads, components, detectable, simulate
from sim.analysis.verdicts.worst import know_personas
from tests.analysis.cells import people, source
from tests.benchmarks.ratings import DEMONSTRATION, Rates, World, averaged, paired

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERSONAS = (6, 12, 24, 48)
FRESH = 4
"""Fresh studies of each size that a pilot asks for."""
MARGIN = 0.2
"""By which a version is truly worse, before rounding, where non-inferiority is looked at."""
OCCASIONS: Mapping[str, Rates] = {
    ".03": (0.03,) * 3,
    ".06": (0.06,) * 3,
    ".15": (0.15,) * 3,
    ".45": (0.45,) * 3,
    "demonstration's": DEMONSTRATION,
}
"""How often each of the three dimensions by occasion has one, an exchange."""
KINDS: Mapping[str, dict[str, object]] = {
    "plain": {},
    "personas spread unevenly": {"uneven": 0.7},
    "near the ceiling, mean 4.4": {"mean": 4.4},
    "occasions follow liking": {"behaviour": "occasions follow liking"},
    "leaving follows disliking": {"behaviour": "leaving follows disliking"},
}


def world(personas: int, scenarios: int, **more: object) -> World:
    """Of so many; fewer than four scenarios are all there are."""
    return World(personas, scenarios, fixed=scenarios < 4, **more)  # type: ignore[arg-type]


# --- intervals ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What came of one world; shares of studies."""

    covered: float
    """95 % intervals that hold the true difference."""
    above: float
    """Intervals that lie above it as a whole: non-inferiority then passes a version that is worse by all of the margin."""
    verdicts: float
    """Differences called clear; of equal targets, in error."""
    rivals: dict[str, float]
    """Coverage of other intervals on the same draws."""


def differences(of: World, studies: int, *, seed: int) -> Iterator[Estimate]:
    """The paired differences of the last target less the first, some studies at a time."""
    for drawn in of.draw(np.random.default_rng([seed, of.personas, of.scenarios]), studies):
        yield _whole(estimate(paired(drawn[:, -1], drawn[:, 0])))


def measure(of: World, studies: int, *, seed: int, rivals: bool = False) -> Found:
    """Coverage and verdicts over so many simulated studies."""
    held, above, clear = 0, 0, 0
    others = dict.fromkeys(RIVALS, 0) if rivals else {}
    rng = np.random.default_rng(seed)
    for found in differences(of, studies, seed=seed):
        off, half = found.value - of.truth, half_widths(found)
        held += int((np.abs(off) <= half).sum())
        above += int((off > half).sum())
        clear += int((_p(found, seed) <= ALPHA).sum())
        for name in others:
            others[name] += int(RIVALS[name](found, rng, of.truth).sum())
    return Found(held / studies, above / studies, clear / studies, {name: n / studies for name, n in others.items()})


def _p(found: Estimate, seed: int) -> Floats:
    return np.maximum(sign_flip_p(found, seed=seed), interval_p(found))


def _whole(found: Estimate | None) -> Estimate:
    assert found is not None, "a simulated study has values"
    return found


def _percentile(of: Estimate, rng: np.random.Generator, truth: float) -> NDArray[np.bool_]:
    """Personas resampled, percentiles of the mean."""
    rows = of.each
    low, high = np.quantile(rows[:, rng.integers(0, of.personas, (499, of.personas))].mean(axis=-1), (0.025, 0.975), axis=-1)
    return (low <= truth) & (truth <= high)


def _bootstrap_t(of: Estimate, rng: np.random.Generator, truth: float) -> NDArray[np.bool_]:
    """Personas resampled, percentiles of Student's t."""
    rows = of.each
    drawn = rows[:, rng.integers(0, of.personas, (499, of.personas))]
    mean, error = rows.mean(axis=-1), rows.std(axis=-1, ddof=1) / np.sqrt(of.personas)
    t = (drawn.mean(axis=-1) - mean[:, None]) / np.maximum(drawn.std(axis=-1, ddof=1) / np.sqrt(of.personas), 1e-9)
    low, high = np.quantile(t, (0.025, 0.975), axis=-1)
    return (mean - high * error <= truth) & (truth <= mean - low * error)


def _persona_t(of: Estimate, _: np.random.Generator, truth: float) -> NDArray[np.bool_]:
    """Personas left out in turn, whatever scenarios do and whoever holds a rare dimension."""
    from scipy.special import stdtrit

    error = np.sqrt((of.by_persona**2).sum(axis=-1))
    return np.abs(of.value - truth) <= stdtrit(of.personas - 1, 0.975) * error


RIVALS: dict[str, Callable[[Estimate, np.random.Generator, float], NDArray[np.bool_]]] = {
    "percentile": _percentile,
    "bootstrap-t": _bootstrap_t,
    "persona t": _persona_t,
}


# --- p and families -----------------------------------------------------------------------------------------------


def null_quantiles(personas: int, *, studies: int, seed: int) -> dict[float, float]:
    """How often p is at most a level where nothing is planted; a uniform p gives the level itself."""
    p = np.concatenate([sign_flip_p(of, seed=seed) for of in differences(world(personas, 1), studies, seed=seed)])
    return {level: float((p <= level).mean()) for level in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75)}


def family_error(targets: int, personas: int, scenarios: int, *, studies: int, seed: int) -> float:
    """Share of studies of equal targets in which any pair comes to a verdict."""
    rng, wrong = np.random.default_rng(seed), 0
    for drawn in world(personas, scenarios, targets=targets, rates=DEMONSTRATION).draw(rng, studies):
        pairs = [(a, b) for a in range(targets) for b in range(a + 1, targets)]
        p = np.array([_p(_whole(estimate(paired(drawn[:, a], drawn[:, b]))), seed) for a, b in pairs]).T
        wrong += sum(min(q for q in holm(list(row)) if q is not None) <= ALPHA for row in p)
    return wrong / studies


# --- gates --------------------------------------------------------------------------------------------------------


def gate_mean(of: World, away: float, *, runs: int, seed: int) -> tuple[float, float]:
    """Shares of runs that pass and that fail a bar so far below the true mean."""
    passed = failed = 0
    for drawn in replace(of, targets=1).draw(np.random.default_rng([seed, of.personas, of.scenarios]), runs):
        found = _whole(estimate(averaged(drawn[:, 0])))
        off, half = found.value - (of.level - away), half_widths(found)
        passed, failed = passed + int((off > half).sum()), failed + int((off < -half).sum())
    return passed / runs, failed / runs


def gate_worst(personas: int, scenarios: int, seeds: int, *, runs: int, seed: int, above: float = 0.6) -> tuple[float, float]:
    """Shares of runs that pass, with one persona truly at the bar and the others `above` it, and that fail, with all of them at it: both in error."""
    rng, passed, failed = np.random.default_rng([seed, personas, scenarios, seeds]), 0, 0
    for _ in range(runs):
        scenes = rng.normal(0, 0.3, scenarios) if scenarios >= 4 else np.zeros(scenarios)
        cells = rng.normal(0, 0.3, (personas, scenarios)) if scenarios >= 4 else np.zeros((personas, scenarios))
        talks = (scenes + cells)[..., None] + rng.normal(0, 0.2 if seeds > 1 else 0.0, (personas, scenarios, seeds))
        values = talks[..., None] + rng.normal(0, 0.3, (*talks.shape, 4))
        known = know_personas({str(i): {str(j): of.tolist() for j, of in enumerate(rows)} for i, rows in enumerate(values)})
        means = values.mean(axis=(1, 2, 3))
        passed += all(m + (above if i else 0.0) > known.half(str(i)) for i, m in enumerate(means))
        failed += any(m < -known.half(str(i), of=personas) for i, m in enumerate(means))
    return passed / runs, failed / runs


@dataclass(frozen=True)
class Settled:
    """What came of "about N personas would settle it"."""

    open: int
    """Pilots that could not tell."""
    none: int
    """Of these, where no study would do."""
    settled: float
    """Share of fresh studies of the size that was told that came to a verdict."""
    median: tuple[int, int]
    """Personas and scenarios that were told."""


def settle(of: World, away: Callable[[np.random.Generator], float], *, pilots: int, seed: int) -> Settled:
    """Pilots of a mean against a bar of 0; where one cannot tell, fresh studies of the size that would, cell by cell."""
    rng = np.random.default_rng([seed, of.personas, of.scenarios])
    told, settled, none = [], [], 0
    for _ in range(pilots):
        truth = away(rng)
        found = _whole(estimate(of.cells(rng, truth)))
        if abs(float(found.value)) > half_widths(found):
            continue
        more = needed(found, float(found.value))
        if more is None:
            none += 1
            continue
        told.append((more.personas, more.scenarios))
        larger = replace(of, personas=more.personas, scenarios=more.scenarios)
        again = [_whole(estimate(larger.cells(rng, truth))) for _ in range(FRESH)]
        settled += [abs(float(e.value)) > half_widths(e) for e in again]
    personas, scenarios = np.median(np.array(told or [(0, 0)]), axis=0)
    return Settled(len(told) + none, none, float(np.mean(settled or [0.0])), (int(personas), int(scenarios)))


def anywhere(rng: np.random.Generator) -> float:
    """A true value within 0.6 of the bar."""
    return float(rng.uniform(-0.6, 0.6))


# --- plan against compare, and through trials ---------------------------------------------------------------------


def plan_and_compare(design: Design, *, studies: int, seed: int) -> tuple[Detectable, float]:
    """What `sim plan` says of a design, and how often `sim compare` then comes to the verdict, on studies drawn anew."""
    said = detectable(design, ASSUMED, seed=seed)
    assert said.difference is not None, "the design tells something"
    names = tuple(f"p{i}" for i in range(design.personas)), tuple(f"s{i}" for i in range(design.scenarios))
    found = 0
    for noise in simulate(design, ASSUMED, replicates=studies, seed=seed + 1).noise:
        pair = compare_sides(Sides(noise + said.difference, np.zeros_like(noise), *names))
        assert pair.p is not None
        assert pair.p_interval is not None
        found += max(pair.p, pair.p_interval) <= ALPHA
    return said, found / studies


def pilot_ranges(pilot: tuple[int, int], design: Design, *, pilots: int, seed: int) -> tuple[float, float, float]:
    """How often the range that a pilot gives holds what the design can truly tell; that, and the median of what pilots say."""
    truth = detectable(design, ASSUMED.model_copy(update={"seeds": 0.0}), seed=seed).difference
    assert truth is not None
    rng, held, said = np.random.default_rng([seed, *pilot]), 0, []
    for _ in range(pilots):
        n, k = pilot
        scenes = rng.normal(0, ASSUMED.scenarios, (1, k)) if k >= 4 else np.zeros((1, k))
        found = components(rng.normal(0, ASSUMED.personas, (n, 1)) + scenes + rng.normal(0, ASSUMED.cells, (n, k)))
        assert found is not None
        personas, scenarios, cells = np.sqrt(np.maximum(found, 0)).tolist()
        spreads = Spreads(personas=personas, scenarios=scenarios, cells=cells, seeds=0.0, source="", seen=pilot)
        of = detectable(design, spreads, replicates=400, seed=seed)
        if of.range is not None and of.difference is not None:
            held += of.range[0] <= truth <= of.range[1]
            said.append(of.difference)
    return held / pilots, truth, float(np.median(said))


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
        (pair,) = compare_measure(BY_ID[LIKABILITY], [family]).comparisons
        held += pair.interval is not None and pair.interval[0] <= truth <= pair.interval[1]
    return held / replicates, truth


# --- the tables ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effort:
    """How much is drawn."""

    studies: int
    runs: int
    pilots: int
    scenarios: tuple[int, ...]


SHORT, LONG = Effort(400, 400, 60, (1, 4, 6)), Effort(4_000, 2_000, 500, (1, 4, 6))


def _row(values: Mapping[object, float], digits: int = 1) -> str:
    return "".join(f"{100 * v:>8.{digits}f}" for v in values.values())


def print_occasions(effort: Effort) -> None:
    """Coverage, false passes of non-inferiority and false verdicts, by how rare occasions are."""
    heads = "".join(f"{n:>8}" for n in PERSONAS)
    print(f"\nlikability over seven dimensions, in % of {effort.studies:,} studies; columns: personas {PERSONAS}")
    print(f"{'occasions':<18}{'scenarios':>10}  {'95 % interval covers':<34}{'worse by the margin passes':<34}{'equal targets: a verdict'}")
    print(f"{'':<30}{heads}  {heads}  {heads}")
    for k in effort.scenarios:
        for name, rates in OCCASIONS.items():
            equal = {n: measure(world(n, k, rates=rates), effort.studies, seed=1) for n in PERSONAS}
            worse = {n: measure(world(n, k, rates=rates, effect=-MARGIN), effort.studies, seed=2).above for n in PERSONAS}
            covered, verdicts = ({n: getattr(of, what) for n, of in equal.items()} for what in ("covered", "verdicts"))
            print(f"{name:<18}{k:>10}  {_row(covered)}  {_row(worse)}  {_row(verdicts)}", flush=True)


def print_kinds(effort: Effort) -> None:
    """The same where studies are less well behaved, beside other intervals."""
    print(f"\nother studies, occasions .45, 12 and 24 personas; in % of {effort.studies:,}")
    names = ("covers", "verdict", *RIVALS)
    print(f"{'':<30}{'scenarios':>10}" + "".join(f"{f'{n} 12':>16}{'24':>8}" for n in names))
    for k in (1, 4):
        for kind, more in KINDS.items():
            found = [measure(world(n, k, **more), effort.studies, seed=3, rivals=True) for n in (12, 24)]
            pairs = [[f.covered for f in found], [f.verdicts for f in found], *([f.rivals[r] for f in found] for r in RIVALS)]
            print(f"{kind:<30}{k:>10}" + "".join(f"{100 * a:>16.1f}{100 * b:>8.1f}" for a, b in pairs), flush=True)


def print_families(effort: Effort) -> None:
    """Families of equal targets, and p where nothing is planted."""
    studies = effort.studies // 4
    print(f"\nany verdict among five equal targets, demonstration's occasions, in % of {studies:,} studies")
    for n, k in ((12, 1), (24, 1), (24, 4), (24, 6)):
        print(f"{n} personas × {k}: {100 * family_error(5, n, k, studies=studies, seed=4):.1f}", flush=True)
    for n in (5, 12, 24):
        at = null_quantiles(n, studies=effort.studies, seed=5)
        print(f"null p, {n} personas: " + "  ".join(f"≤ {level:g}: {share:.3f}" for level, share in at.items()))


def print_gates(effort: Effort) -> None:
    """Requirements on a mean and on the worst persona."""
    print(f"\nlikability ≥ bar, in % of {effort.runs:,} runs: passes | fails; columns: personas {PERSONAS}")
    for k in (1, 6):
        for away in (-0.4, -0.1, 0.0, 0.2, 0.4):
            each = {n: gate_mean(world(n, k), away, runs=effort.runs, seed=6) for n in PERSONAS}
            passes, fails = ({n: of[i] for n, of in each.items()} for i in (0, 1))
            print(f"{k} scenario{'s' * (k > 1):<2} true mean − bar {away:+.1f}  {_row(passes, 0)}   |{_row(fails, 0)}", flush=True)
    print(f"\nworst_persona ≥ bar, 12 personas, in % of {effort.runs:,} runs, both in error: passes with one at the bar, fails with all at it")
    for k, seeds in ((1, 1), (1, 3), (4, 1), (6, 1), (8, 1)):
        passes, fails = gate_worst(12, k, seeds, runs=effort.runs, seed=7)
        print(f"{k} scenarios × {seeds} seeds: passes {100 * passes:.1f}, fails {100 * fails:.1f}", flush=True)


def print_settled(effort: Effort) -> None:
    """What is told to settle it, and how often it does."""
    print(f'\n"would settle it four times in five", {effort.pilots} pilots a row, true mean − bar anywhere within .6, or always the same')
    print(f"{'pilot':<10}{'mean − bar':>12}{'cannot tell':>13}{'no study would':>16}{'settled':>10}{'median told':>16}")
    for n, k in ((12, 1), (24, 1), (48, 1), (12, 4), (24, 4), (24, 6), (24, 8)):
        for name, away in (("anywhere", anywhere), ("+.2", lambda _: 0.2), ("+.4", lambda _: 0.4)):
            of = settle(world(n, k), away, pilots=effort.pilots, seed=8)
            told = f"{of.median[0]} × {of.median[1]}"
            print(f"{f'{n} × {k}':<10}{name:>12}{of.open:>13}{of.none:>16}{100 * of.settled:>10.1f}{told:>16}", flush=True)


def print_plans(effort: Effort) -> None:
    """What plan says of a design, and what a pilot leaves open."""
    print()
    for n, k, seeds in ((12, 1, 1), (12, 4, 2), (24, 1, 1), (24, 8, 1)):
        said, found = plan_and_compare(Design(personas=n, scenarios=k, seeds=seeds), studies=effort.studies, seed=9)
        print(f"{n} personas × {k} × {seeds}: plan says {said.power:.3f} at {said.difference}, compare finds {found:.3f}", flush=True)
    for pilot in ((12, 4), (24, 6)):
        held, truth, median = pilot_ranges(pilot, Design(personas=48, scenarios=4, seeds=1), pilots=effort.pilots, seed=10)
        print(f"pilot {pilot[0]} × {pilot[1]}, of 48 × 4: true {truth:.2f}, pilots' median {median:.2f}, in their range {held:.0%}", flush=True)
    few = max(50, effort.studies // 20)
    held, truth = through_trials(12, replicates=few, seed=11)
    print(f"\nthrough trials, 12 personas, {few} runs of whole scores, true difference {truth:.3f}: covered {held:.1%}")


TABLES: Mapping[str, Callable[[Effort], None]] = {
    "occasions": print_occasions,
    "kinds": print_kinds,
    "families": print_families,
    "gates": print_gates,
    "settle": print_settled,
    "plans": print_plans,
}


def main(arguments: list[str]) -> None:
    """Print the tables that are named, or every one."""
    effort = LONG if "--long" in arguments else SHORT
    named = [a for a in arguments if a != "--long"]
    for name in named or TABLES:
        TABLES[name](effort)


if __name__ == "__main__":
    main(sys.argv[1:])
