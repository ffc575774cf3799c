"""What memory buys: one model under several policies, and the order of many targets."""

from __future__ import annotations

from typing import Any

import pytest

from sim.analysis.figures.run_summary import RunSummary
from sim.analysis.figures.summary import summarise
from sim.core.cast import build_cast
from sim.core.event import Outcome
from sim.core.record import Trial
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.test_adaptability import scenario
from tests.analysis.trials import Diary, Given, planned

PERSONAS = ("nora", "omar", "pia")


def trial(target: str, persona: str, *, liked: int, callback: Given = "na", outcome: Outcome = "right") -> Trial:
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open()
    diary.exchange([liked] * 6 + [callback])
    return diary.probe("explicit", outcome).close().finish()


def summary(trials: list[Trial], targets: list[dict[str, Any]]) -> RunSummary:
    return summarise(examples.study(probes={}, targets=targets), trials, run="r", status="finished", offline=(), codebook=CODEBOOK)


def chat(id: str, memory: str, model: str = "offline/uses", **more: Any) -> dict[str, Any]:
    return {"id": id, "model": model, "memory": memory, **more}


def test_memory_may_buy_no_liking_at_all() -> None:
    trials = [trial("knows", p, liked=3, callback=5) for p in PERSONAS]
    trials += [trial("knows-not", p, liked=3, callback="missed", outcome="unknown") for p in PERSONAS]
    bought = summary(trials, [chat("knows", "full"), chat("knows-not", "none")]).bought
    assert [(b.model, b.against) for b in bought] == [("offline/uses", "knows-not")]
    full, none = bought[0].arms
    assert full.gains is not None
    assert full.likes is not None
    assert (full.gains.difference, full.likes.difference, full.liked, none.liked) == (1, 0, 3, 3)
    assert (none.gains, none.likes) == (None, None)


def test_the_four_cells_of_callback_and_false_memories_stand_apart() -> None:
    diary = Diary(planned("nora/moving-house/knows/1", target="knows")).open()
    given: list[Given] = [5, "missed", "surprise", "na"]
    for callback in given:
        diary.exchange([3] * 6 + [callback])
    bought = summary([diary.close().finish()], [chat("knows", "full"), chat("knows-not", "none")]).bought
    cells = bought[0].arms[0].callbacks
    assert (cells.hit, cells.missed, cells.surprise, cells.intrusive, cells.false_memories) == (1, 1, 1, 0, 0)


def test_only_what_differs_in_memory_alone_is_one_model() -> None:
    targets = [chat("a", "full"), chat("b", "none"), chat("c", "none", model="offline/cold"), chat("d", "none", system="Be brief.")]
    found = summary([trial(t["id"], "nora", liked=3) for t in targets], targets)
    assert [[a.target for a in b.arms] for b in found.bought] == [["a", "b"]]
    assert {t.target: t.adaptability.reference for t in found.targets} == {"a": "b", "b": None, "c": None, "d": None}
    assert {t.target: t.adaptability.reading for t in found.targets}["c"] == "no memory-less arm to compare it with"


@pytest.mark.parametrize(("targets", "correlates"), [(9, False), (10, True)])
def test_ranks_are_correlated_only_from_ten_targets_on(targets: int, correlates: bool) -> None:
    specs = [chat(f"t{i}", "full", model=f"openai/m{i}") for i in range(targets)]
    trials = [trial(f"t{i}", p, liked=1 + i % 5, outcome="right" if i % 5 > 2 else "wrong") for i in range(targets) for p in PERSONAS]
    ranks = summary(trials, specs).ranks
    assert ranks.targets == targets
    assert (ranks.spearman is not None) == correlates
    assert ranks.spearman is None or ranks.spearman > 0.8


def test_where_all_remember_alike_there_is_no_order_to_compare() -> None:
    specs = [chat(f"t{i}", "full", model=f"openai/m{i}") for i in range(10)]
    trials = [trial(f"t{i}", "nora", liked=1 + i % 5) for i in range(10)]
    assert summary(trials, specs).ranks.spearman is None


def test_the_reference_arm_is_found_and_takes_off_what_the_sessions_are_harder_by() -> None:
    def arm(target: str, callbacks: list[Given]) -> list[Trial]:
        found = []
        for persona in PERSONAS:
            cast = build_cast(examples.persona(persona), scenario(4), start_date=examples.study().start_date)
            diary = Diary(Trial(f"{persona}/{target}/1", target, 1, cast))
            for always, callback in zip((5, 4, 3, 2), callbacks, strict=True):
                diary.open().exchange([always] * 4 + ["na", "na", callback]).close()
            found.append(diary.finish())
        return found

    trials = [*arm("knows", [1, 2, 3, 4]), *arm("knows-not", [1, 1, 1, 1])]
    of = summary(trials, [chat("knows", "full"), chat("knows-not", "none")]).targets
    knows, knows_not = (t.adaptability for t in of)
    assert (knows.value, knows.reference, knows.placebo) == (pytest.approx(0), "knows-not", 0)
    assert (knows.gain, knows.trends[0].callback) == (pytest.approx(-2), pytest.approx(1))
    assert (knows_not.value, knows_not.trends[0].slope) == (None, pytest.approx(-1))
