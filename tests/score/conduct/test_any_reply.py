"""No reply, however odd, makes a scorer of conduct raise: it is scored, or not applicable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.foreign.code import load_object
from sim.score.registry import FAMILIES, IN_PYTHON
from tests.benchmarks.confusion import NONE, Case, judge, load_cases, with_cases

ODD = ("", "   ", "🙂", "!!!", "```code```", "“quoted”", "word " * 5000, "9" * 6000, "I’m\u2028sorry\x00", "\t\t^ bias")


@pytest.mark.parametrize("name", IN_PYTHON)
def test_an_odd_reply_is_scored(name: str) -> None:
    family = next((f for f, names in FAMILIES.items() if name in names), name)
    case = next(c for c in load_cases(family) if c.label != NONE) if family in with_cases() else Case("x", message="Is it so? Goodbye!")
    scorer = load_object(IN_PYTHON[name], owner=name)()  # type: ignore[operator]
    judged = judge(scorer, [replace(case, reply=reply) for reply in ODD])
    assert all(j.found for j in judged)
