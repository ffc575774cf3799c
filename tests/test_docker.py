"""What of the Dockerfile can be tried without Docker: what it copies is there, what it installs exists, nobody is root, and no host is named."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES = (ROOT / ".github" / "Dockerfile").read_text(encoding="utf-8").splitlines()
STEPS = [line.split(" ", 1) for line in LINES if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def of(kind: str) -> list[str]:
    return [rest for step, rest in STEPS if step == kind]


def test_everything_that_is_copied_is_in_the_repository() -> None:
    sources = [word for rest in of("COPY") if "--from=" not in rest for word in rest.split()[:-1]]
    assert {"pyproject.toml", "sim"} <= set(sources)
    assert [s for s in sources if not (ROOT / s).exists()] == []


def test_what_is_copied_is_sent_to_the_builder_and_no_run_is() -> None:
    rules = (ROOT / ".github" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert sent == {word for rest in of("COPY") if "--from=" not in rest for word in rest.split()[:-1]}


def test_what_the_wheel_takes_along_is_copied() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert needed <= {word for rest in of("COPY") for word in rest.split()}


def test_extras_that_are_named_exist() -> None:
    named = [extra for line in LINES for group in re.findall(r"\[([a-z,]+)\]", line) for extra in group.split(",")]
    assert named
    assert set(named) <= set(PROJECT["project"]["optional-dependencies"])


def test_it_runs_as_somebody_without_rights_and_starts_the_command() -> None:
    assert of("USER")[-1] not in ("root", "0")
    assert of("ENTRYPOINT") == ['["sim"]']
    assert "sim" in PROJECT["project"]["scripts"]
    last = max(i for i, (step, _) in enumerate(STEPS) if step == "RUN")
    assert next(i for i, (step, _) in enumerate(STEPS) if step == "USER") > last


def test_it_names_no_package_host_and_a_python_that_the_project_takes() -> None:
    text = "\n".join(LINES)
    assert not re.search(r"://|--(?:extra-)?index|--trusted", text)
    versions = [tuple(map(int, v.split("."))) for v in re.findall(r"^FROM python:(\d+\.\d+)-slim", text, re.MULTILINE)]
    assert versions
    lowest = tuple(map(int, re.findall(r"\d+", PROJECT["project"]["requires-python"])))
    assert all(v >= lowest for v in versions)
