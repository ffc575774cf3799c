"""Who suits whom: obeyed where a glob swept a pair up, not where both were named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import InputError, split
from sim.core.spec import left_out
from sim.engine.plan import forecast, plan_trials
from sim.present.words import not_suited
from sim.store.check import check_paths
from tests import examples

NORA, OMAR = examples.persona("nora", age=67), examples.persona("omar", age=17, tags=("student", "deaf"))


def skipped(scenario: dict[str, Any], *, personas: tuple[str, ...] = ("*",), scenarios: tuple[str, ...] = ("*",), **persona: Any) -> list[str]:
    study = examples.study(personas=personas, scenarios=scenarios)
    people = (NORA, OMAR.model_copy(update=persona))
    return [f"{pair.persona}: {pair.why}" for pair in left_out(study, people, [examples.scenario(**scenario)])]


@pytest.mark.parametrize(
    ("scenario", "out"),
    [
        ({}, []),
        ({"suits": {"age": {"max": 19}}}, ["nora: for ages 0 to 19"]),
        ({"suits": {"tags": ["student", "parent"]}}, ["nora: for student or parent"]),
        ({"suits": {"age": {"min": 18}, "tags": ["student"]}}, ["nora: for student", "omar: for ages 18 to 120"]),
        ({"unfit": ["deaf"]}, ["omar: not for deaf"]),
        ({"unfit": ["nora"]}, ["nora: not for nora"]),
    ],
)
def test_a_scenario_says_whom_it_is_for(scenario: dict[str, Any], out: list[str]) -> None:
    assert skipped(scenario) == out


def test_a_persona_says_what_it_is_not_for() -> None:
    assert skipped({}, unfit=(examples.scenario().id,)) == ["omar: the persona says so"]


def test_what_is_named_outright_on_both_sides_runs() -> None:
    unfit, id = {"unfit": ["deaf"]}, examples.scenario().id
    assert skipped(unfit, personas=("omar",)) == ["omar: not for deaf"]
    assert skipped(unfit, personas=("builtin/*", "omar"), scenarios=(id,)) == []
    assert skipped(unfit, personas=("people/omar.yaml",), scenarios=(f"../{id}.yaml",)) == []
    assert skipped(unfit, personas=("people",), scenarios=(id,)) == ["omar: not for deaf"], "a folder sweeps up too"


def test_a_plan_leaves_them_out_and_counts_them() -> None:
    study, scenario = examples.study(personas=("*",), scenarios=("*",)), examples.scenario(unfit=["deaf"])
    plans = plan_trials(study, (NORA, OMAR), (scenario,))
    assert {plan.cast.persona.id for plan in plans} == {"nora"}
    found = left_out(study, (NORA, OMAR), (scenario,))
    assert forecast(study, plans, skipped=found).left_out == found
    assert not_suited(found) == f"left out: 1 pair of persona and scenario that does not suit each other ({scenario.id} 1)"
    with pytest.raises(InputError, match="no persona of the study suits any of its scenarios"):
        plan_trials(study, (OMAR,), (scenario,))


def test_a_reference_in_a_recipe_is_complained_of_at_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "long.yaml").write_text(
        """id: long
title: Long
about: Long.
sessions:
  - {repeat: 3, situation: Now., mood: {feels: even, valence: 0}, exchanges: {min: 1, max: 1}, agenda: [{aim: speak, says: [So.]}]}
  - situation: Later.
    mood: {feels: even, valence: 0}
    exchanges: {min: 1, max: 1}
    agenda: [{aim: speak, says: [So.]}]
    disclose: [persona.yacht]
""",
        encoding="utf-8",
    )
    study = tmp_path / "s.yaml"
    study.write_text("name: s\ntargets: [{id: a, model: offline/uses}]\nuser: {model: offline/user}\npersonas: [davi]\nscenarios: [long]\n")
    (file,) = check_paths([study])
    assert {line for problem in file.problems for one in split(problem) if (line := one.line)} == {10}
