"""What a tagger takes, for 1,000 replies."""

from __future__ import annotations

import pytest

from sim.core.event import Call, Usage
from sim.score.moves.price import CallTally, PerThousand

COUNTED = Usage(input=300, output=20)


def call(*, usage: Usage | None = COUNTED, cost: float | None = 0.002) -> Call:
    return Call(role="tagger", model="openai/x", prompt="0", usage=usage, cost=cost)


def test_repairs_and_calls_that_came_to_nothing_count_and_replies_without_a_call_do_too() -> None:
    taken = CallTally()
    taken.add([call()])
    taken.add([call(), call()])
    taken.add([call()], replies=0)
    taken.add([])
    found = taken.per_thousand
    assert found is not None
    assert (found.calls, found.input_tokens, found.output_tokens) == (pytest.approx(4000 / 3), pytest.approx(400_000), pytest.approx(80_000 / 3))
    assert found.dollars == pytest.approx(0.008 / 3 * 1000)


def test_one_unknown_makes_its_sum_unknown_and_no_other() -> None:
    taken = CallTally()
    taken.add([call(), call(cost=None)])
    assert taken.per_thousand == PerThousand(2000, 600_000, 40_000, None)
    taken.add([call(usage=None)], replies=0)
    assert taken.per_thousand == PerThousand(3000, None, None, None)


def test_a_price_of_nothing_is_known() -> None:
    taken = CallTally()
    taken.add([call(cost=0.0)])
    assert taken.per_thousand == PerThousand(1000, 300_000, 20_000, 0.0)


@pytest.mark.parametrize("replies", [0, 5])
def test_without_a_call_or_without_a_reply_there_is_no_price(replies: int) -> None:
    taken = CallTally()
    taken.add([] if replies else [call()], replies=replies)
    assert taken.per_thousand is None
