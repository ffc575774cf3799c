"""User models × rater models: what was planted is found, and what cannot be crossed is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from sim.analysis.trust.crossed import CrossedDocument, Effect, compare_crossed, components, spreads
from sim.analysis.verdicts.arms import RunSource
from sim.core.cast import build_cast
from sim.core.errors import InputError
from sim.core.record import Trial
from sim.present.text.crossed import render_crossed
from tests import examples
from tests.analysis.cells import people
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, Given
from tests.present.test_tables import plain

ONE, TWO = "offline/friendly", "offline/guarded"
Scores = Mapping[str, int | list[Given]]
"""Of the target that remembers, by rater; the other target has 3 from everybody."""


def run(name: str, user: str, scores: Scores, *, n: int = 5, scenario: str = "moving-house", **changes: object) -> RunSource:
    study = examples.study(user={"model": user}, observers=[{"id": "second", "model": TWO if user == ONE else ONE}], **changes)
    trials = []
    for persona in people(n):
        for target in ("remembers", "forgets"):
            cast = build_cast(examples.persona(persona), examples.scenario(scenario), start_date=study.start_date)
            diary = Diary(Trial(f"{persona}/{target}", target, 1, cast)).open()
            own, *others = (dict.fromkeys(scores, 3) if target == "forgets" else scores).items()
            given = dict(others)
            trials.append(diary.exchange(own[1], others=given).exchange(own[1], others=given).close(4).finish())
    return RunSource(name, study, CODEBOOK, trials)


def crossed(*sources: RunSource, same: bool = True) -> CrossedDocument:
    return compare_crossed(sources, conditions=[{"user": s.run, "rater": s.run, "prompt 'x'": "same" if same else s.run} for s in sources])


def both() -> tuple[RunSource, RunSource]:
    return run("a", ONE, {"self": 5, "observer:second": 4}), run("b", TWO, {"self": 2, "observer:second": 4})


# --- components ---------------------------------------------------------------------------------------------------


PLANTED: dict[Effect, float] = {
    **{"user": 0.3, "rater": 0.2, "user × rater": 0.15, "persona": 0.4},
    **{"persona × user": 0.25, "persona × rater": 0.1, "rest": 0.35},
}
"""Standard deviations."""


def drawn(rng: np.random.Generator, users: int, raters: int, personas: int) -> np.ndarray:
    """(U, R, P) The differences of one study."""
    values = np.zeros((users, raters, personas))
    for effect, deviation in PLANTED.items():
        own = [effect == "rest" or name in effect.split(" × ") for name in ("user", "rater", "persona")]
        values = values + rng.normal(0, deviation, [n if has else 1 for n, has in zip(values.shape, own, strict=True)])
    return values


@pytest.mark.parametrize(("users", "raters"), [(2, 2), (3, 4)])
def test_planted_components_are_found(users: int, raters: int) -> None:
    rng = np.random.default_rng([users, raters])
    found = [components(drawn(rng, users, raters, 12)) for _ in range(3_000)]
    for effect, deviation in PLANTED.items():
        each = np.array([of[effect] for of in found])
        assert each.mean() == pytest.approx(deviation**2, abs=4 * each.std() / np.sqrt(len(each)))


def test_where_only_the_rater_matters_only_the_rater_has_a_share() -> None:
    values = np.zeros((2, 2, 6)) + np.array([0.0, 1.0])[None, :, None]
    found = spreads(values)
    assert found["rater"].variance == pytest.approx(0.5)
    assert found["rater"].share == pytest.approx(1.0)
    assert found["rater"].interval == pytest.approx((0.5, 0.5))
    assert all(found[e].variance == pytest.approx(0.0) for e in found if e != "rater")


def test_negative_components_are_kept_and_spread_nothing() -> None:
    values = np.random.default_rng(3).normal(0, 1, (2, 2, 8))
    found = [spreads(np.random.default_rng(seed).normal(0, 1, (2, 2, 8)))["user"] for seed in range(20)]
    assert min(of.variance for of in found) < 0
    assert all(of.deviation == 0 and of.share == 0 for of in found if of.variance <= 0)
    assert sum(of.share or 0 for of in spreads(values).values()) == pytest.approx(1)


# --- cells --------------------------------------------------------------------------------------------------------


def test_every_user_meets_every_rater_and_the_order_is_looked_at_in_each_cell() -> None:
    found = crossed(*both())
    assert (found.users, found.raters) == ((ONE, TWO), (ONE, TWO))
    assert found.runs == {ONE: {ONE: "a", TWO: "a"}, TWO: {ONE: "b", TWO: "b"}}
    fixed = found.measures["fixed_set"]
    (pair,) = fixed.pairs
    assert {(c.user, c.rater): c.difference for c in pair.cells} == {(ONE, ONE): 2, (ONE, TWO): 1, (TWO, TWO): -1, (TWO, ONE): 1}
    assert (pair.difference, pair.kept, fixed.order_kept, pair.personas) == (0.75, 3, False, 5)
    assert fixed.means[TWO][TWO] == {"remembers": 2, "forgets": 3}
    assert pair.components["persona"].variance == pytest.approx(0)
    assert pair.sentence == "remembers comes before forgets in 3 of 4 cells (clearly in 0): 0.75 on average, −1.00 to 2.00 in the cells"
    assert any("the user rates its own talk" in note for note in found.notes)


def test_one_order_in_every_cell_is_said() -> None:
    found = crossed(run("a", ONE, {"self": 5, "observer:second": 4}), run("b", TWO, {"self": 4, "observer:second": 5}))
    assert found.measures["fixed_set"].order_kept
    text = plain(render_crossed(found), 120)
    assert "2 user models × 2 rater models" in text
    assert "fixed set: one order of targets in every cell" in text
    assert "user × rater" in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_figure_is_broken_in_a_narrow_window(width: int) -> None:
    found = crossed(*both())
    text = plain(render_crossed(found, width=width), width)
    assert max(map(len, text.splitlines())) <= width
    differences = text.partition("Differences within each cell")[2].partition("What spreads")[0]
    rows = [line for line in differences.splitlines() if line.startswith("remembers −")]
    assert [row.split()[-1 if width == 60 else -3] for row in rows] == ["+2.00", "+1.00", "−1.00", "+1.00"]
    assert ("no room here for 95 %, personas" in differences) == (width == 60)


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_missing_cell_is_named_with_the_command_that_fills_it() -> None:
    one, _ = both()
    with pytest.raises(InputError, match=f"cells are missing: user {TWO} × rater {ONE}") as refused:
        crossed(one, run("b", TWO, {"self": 2}))
    assert refused.value.mend == f"sim score b --rater {ONE}"


def test_a_rater_that_did_not_see_every_user_is_left_out_and_named() -> None:
    _, two = both()
    third = run("a", ONE, {"self": 5, "observer:second": 4, "observer:third/model": 1})
    assert any("third/model" in note for note in crossed(third, two).notes)


def test_what_else_differs_is_refused() -> None:
    one, two = both()
    with pytest.raises(InputError, match="differ in more than user and rater: prompt 'x'"):
        crossed(one, two, same=False)
    with pytest.raises(InputError, match="personas"):
        crossed(one, run("b", TWO, {"self": 2, "observer:second": 4}, n=4))
    with pytest.raises(InputError, match="the study's seed"):
        crossed(one, replace(two, study=two.study.model_copy(update={"seed": 99})))


def test_one_user_alone_or_twice_is_refused() -> None:
    one, _ = both()
    with pytest.raises(InputError, match="one model plays the user"):
        crossed(one)
    with pytest.raises(InputError, match="is there twice, in run 'a' and in run 'c'"):
        crossed(one, run("c", ONE, {"self": 2, "observer:second": 4}))


def test_one_target_has_no_difference() -> None:
    lone = replace(both()[0], study=examples.study(targets=[{"id": "remembers", "model": "offline/uses", "memory": "full"}]))
    with pytest.raises(InputError, match="has one target"):
        crossed(lone)
