"""What several figures are made of is computed once a run: each reply's words are counted once, each session's mean is taken once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sim.analysis.figures.adaptability import SessionMeans
from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from sim.core import record
from sim.core.record import Trial
from sim.core.text import count_words
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, planned


def told(persona: str, target: str) -> Trial:
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona))
    for session in (1, 2):
        diary.open()
        for n in (1, 2):
            diary.exchange(3 + n % 2, ("advice",), reply=f"This is what I say to {persona} as {target} in {session}.{n}.")
    return diary.finish()


def test_words_and_session_means_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[str] = Counter()
    averaged: Counter[Any] = Counter()
    computed = SessionMeans._computed

    def count(text: str) -> int:
        counted[text] += 1
        return count_words(text)

    def average(means: SessionMeans, over: Any) -> dict[str, dict[int, float]]:
        averaged[over] += 1
        return computed(means, over)

    monkeypatch.setattr(record, "count_words", count)
    monkeypatch.setattr(SessionMeans, "_computed", average)
    trials = [told(persona, target) for persona in ("nora", "omar", "pia") for target in ("remembers", "forgets")]
    source = RunSource("told", examples.study(), CODEBOOK, trials, status="finished")
    compare([source])
    summarise(examples.study(), trials, run="told", status="finished", offline=(), codebook=CODEBOOK, table=source.table)
    assert set(counted.values()) == {1}
    assert len(counted) == 24
    assert set(averaged.values()) == {1}
