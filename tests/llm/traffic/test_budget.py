"""The budget: reserved before a call, settled behind it, in all and by role; time is a number here."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.event import Call, Estimated, Role, Usage
from sim.core.spec import Limits, ModelSpec
from sim.core.spec.model import PriceSpec
from sim.core.spec.study import RoleLimits
from sim.engine.preflight import check_prices, priced_parts, study_faults
from sim.llm.counts import count_usage
from sim.llm.prices import Price, model_price
from sim.llm.traffic.budget import REPLY, Spent, tally
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import TokenEstimate, Traffic
from tests import examples
from tests.llm.traffic.test_limit import Stage

PRICE = Price(input=1e-6, output=4e-6)
AT = CallDestination("api.example.com", "openai/any")
ASKED = 400
"""Tokens sent with each call."""
BOUND = 100
"""Tokens that each answer may have."""


@dataclass
class Shop:
    """Calls that reserve 500 tokens each and take what `output` draws."""

    stage: Stage
    most: int
    """Tokens that an answer has at most."""
    made: int = 0
    taken: int = 0

    async def work(self, draw: random.Random) -> str:
        try:
            while True:
                async with self.stage.traffic.passage("target", AT, TokenEstimate(ASKED, BOUND), price=PRICE) as here:
                    output = draw.randint(1, self.most)
                    self.made += 1
                    await self.stage.sleep(draw.random())
                    here.answered()
                    here.settle(Usage(input=ASKED, output=output), None)
                    self.taken += ASKED + output
        except CallFailed as failed:
            return f"{failed.cause}: {failed.message}"

    async def sell(self, concurrency: int) -> set[str]:
        draw = random.Random(7)
        tasks = [asyncio.create_task(self.work(draw)) for _ in range(concurrency)]
        await self.stage.run(lambda: all(t.done() for t in tasks))
        return {t.result() for t in tasks}


@pytest.mark.parametrize("concurrency", [1, 50, 500])
async def test_what_is_spent_stays_within_the_budget_where_calls_take_what_they_reserved(concurrency: int) -> None:
    shop = Shop(Stage(Limits(max_tokens=100_000)), most=BOUND)
    (said,) = await shop.sell(concurrency)
    assert 100_000 - (ASKED + BOUND) < shop.taken <= 100_000, "as much as fits, and no more"
    assert "--max-tokens" in said


@pytest.mark.parametrize("concurrency", [1, 50, 500])
async def test_else_it_is_exceeded_by_no_more_than_the_excess_of_the_calls_in_flight(concurrency: int) -> None:
    shop = Shop(Stage(Limits(max_tokens=100_000)), most=3 * BOUND)
    await shop.sell(concurrency)
    in_flight = min(concurrency, 100_000 // (ASKED + BOUND))
    assert shop.taken <= 100_000 + in_flight * 2 * BOUND


@pytest.mark.parametrize("concurrency", [1, 50, 500])
async def test_dollars_hold_as_tokens_do(concurrency: int) -> None:
    shop = Shop(Stage(Limits(max_cost=0.05)), most=BOUND)
    (said,) = await shop.sell(concurrency)
    spent = shop.stage.traffic.budget.spent
    assert 0.05 - 0.0008 < spent.cost <= 0.05
    assert spent.calls == shop.made
    assert "--max-cost" in said


async def test_who_does_not_fit_waits_for_those_under_way_and_then_passes() -> None:
    stage = Stage(Limits(max_tokens=1_000))
    order: list[str] = []

    async def call(name: str, output: int) -> None:
        async with stage.traffic.passage("user", AT, TokenEstimate(500, 400)) as here:
            order.append(name)
            await stage.sleep(1)
            here.settle(Usage(input=50, output=output), None)

    tasks = [asyncio.create_task(call(name, 20)) for name in "ab"]
    await stage.run(lambda: all(t.done() for t in tasks))
    assert (order, stage.clock.now) == (["a", "b"], 2.0)
    assert stage.traffic.budget.spent.tokens == 140


async def test_a_call_that_comes_to_nothing_gives_back_what_it_had_reserved() -> None:
    traffic = Traffic(Limits(max_tokens=1_000))
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            async with traffic.passage("user", AT, TokenEstimate(500, 400)):
                raise ZeroDivisionError
    async with traffic.passage("user", AT, TokenEstimate(500, 400)):
        pass
    assert traffic.budget.spent == Spent()


async def test_who_waits_for_a_settlement_is_told_when_the_run_stops() -> None:
    traffic = Traffic(Limits(max_tokens=1_000))
    waiting = traffic.passage("user", AT, TokenEstimate(500, 400))
    async with traffic.passage("user", AT, TokenEstimate(500, 400)):
        task = asyncio.create_task(waiting.__aenter__())
        await asyncio.sleep(0)
        traffic.stop()
        with pytest.raises(CallFailed) as failed:
            await task
    assert failed.value.cause == "interrupted"


async def test_a_call_under_way_may_be_tried_again_when_the_rest_is_used_up() -> None:
    traffic = Traffic(Limits(max_tokens=1_000))
    async with traffic.passage("user", AT, TokenEstimate(500, 400)) as here:
        with pytest.raises(CallFailed, match="--max-tokens"):
            async with traffic.passage("user", AT, TokenEstimate(2_000, 0)):
                pass
        await here.rest(0)
        here.settle(Usage(input=500, output=400), None)


async def test_roles_have_budgets_of_their_own() -> None:
    traffic = Traffic(Limits(max_tokens=10_000, roles={"rater": RoleLimits(max_tokens=1_000)}))

    async def ask(role: Role) -> None:
        async with traffic.passage(role, AT, TokenEstimate(500, 100)) as here:
            here.settle(Usage(input=500, output=100), None)

    await ask("rater")
    with pytest.raises(CallFailed, match=r"1,000 tokens for the rater is used up .*raise --max-tokens rater="):
        await ask("rater")
    assert traffic.closed == {"rater"}
    assert traffic.exhausted() is None
    for _ in range(15):
        await ask("user")
    with pytest.raises(CallFailed, match="budget of 10,000 tokens is used up"):
        await ask("user")


async def test_a_call_without_usage_is_settled_at_what_it_reserved_and_says_so() -> None:
    traffic = Traffic(Limits(max_tokens=10_000))
    async with traffic.passage("target", AT, TokenEstimate(300, None), price=PRICE) as here:
        settled = here.settle(None, None)
    assert settled == (None, None, Estimated(input=300, output=REPLY, cost=PRICE.cost(Usage(input=300, output=REPLY))))
    spent = traffic.budget.spent
    assert (spent.tokens, spent.unknown_tokens, spent.estimated.tokens) == (0, 1, 300 + REPLY)
    call = Call(role="target", model="openai/any", prompt="0", estimated=settled.estimated)
    assert tally([Call.model_validate_json(call.model_dump_json())]) == traffic.budget.by_role, "a resumed run counts alike"
    for _ in range(6):
        async with traffic.passage("target", AT, TokenEstimate(300, None)) as here:
            here.settle(None, None)
    with pytest.raises(CallFailed, match="is used up"):
        await traffic.passage("target", AT, TokenEstimate(300, None)).__aenter__()


async def test_a_price_for_each_call_is_known_whatever_it_takes() -> None:
    traffic = Traffic(Limits(max_cost=0.01))
    price = Price(input=0, output=0, call=0.002)
    for _ in range(4):
        async with traffic.passage("target", AT, TokenEstimate(300), price=price) as here:
            assert here.settle(None, None).cost == 0.002
    assert traffic.budget.spent.cost == pytest.approx(0.008)
    async with traffic.passage("target", AT, TokenEstimate(300), price=price):
        waiting = asyncio.create_task(traffic.passage("target", AT, TokenEstimate(300), price=price).__aenter__())
        await asyncio.sleep(0)
        assert not waiting.done(), "the fifth is promised what is left"
    await waiting


async def test_long_answers_are_reserved_for_once_they_have_come() -> None:
    traffic = Traffic(Limits(max_tokens=100_000))
    async with traffic.passage("user", AT, TokenEstimate(0, None)) as here:
        here.settle(Usage(input=0, output=9_000), None)
    assert traffic.budget.reply("user", AT.model) == 9_000
    assert traffic.budget.reply("rater", AT.model) == REPLY


def test_cached_and_written_tokens_have_their_prices_and_reasoning_costs_as_output() -> None:
    price = Price(input=10, output=100, cached=1, cache_write=12.5)
    assert price.cost(Usage(input=100, output=7, cached=60, cache_write=30, reasoning=5)) == 10 * 10 + 60 * 1 + 30 * 12.5 + 7 * 100
    assert Price(input=10, output=0).cost(Usage(input=100, output=0, cached=60)) == 1_000


def test_usage_is_read_with_what_was_cached_written_and_thought() -> None:
    said = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_creation_tokens": 30},
        "completion_tokens_details": {"reasoning_tokens": 15},
    }
    assert count_usage(said) == Usage(input=100, output=20, cached=60, cache_write=30, reasoning=15)
    assert count_usage({**said, "total_tokens": 135}) == Usage(input=100, output=35, cached=60, cache_write=30, reasoning=15), (
        "counted beside the rest"
    )


def test_a_study_says_what_a_model_costs_by_the_million() -> None:
    spec = ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1", price=PriceSpec(input=0.5, output=1.5))
    price = model_price(spec)
    assert price is not None
    assert price.cost(Usage(input=1_000_000, output=1_000_000)) == pytest.approx(2.0)
    assert model_price(ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1")) is None
    listed = model_price(ModelSpec(model="openai/gpt-4o"))
    assert listed is not None
    assert listed.cached is not None
    assert listed.cached < listed.input


def test_dollars_are_refused_where_nobody_knows_a_price() -> None:
    study = examples.study()
    check_prices(priced_parts(study), Limits())
    unknown = study.model_copy(update={"user": ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1")})
    with pytest.raises(InputError, match=r"--max-cost: nobody knows what the user \(openai/any\) costs; give it price: .*or use --max-tokens"):
        check_prices(priced_parts(unknown), Limits(max_cost=1))
    check_prices(priced_parts(unknown), Limits(roles={"judge": RoleLimits(max_cost=1)}))
    with pytest.raises(InputError, match="nobody knows"):
        check_prices(priced_parts(unknown), Limits(roles={"user": RoleLimits(max_cost=1)}))


def test_a_study_is_told_at_which_of_its_bounds_a_price_is_missing() -> None:
    unknown = examples.study(user={"model": "openai/any", "api_base": "http://127.0.0.1:1/v1"})
    for limits, at in (({"max_cost": 1}, ("limits", "max_cost")), ({"roles": {"user": {"max_cost": 1}}}, ("limits", "roles", "user", "max_cost"))):
        bound = unknown.model_copy(update={"limits": Limits.model_validate(limits)})
        fault, *_ = (f for f in study_faults(bound) if "costs" in f.problem)
        assert (fault.problem, fault.at) == ("nobody knows what the user (openai/any) costs", at)
        assert fault.mend.startswith("give it price: {input: ")
    assert not [f for f in study_faults(unknown) if "costs" in f.problem]
