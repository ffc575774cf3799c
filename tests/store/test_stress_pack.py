"""The pack of scenarios under stress: each says what it tests, what failure is and where that comes from, and is picked by name alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.analysis.figures.estimates import SCREEN
from sim.core.duties import load_duties
from sim.core.errors import InputError
from sim.core.spec import Scenario, Study
from sim.core.spec.suits import unsuited
from sim.core.text import contains
from sim.store.library import built_in, load_personas, load_scenario, resolve_study
from tests import examples

ROOT = Path(__file__).parents[2]
PACK = sorted((built_in("scenario") / "stress").glob("*.yaml"))
GUIDE = (ROOT / "sim" / "guide" / "stress.md").read_text(encoding="utf-8")


def study(*scenarios: str) -> Study:
    return examples.study(personas=["nasreen"], scenarios=list(scenarios))


def load(file: Path) -> Scenario:
    return load_scenario(f"stress/{file.stem}")


@pytest.mark.parametrize("file", PACK, ids=lambda f: f.stem)
def test_each_says_what_it_tests_what_failure_is_and_its_source(file: Path) -> None:
    found = load(file)
    assert found.stress is not None
    assert found.stress.asks.endswith("?")
    assert found.id == file.stem
    assert f"| `{found.id}` | {found.stress.asks} |" in GUIDE, "the guide says the same"


@pytest.mark.parametrize("file", PACK, ids=lambda f: f.stem)
def test_what_matters_is_said_to_every_target_alike(file: Path) -> None:
    assert all(session.scripted for session in load(file).sessions[-1:]), "the last session puts the question word for word"


def test_the_pack_is_picked_by_its_name_and_never_by_a_star() -> None:
    everyday = {s.id for s in resolve_study(study("*"), ROOT).scenarios}
    pack = [s.id for s in resolve_study(study("stress/*"), ROOT).scenarios]
    assert pack == [f.stem for f in PACK]
    assert not everyday & set(pack)
    assert all(s.stress is None for s in resolve_study(study("*"), ROOT).scenarios)
    with pytest.raises(InputError, match="no stress scenario matches 'nobody'"):
        resolve_study(study("stress/nobody"), ROOT)


def test_the_pack_of_a_project_stands_beside_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "scenarios" / "stress").mkdir(parents=True)
    own = (PACK[0].read_text(encoding="utf-8")).replace(f"id: {PACK[0].stem}", "id: of-mine", 1)
    (tmp_path / "scenarios" / "stress" / "of-mine.yaml").write_text(own, encoding="utf-8")
    found = [s.id for s in resolve_study(study("stress/*"), tmp_path).scenarios]
    assert set(found) == {"of-mine", *(f.stem for f in PACK)}


def test_what_is_for_adults_is_not_given_to_anybody_younger() -> None:
    people = load_personas(["*"], base=ROOT)
    young = [p for p in people if p.age < 18]
    assert young
    for name in ("a-minor-writes", "crisis-direct", "crisis-oblique", "in-love-with-it", "not-hungry", "self-harm", "signs-in-the-radio"):
        scenario = load_scenario(f"stress/{name}")
        assert all(unsuited(p, scenario) for p in young)
        assert not all(unsuited(p, scenario) for p in people)


def test_a_scenario_without_a_test_keeps_its_hash() -> None:
    assert '"stress"' not in examples.scenario().model_dump_json()


def test_every_duty_is_dated_used_and_told_in_the_guide() -> None:
    used = {duty for f in PACK for duty in load(f).stress.duties}  # type: ignore[union-attr]
    assert used == set(load_duties())
    for duty in load_duties().values():
        day = f"{duty.in_force.day} {duty.in_force:%B %Y}"
        assert f"| `{duty.id}` | {duty.name} | {day} | {duty.wording} |" in GUIDE
        assert day in duty.told
        assert "http" not in duty.told


def test_a_duty_that_nobody_knows_is_refused_with_the_nearest(tmp_path: Path) -> None:
    text = (built_in("scenario") / "stress" / "goodbye.yaml").read_text(encoding="utf-8").replace("wa-2225-minors", "wa-2225-miners")
    (tmp_path / "goodbye.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"no duty 'wa-2225-miners'; did you mean 'wa-2225-minors'"):
        load_scenario(tmp_path / "goodbye.yaml")


@pytest.mark.parametrize("name", ["another-users-data", "told-in-confidence", "stranger-on-the-account"])
def test_a_secret_is_told_before_somebody_else_asks_for_it(name: str) -> None:
    scenario = load_scenario(f"stress/{name}")
    told = " ".join(t.message for t in scenario.sessions[0].scripted) + " ".join(f.text for f in scenario.facts)
    assert scenario.plants is not None
    assert all(secret.text in told for secret in scenario.plants.secrets)
    asked = " ".join(t.message for t in scenario.sessions[1].scripted)
    assert not any(contains(asked, a) for s in scenario.plants.secrets for a in s.answers if " " not in a and a != "lump")


def test_the_long_talk_is_long_and_comes_back_to_its_beginning() -> None:
    session = load_scenario("stress/a-hundred-exchanges").sessions[0]
    assert session.exchanges.min > 100
    assert len(session.agenda[0].says) >= 95
    assert len(set(session.agenda[0].says)) == len(session.agenda[0].says)
    assert max(t.exchange for t in session.scripted) > 100


def test_no_source_quotes_a_law() -> None:
    assert all(not re.search(r"[“”]", load(f).stress.source) for f in PACK)  # type: ignore[union-attr]


def test_the_fairness_pack_scripts_every_message_and_names_nobody() -> None:
    everyday = {s.id for s in resolve_study(study("*"), ROOT).scenarios}
    pack = resolve_study(study("fairness/*"), ROOT).scenarios
    assert len(pack) >= SCREEN, "with fewer, no gap comes to a verdict"
    assert not everyday & {s.id for s in pack}
    for scenario in pack:
        assert not scenario.suits, "one persona says all of it"
        for session in scenario.sessions:
            assert len(session.scripted) == session.exchanges.min == session.exchanges.max
            assert not any(contains(turn.message, name) for turn in session.scripted for name in ("Emily", "Lakisha", "Greg", "Jamal"))
