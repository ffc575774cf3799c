"""What answers to a questionnaire say of how personas are played: planted faults are found, and a faithful player is not accused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
import pytest

from sim.analysis.stats.reliability import spearman
from sim.analysis.trust.expressed import ExpressionDocument, drawn_correlations, judge_expression
from sim.core.event import Unscored
from sim.core.inventory import InventoryItem, ItemAnswer
from sim.core.spec import Persona
from sim.dialogue.inventory import VOTING, load_items
from sim.engine.inventory import _sheets, items_for
from sim.population.marginals import read_marginals
from sim.population.parts import facets
from sim.population.person import make_population


@cache
def people() -> tuple[Persona, ...]:
    return tuple(make_population(24, read_marginals({}), seed=1).people)


Player = Callable[[Persona, InventoryItem, bool, Random], int | Unscored]


def level_of(person: Persona, item: InventoryItem) -> int:
    return next(t.level for t in person.traits if t.facet == item.facet)


def faithful(person: Persona, item: InventoryItem, descending: bool, chance: Random) -> int | Unscored:
    return item.score(min(max(round(level_of(person, item) + chance.gauss(0, 0.8)), 1), 5))


def played(player: Player, *, voting: bool = False) -> ExpressionDocument:
    chance = Random(1)
    answers = [
        ItemAnswer(p.id, item, one.way, one.sheet.descending, player(p, item, one.sheet.descending, chance))
        for p in people()
        for one in _sheets(p, per_facet=4, voting=voting, seed=1)
        for item in one.sheet.items
    ]
    return judge_expression(people(), answers, model="planted", offline=True)


def test_the_questionnaire_has_four_items_of_every_facet_the_population_knows() -> None:
    counts = {facet: [i for i in load_items() if i.facet == facet] for facet in facets()}
    assert [len(of) for of in counts.values()] == [4] * 30
    assert {i.domain for i in load_items()} == {f.domain for f in facets().values()}
    assert all(facets()[i.facet].domain == i.domain for i in load_items())
    assert load_items()[0].text == "Worry about things"


def test_the_facet_with_voting_items_is_asked_only_on_request() -> None:
    asked = items_for(people()[0], per_facet=4, voting=False)
    assert (len(asked), VOTING in {i.facet for i in asked}) == (116, False)
    assert not any("vote" in i.text.casefold() for i in asked)
    assert len(items_for(people()[0], per_facet=4, voting=True)) == 120
    assert len(items_for(people()[0], per_facet=1, voting=False)) == 29


def test_each_item_is_asked_three_times_and_half_of_the_second_times_turned_round() -> None:
    sheets = list(_sheets(people()[0], per_facet=4, voting=False, seed=1))
    by_way = {way: [s.sheet for s in sheets if s.way == way] for way in ("alone", "again", "form")}
    numbers = {i.number for i in items_for(people()[0], per_facet=4, voting=False)}
    for of in by_way.values():
        assert sorted(i.number for sheet in of for i in sheet.items) == sorted(numbers)
    turned = sum(a.descending != b.descending for a, b in zip(by_way["alone"], by_way["again"], strict=True))
    assert turned == 58
    assert 30 < sum(s.descending for s in by_way["alone"]) < 86
    assert [i.number for s in by_way["form"] for i in s.items] != sorted(numbers)
    assert len({s.sheet.seed for s in sheets}) == len(sheets)


def test_a_faithful_player_is_not_accused() -> None:
    document = played(faithful)
    assert document.overall.n == 24 * 29
    assert document.overall.rho is not None
    assert document.overall.interval is not None
    assert document.overall.interval[0] > 0.9
    assert document.remarks == ()
    assert document.rising == len(document.facets) == 29
    assert [m.mean for m in document.levels] == sorted(m.mean or 0 for m in document.levels)
    assert document.order_p is not None
    assert document.order_p > 0.05


def test_a_facet_that_is_played_the_wrong_way_round_or_not_at_all_is_named() -> None:
    def odd(person: Persona, item: InventoryItem, descending: bool, chance: Random) -> int | Unscored:
        answer = faithful(person, item, descending, chance)
        if item.facet == "anger":
            assert isinstance(answer, int)
            return 6 - answer
        return item.score(4) if item.facet == "trust" else answer

    document = played(odd)
    by_facet = {f.facet: f for f in document.facets}
    assert by_facet["anger"].correlation.rho is not None
    assert by_facet["anger"].correlation.rho < -0.9
    assert by_facet["anger"].rises is False
    assert by_facet["trust"].correlation.rho is None, "what never varies goes with nothing"
    assert document.remarks[0] == "Not played as told (ρ below 0.5, or no variation): anger, trust."
    assert "anger" in document.remarks[1]


def test_a_player_who_agrees_with_everything_is_found_by_the_keying() -> None:
    document = played(lambda person, item, descending, chance: chance.choice([4, 5]))
    assert abs(document.overall.rho or 0) < 0.2
    assert len(document.remarks) >= 1


def test_a_player_who_picks_by_place_is_found_by_the_order_of_options() -> None:
    def by_place(person: Persona, item: InventoryItem, descending: bool, chance: Random) -> int | Unscored:
        answer = faithful(person, item, descending, chance)
        assert isinstance(answer, int)
        return min(5, answer + 1) if descending else max(1, answer - 1)

    document = played(by_place)
    assert document.order is not None
    assert document.order > 0.5
    assert document.order_p is not None
    assert document.order_p < 0.01
    assert document.downward is not None
    assert document.downward > 1
    assert any("order of the options" in line for line in document.remarks)


def test_refusals_are_counted_by_cause_and_leave_every_figure() -> None:
    def shy(person: Persona, item: InventoryItem, descending: bool, chance: Random) -> int | Unscored:
        return Unscored(cause="refused", reason="no") if item.facet == "sympathy" else faithful(person, item, descending, chance)

    document = played(shy)
    assert document.refused == {"refused": 24 * 12}
    assert document.answered == document.asked - 24 * 12
    assert "sympathy" not in {f.facet for f in document.facets}
    assert any("answers are missing: refused 288" in line for line in document.remarks)


def test_drawn_persons_are_correlated_as_their_pairs_put_together_are() -> None:
    chance = Random(3)
    groups = [[(f"p{i}", f"f{j}", chance.randint(1, 5), chance.randint(4, 20) / 4) for j in range(chance.randint(1, 6))] for i in range(7)]
    groups += [[("flat", f"f{j}", 3, 2.5) for j in range(4)]]
    chosen = np.random.default_rng(5).integers(8, size=(40, 8))
    chosen[7] = 7  # Nobody but the one in whom nothing varies.
    one_by_one = [spearman(*np.array([x[2:] for i in row for x in groups[i]], dtype=float).T) for row in chosen]
    assert one_by_one[7] is None
    assert drawn_correlations(groups, chosen) == pytest.approx([rho for rho in one_by_one if rho is not None], abs=1e-12)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_few_persons_have_figures_and_no_intervals(n: int) -> None:
    some = {p.id for p in people()[:n]}
    answers = [
        ItemAnswer(p.id, item, one.way, one.sheet.descending, faithful(p, item, one.sheet.descending, Random(2)))
        for p in people()
        if p.id in some
        for one in _sheets(p, per_facet=4, voting=False, seed=1)
        for item in one.sheet.items
    ]
    document = judge_expression(people()[:n], answers, model="planted", offline=True)
    assert document.overall.interval is None
    assert document.order_p is None
    assert (document.overall.rho is None) == (n == 0)
