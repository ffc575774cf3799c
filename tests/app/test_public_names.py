"""What `import sim` offers, and what `help(sim)` says first."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import sim

ROOT = Path(__file__).parents[2]
NAMES = [
    "Assessment",
    "CustomTarget",
    "InputError",
    "NotApplicable",
    "Run",
    "Study",
    "Unscored",
    "calibrate",
    "check_personas",
    "compare",
    "describe_personas",
    "gate",
    "load_log",
    "load_run",
    "new_personas",
    "plan",
    "realism",
    "report",
    "resume",
    "resume_run",
    "run",
    "run_study",
    "score_run",
    "try_bot",
]
FUNCTIONS = [name for name in NAMES if name[0].islower()]


def test_these_names_are_public_and_no_others() -> None:
    assert sim.__all__ == NAMES
    assert sorted(sim.__all__) == sim.__all__
    assert set(dir(sim)) == {*NAMES, "__version__"}


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_explained(name: str) -> None:
    assert (inspect.getdoc(getattr(sim, name)) or "").split("\n")[0].rstrip().endswith((".", ";", ":", "it", "`"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_use_case_says_what_is_wrong_and_what_its_arguments_are(name: str) -> None:
    told = inspect.getdoc(getattr(sim, name)) or ""
    assert "Raises:" in told
    assert "InputError" in told
    explained = told.split("Args:")[-1] if "Args:" in told else told
    plain = {"results", "name", "study", "library", "local_only", "allow_hosts", "progress", "targets", "run"}
    for parameter in set(inspect.signature(getattr(sim, name)).parameters) - plain:
        assert parameter in explained, parameter


def test_no_public_name_is_hidden_by_a_room() -> None:
    """As `sim.run` would be by a package `sim/run`, from the first import of it on."""
    rooms = {p.stem for p in (ROOT / "sim").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert not rooms & set(NAMES)


def test_the_first_screen_of_help_says_how_to_begin() -> None:
    """In an interpreter of its own, where no other test has imported anything; and importing `sim` imports no library."""
    code = "import sim, sys; print(sorted(m for m in sys.modules if m in {'pydantic', 'numpy', 'litellm', 'langgraph'})); help(sim)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    loaded, *screen = done.stdout.splitlines()
    assert loaded == "[]"
    first = "\n".join(screen[:26])
    for name in (
        *(n for n in NAMES if n not in ("Run", "Study")),
        "sim.run(",
        "sim.load_run(",
        "sim.resume(",
        "sim.compare(",
        "sim.gate(",
        "InputError",
        "sim guide python",
    ):
        assert name in first, name
    assert max(map(len, screen[:26])) <= 110
