"""What a study can tell before it is run: by simulation and without, from a pilot, by the number of scenarios, and through a gate."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.figures.estimates import estimate, least_flip_p, sign_flip_p
from sim.analysis.figures.measures import BY_ID
from sim.analysis.verdicts import power
from sim.analysis.verdicts.chances import chance, foresee, foresee_margin, level_spreads, margin_measure, required_measure
from sim.analysis.verdicts.power import (
    ASSUMED,
    ASSUMED_LEVELS,
    Design,
    Spreads,
    alternatives,
    by_scenarios,
    by_t,
    detectable,
    pilot_spreads,
    simulate,
)
from sim.analysis.verdicts.requirements import parse_requirement
from sim.core.errors import InputError
from tests.analysis.cells import people, source
from tests.analysis.trials import Given


@pytest.mark.parametrize(("personas", "scenarios", "pairs"), [(12, 1, 1), (24, 4, 1), (24, 8, 6)])
def test_without_a_draw_it_is_nearly_what_simulation_says(personas: int, scenarios: int, pairs: int) -> None:
    design = Design(personas=personas, scenarios=scenarios, seeds=1, pairs=pairs)
    said = detectable(design, ASSUMED, replicates=1_000)
    assert said.difference is not None
    assert by_t(design, ASSUMED) == pytest.approx(said.difference, rel=0.1)
    assert said.range is None, "what is assumed is not a pilot"


def test_a_small_pilot_leaves_a_wide_range_and_a_large_one_a_narrow_one() -> None:
    design, ranges = Design(personas=48, scenarios=4, seeds=1), []
    for seen in ((12, 4), (200, 40)):
        found = detectable(design, ASSUMED.model_copy(update={"seen": seen}), replicates=500)
        assert found.range is not None
        assert found.difference is not None
        assert found.range[0] < found.difference < found.range[1]
        ranges.append(found.range[1] - found.range[0])
    assert ranges[0] > 2 * ranges[1]


def test_the_third_scenario_buys_something_and_the_fourth_speaks_of_others() -> None:
    now = detectable(Design(personas=24, scenarios=1, seeds=1), ASSUMED, replicates=500)
    of = {d.design.scenarios: d for d in by_scenarios(now, ASSUMED, replicates=500)}
    assert list(of) == [1, 2, 3, 4, 6, 8]
    assert of[1] is now
    sizes = {n: d.difference or 9 for n, d in of.items()}
    assert sizes[1] > sizes[2] > sizes[3]
    assert sizes[4] > sizes[3]
    assert sizes[4] > sizes[6] > sizes[8]
    assert [of[n].tier for n in (3, 4, 6)] == ["screen", "screen", "decide"]


@pytest.mark.parametrize("personas", [3, 5, 13, 14, 24])
def test_no_p_is_smaller_than_that_of_one_sign(personas: int) -> None:
    clear = estimate(np.full((1, personas, 1), 9.0))
    assert clear is not None
    assert least_flip_p(personas) == pytest.approx(float(sign_flip_p(clear, seed=0)), rel=1e-9)


@pytest.mark.parametrize(("personas", "pairs"), [(3, 1), (5, 1), (6, 2)])
def test_where_too_few_personas_can_come_to_no_verdict_that_is_said_without_a_draw(
    personas: int, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = Design(personas=personas, scenarios=1, seeds=1, pairs=pairs)
    assert simulate(design, ASSUMED, replicates=200).rejections(9.0) == 0.0
    monkeypatch.setattr(power, "simulate", None)
    assert detectable(design, ASSUMED).difference is None


def test_six_personas_are_the_fewest_that_can_come_to_one() -> None:
    found = detectable(Design(personas=6, scenarios=1, seeds=1), ASSUMED, replicates=200)
    assert found.difference is not None
    assert found.power is not None
    assert found.power >= 0.8


def test_enough_to_decide_takes_six_scenarios() -> None:
    found = alternatives(Design(personas=24, scenarios=4, seeds=1), ASSUMED, replicates=200)["enough to decide"]
    assert (found.design.personas, found.design.scenarios, found.tier) == (24, 6, "decide")


def test_a_gate_passes_at_the_bar_as_seldom_as_it_may_and_the_rest_is_not_told() -> None:
    found = foresee(parse_requirement("likability >= 3.5"), Design(personas=24, scenarios=1, seeds=1), ASSUMED_LEVELS, replicates=2_000)
    at = {round(c.away, 2): c for c in found.chances}
    assert at[0.0].passes == pytest.approx(0.025, abs=0.012)
    assert at[0.0].fails == pytest.approx(0.025, abs=0.012)
    assert [at[d].passes for d in (-0.4, 0.1, 0.2, 0.4)] == sorted(at[d].passes for d in (-0.4, 0.1, 0.2, 0.4))
    assert all(c.passes + c.fails + c.cannot_tell == pytest.approx(1) for c in found.chances)


def test_a_version_that_is_worse_by_the_margin_passes_seldom_and_an_equal_one_more_often() -> None:
    equal, half, worse = foresee_margin(BY_ID["likability"], 0.3, Design(personas=24, scenarios=6, seeds=1), ASSUMED, replicates=2_000).chances
    assert equal.passes > half.passes > worse.passes
    assert worse.passes <= 0.04


def test_below_five_personas_a_gate_tells_nothing() -> None:
    assert chance(Design(personas=4, scenarios=8, seeds=1), ASSUMED_LEVELS, 2.0).cannot_tell == 1


def test_what_is_on_another_scale_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="scale of 1 to 5"):
        required_measure(parse_requirement("share(exchange<=2) <= 0.1"))
    with pytest.raises(InputError, match="scale of 1 to 5"):
        margin_measure("jaccard")


def test_spreads_of_nothing_tell_anything() -> None:
    nothing = Spreads(personas=0, scenarios=0, cells=0.001, seeds=0, source="none")
    assert (detectable(Design(personas=12, scenarios=1, seeds=1), nothing, replicates=100).difference or 9) <= 0.01


def test_a_pilot_tells_the_spreads_of_the_measure_that_is_asked_about() -> None:
    """Callback differs between people here, and the four dimensions that always apply do not."""

    def given(target: str, i: int) -> list[Given]:
        return [3, 3, 3, 3, 3, 3, 1 + i % 4 if target == "remembers" else 3]

    pilot = source({(t, p, "s"): given(t, i) for i, p in enumerate(people(8)) for t in ("remembers", "forgets")})
    arms = [pilot.arm(t) for t in ("remembers", "forgets")]
    callback, fixed = required_measure(parse_requirement("callback >= 3")), margin_measure("fixed_set")
    assert (callback, fixed) == (BY_ID["callback"], BY_ID["fixed_set"])
    for spreads in (pilot_spreads, level_spreads):
        found = spreads(arms, run="p", measure=callback)
        assert found is not None
        assert found.personas > 0.3
        assert spreads(arms, run="p", measure=fixed) is None, "what never varies tells nothing of how it does elsewhere"
