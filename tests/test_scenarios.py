"""Every shipped scenario runs offline to its end, and the guide's page of scenarios says what there is.

`python -m tests.test_scenarios` prints the guide's table.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml

from sim.core.cast import build_cast
from sim.core.spec import Persona, Scenario
from sim.core.spec.suits import unsuited
from tests.samples import load, play

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "sim" / "guide" / "scenarios.md").read_text(encoding="utf-8")
SCENARIOS = tuple(p.stem for p in sorted((ROOT / "scenarios").glob("*.yaml")))
PERSONAS = tuple(p.stem for p in sorted((ROOT / "personas").glob("*.yaml")))
START = dt.date(2026, 1, 5)
EXAMPLES = tuple(re.findall(r"^```yaml\n(# scenario.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))


def table() -> str:
    """A line for every shipped scenario."""
    people = [load(Persona, name) for name in PERSONAS]
    lines = ["| scenario | what happens | sessions | days | exchanges | facts | for whom |", "|---|---|---|---|---|---|---|"]
    for name in SCENARIOS:
        scenario = load(Scenario, name)
        lengths = [s.exchanges for s in scenario.sessions]
        days = sum(s.gap for s in scenario.sessions[1:])
        told = len({f for s in scenario.sessions for f in (*s.disclose, *(u.fact for u in s.updates))})
        suits = sum(not unsuited(p, scenario) for p in people)
        whom = "anybody" if suits == len(people) else f"{_whom(scenario)}: {suits} of {len(people)}"
        least, most = sum(x.min for x in lengths), sum(x.max for x in lengths)
        exchanges = f"{least} to {most}" if least < most else f"{least}"
        lines.append(f"| `{name}` | {scenario.title} | {len(scenario.sessions)} | {days} | {exchanges} | {told} | {whom} |")
    return "\n".join(lines)


def _whom(scenario: Scenario) -> str:
    suits = scenario.suits
    told = []
    if suits and suits.age:
        told.append(f"up to {suits.age.max}" if not suits.age.min else f"from {suits.age.min}" if suits.age.max == 120 else f"{suits.age}")
    if suits and suits.tags:
        told.append(" or ".join(suits.tags))
    return ", ".join((*told, *(f"not {name}" for name in scenario.unfit)))


def test_the_guides_table_is_of_what_ships() -> None:
    assert table() in GUIDE, "python -m tests.test_scenarios prints it"


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_shipped_scenario_runs_offline_to_its_end_and_tells_all_that_is_to_be_told(name: str) -> None:
    scenario = load(Scenario, name)
    someone = next(p for p in (load(Persona, n) for n in ("zuza", "nasreen", *PERSONAS)) if not unsuited(p, scenario))
    trial = await play(build_cast(someone, scenario, start_date=START), seed=2)
    assert len(trial.sessions) == len(scenario.sessions)
    for session, cast in zip(trial.sessions, trial.cast.sessions, strict=True):
        assert cast.spec.exchanges.min <= len(session.exchanges) <= cast.spec.exchanges.max
        told = {d.fact for e in session.exchanges for d in e.disclosed}
        assert {t.fact.id for t in cast.core} <= told, (name, session.index)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
async def test_an_example_of_the_guide_is_a_scenario_that_runs(example: str) -> None:
    scenario = Scenario.model_validate(yaml.safe_load(example))
    trial = await play(build_cast(load(Persona, "tore"), scenario, start_date=START))
    assert len(trial.sessions) == len(scenario.sessions)


def test_the_recipe_of_the_guide_makes_what_the_guide_says_of_it() -> None:
    recipe = Scenario.model_validate(yaml.safe_load(EXAMPLES[1]))
    assert len(recipe.sessions) == 12
    assert [s.gap for s in recipe.sessions] == [0, *[7] * 7, 30, *[7] * 3]
    assert [n for n, s in enumerate(recipe.sessions, 1) if s.target == "next"] == [7]
    assert recipe == Scenario.model_validate(yaml.safe_load(EXAMPLES[1])), "drawn by seed"
    assert len(EXAMPLES) == 2


if __name__ == "__main__":
    print(table())
