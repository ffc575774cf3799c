"""A study is registered, run and compared on the command line, and the run says everywhere what was planned."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.command import Here
from tests.cli.small import SCENARIO, STUDY, project
from tests.cli.test_schemas import complaints

FEW = "attracta, chebet, danylo, davi"
COLD = "  - {id: cold, model: offline/cold, memory: none}\n"
THREE = STUDY.replace("user:", f"{COLD}user:").replace("[davi]", f"[{FEW}]").replace("concurrency: 2", "concurrency: 40")
RATERS = "rater: {model: offline/rater}\nobservers: [{id: second, model: offline/user}]\n"
ALIKE = SCENARIO.replace("    disclose: [persona.pet]\n", "")
"""Not everybody has a pet."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    project(tmp_path, study=THREE, scenario=ALIKE)
    return Here(capsys)


def test_a_registered_study_says_everywhere_what_was_planned(here: Here, tmp_path: Path) -> None:
    done = here.sim("plan", "small.yaml", "--register", "--hypothesis", "keeps > cold", "--json")
    assert done.returncode == 0, done.stderr
    written = tmp_path / "small.registration.yaml"
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert digest in done.stdout
    assert "- {id: H1, measure: fixed_set, first: keeps, expected: higher, second: cold}" in written.read_text()
    twice = here.sim("plan", "small.yaml", "--register")
    assert (twice.returncode, twice.stderr.count("\n")) == (2, 1)
    assert "registered already" in twice.stderr
    assert here.sim("check", "small.registration.yaml").returncode == 0

    ran = here.sim("run", "small.yaml", "--name", "planned")
    assert ran.returncode == 0, ran.stderr
    assert "registered in small.registration.yaml on 20" in ran.stderr
    found = here.json("compare", "planned")
    assert found["registration"]["sha256"] == digest
    assert [(h["id"], h["outcome"]) for h in found["registration"]["hypotheses"]] == [("H1", "open")]
    standing = {(m, c["a"], c["b"]): c["standing"] for m, of in found["measures"].items() for c in of["comparisons"]}
    assert [place for place, of in standing.items() if of == "confirmatory"] == [("fixed_set", "keeps", "cold")]
    assert set(standing.values()) == {"confirmatory", "exploratory"}
    text = here.sim("compare", "planned").stdout
    assert "H1, keeps higher than cold (fixed set): open" in " ".join(text.split())
    assert "confirmatory (H1)" in text
    assert "confirmatory (H1)" in " ".join(here.sim("show", "planned").stdout.split())
    page = here.sim("report", "planned", "--json").stdout
    assert "confirmatory (H1)" in page
    assert digest in page
    assert "H1" in here.sim("export", "planned", "--format", "latex").stdout
    methods = here.sim("export", "planned", "--format", "methods").stdout
    assert digest in methods
    assert "H1, keeps higher than cold (fixed set)" in methods

    other = here.sim("run", "small.yaml", "--name", "other", "--persona", "davi")
    assert "all comparisons will be exploratory: the run differs from its registration in persona 'attracta' (left out)" in other.stderr
    found = here.json("compare", "other")
    assert found["registration"]["hypotheses"] == []
    assert "persona 'attracta' (left out)" in found["registration"]["differs"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--hypothesis", "keeps > cold"), "add --register"),
        (("--register", "--hypothesis", "keeps is better"), "write it as 'a > b'"),
        (("--register", "--hypothesis", "keeps > clod"), "did you mean 'cold'?"),
        (("--register", "--hypothesis", "likeability: keeps > cold"), "did you mean 'likability'?"),
        (("--register", "--hypothesis", "keeps > cold", "--hypothesis", "cold < keeps"), "compares already"),
    ],
)
def test_what_cannot_be_registered_is_refused_in_a_line(here: Here, tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    done = here.sim("plan", "small.yaml", *flags)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert not (tmp_path / "small.registration.yaml").exists()


def test_a_registration_that_was_spoilt_by_hand_stops_the_run_in_a_line(here: Here, tmp_path: Path) -> None:
    told = here.sim("plan", "small.yaml", "--register").stdout
    assert "Nothing was spent.\n" in told, "the registration was written"
    place = tmp_path / "small.registration.yaml"
    place.write_text(place.read_text().replace("expected: different", "expected: better", 1))
    done = here.sim("run", "small.yaml")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "small.registration.yaml:" in done.stderr
    assert "expected" in done.stderr


def test_what_cannot_be_registered_is_called_exploratory_everywhere(here: Here, tmp_path: Path) -> None:
    rated = STUDY.replace("seeds: 1", "seeds: 2").replace("[davi]", "[davi, danylo]") + RATERS
    (tmp_path / "small.yaml").write_text(rated)
    other = rated.replace("name: small", "name: other").replace("user: {model: offline/user}", "user: {model: offline/guarded}")
    (tmp_path / "other.yaml").write_text(other)
    assert here.sim("plan", "small.yaml", "--register").returncode == 0
    for study in ("small", "other"):
        assert here.sim("run", f"{study}.yaml").returncode == 0
    both = ("small", "other")
    for question in ((*both, "--crossed"), (*both, "--pool-users"), (*both, "--raters"), ("small", "--against-itself")):
        found = here.json("compare", *question)
        assert (found["standing"], list(found["registrations"])) == ("exploratory", ["small"])
        assert found["registrations"]["small"]["why_exploratory"] == "comparisons of this kind were not registered"
        printed = " ".join(here.sim("compare", *question).stdout.split())
        assert "Everything here is exploratory: comparisons of this kind were not registered" in printed
        assert "`sim compare small` says what came of what was planned" in printed
    (pair, *_) = here.json("compare", *both, "--pool-users")["measures"]["fixed_set"]["pairs"]
    assert {pair["pooled"]["standing"], *(of["standing"] for of in pair["by_user"].values())} == {"exploratory"}
    free = here.json("compare", "other", "--raters")
    assert (free["standing"], free["registrations"]) == (None, {})
    assert "exploratory" not in here.sim("compare", "other", "--raters").stdout


def test_the_schema_of_registrations_lies_beside_them(here: Here, tmp_path: Path) -> None:
    assert here.sim("plan", "small.yaml", "--register").returncode == 0
    place = tmp_path / "small.registration.yaml"
    assert place.read_text().splitlines()[0] == "# yaml-language-server: $schema=.rapport/registration.schema.json"
    assert (tmp_path / ".rapport" / "registration.schema.json").read_text() == here.sim("check", "--schema", "registration").stdout
    assert complaints("registration", place) == []
    place.write_text(place.read_text().replace("correction: holm", "correction: none"))
    assert complaints("registration", place) == ["'holm' was expected"]
