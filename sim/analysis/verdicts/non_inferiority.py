"""Not worse than before: a target held against itself in an earlier run, within a margin."""

from __future__ import annotations

from sim.analysis.figures.estimates import FEW, FEWEST_SCENARIOS, Estimate, different, estimate, interval
from sim.analysis.figures.measures import Measure
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.baseline import Earlier, plain
from sim.analysis.verdicts.gate_checks import FEWEST, FEWEST_NEEDED, Check, Verdict, as_fields, count_people, nothing_measured, say_what_settles
from sim.analysis.verdicts.needed import Needed
from sim.analysis.verdicts.needed import needed as needed_for
from sim.analysis.verdicts.pairs import Sides, align, leave_out
from sim.analysis.verdicts.sentence import signed, split


def not_worse(new: RunSource, old: Earlier, target: str, measure_id: str, margin: float) -> Check:
    """Whether `target` is worse than its older version by less than `margin`, paired by persona and scenario."""
    measure = new.measure(measure_id)
    before = target if target in old.target_ids else old.target_ids[0]
    text = f"{measure_id} not worse by {margin:g}"
    arm, others = new.arm(target), old.values(before, measure) or [{} for _ in measure.parts]
    sides = align([plain(of) for of in arm.slots(measure.parts)], [plain(of) for of in others])
    found = sides.difference
    if found is None:
        return nothing_measured(arm, text, f"a difference in {measure.label}")
    value, n = float(found.value), found.personas
    bounds = interval(found, measure.differences)
    worse = -1.0 if measure.better == "lower" else 1.0
    verdict: Verdict = "inconclusive"
    needed: Needed | None = None
    detail = f"{measure.label} new − old, paired over {count_people(n)}, {int(found.present.sum()):,} pairs{_these(found)}"
    if n < FEWEST:
        detail, needed = f"{count_people(n)}: a difference is not judged below {FEWEST}", FEWEST_NEEDED
    elif bounds is not None:
        low, high = sorted(worse * b for b in bounds)
        verdict = "passed" if low > -margin else "failed" if high < -margin else "inconclusive"
        if verdict == "inconclusive":
            needed = needed_for(found, worse * value + margin)
            detail += say_what_settles(needed)
    elif _vary(sides):
        # Where people differ and no difference between versions does, the versions do the same: a fact, as a count is.
        verdict = "passed" if worse * value > -margin else "failed"
        detail += f": the same for all, as it may not be for up to {100 * different(n):.0f} % of personas like these"
    else:
        detail = f"all {n} personas are equal in both runs, which tells nothing of others"
    detail += _split(measure, found) + _hangs(measure, sides, value) + _few(measure, found)
    return Check(
        target=target,
        requirement=text,
        verdict=verdict,
        observed=value,
        interval=bounds,
        n=int(found.present.sum()),
        personas=n,
        **as_fields(needed),
        detail=detail,
    )


def _these(found: Estimate) -> str:
    """Where there are too few scenarios to speak of others."""
    return "" if found.scenarios >= FEWEST_SCENARIOS else " in this scenario" if found.scenarios == 1 else " in these scenarios"


def _split(measure: Measure, found: Estimate) -> str:
    """What the difference is made of, dimension by dimension."""
    sign = -1.0 if found.value < 0 else 1.0
    told = split({name: sign * by for name, by in zip(measure.names, found.parts.tolist(), strict=False)}) if len(measure.names) > 1 else ""
    return f"; {told}" if told else ""


def _hangs(measure: Measure, sides: Sides, value: float) -> str:
    """How far it hangs on one persona."""
    difference = sides.difference
    left = leave_out(value, dict(zip(sides.personas, difference.without.tolist(), strict=True))) if difference is not None else None
    if left is None:
        return ""
    low, high = signed(left.low, measure.digits), signed(left.high, measure.digits)
    return f"; {low} to {high} without any one persona, of whom {left.persona} moves it most" if low != high else ""


def _few(measure: Measure, found: Estimate) -> str:
    """The dimensions that hang on so few personas that they are named."""
    shared = zip(measure.names, found.holders.tolist(), strict=True) if len(measure.names) > 1 else ()
    named = [f"{name} by {n}" for name, n in shared if 0 < n < FEW]
    return f"; shared by few: {', '.join(named)}" if named else ""


def _vary(sides: Sides) -> bool:
    """Whether the scores themselves differ between personas: the same answer twice is no news, a rater that never moves is not a rater."""
    found = estimate(sides.these)
    return found is not None and interval(found) is not None
