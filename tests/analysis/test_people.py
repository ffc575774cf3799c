"""People are told apart by what they did, and who does not read the lines is named."""

from __future__ import annotations

from sim.analysis.figures.people import PersonFigures, summarise_people
from sim.core.event import FormAnswered, Judged
from sim.core.fold import fold
from tests.analysis.stories import told_in_full


def test_who_read_and_who_talked_with_their_checks() -> None:
    trial = told_in_full()
    at = {"trial": trial.trial.id, "session": 1, "take": 1}
    more = [
        Judged(kind="rated", **at, exchange=1, part="human:reads", result={}),
        Judged(kind="rated", **at, exchange=2, part="human:reads", result={}),
        Judged(kind="rated", **at, exchange=1, part="human:talks", result={}),
        Judged(kind="rated", **at, part="human:talks", result={}),
    ]
    forms = [
        FormAnswered(**at, exchange=n, part=f"human:{who}:{name}", answers={"asked": 4, "chosen": chosen})
        for n, (who, name, chosen) in enumerate([("reads", "check", 4), ("reads", "check", 3), ("talks", "before", 1), ("gone", "check", 4)], start=1)
    ]
    assert summarise_people([fold(trial.told(), more)], forms) == (
        PersonFigures(rater="human:reads", did="read", exchanges=2, checks=2, passed=1),
        PersonFigures(rater="human:talks", did="talked", exchanges=1, checks=0, passed=0),
        PersonFigures(rater="human:gone", did="read", exchanges=0, checks=1, passed=1),
    )
