"""The built-in study of memory against likability: what is planted in its offline characters comes out at the other end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import sim, sim_json

PERSONAS = ("chebet", "davi", "tore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    chosen = [part for p in PERSONAS for part in ("--persona", p)]
    done = sim("run", "memory-vs-likability", *chosen, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def shown(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = sim_json("show", "memory-vs-likability", cwd=folder)
    return found


@pytest.fixture
def targets(shown: dict[str, Any]) -> dict[str, Any]:
    return {t["target"]: t for t in shown["targets"]}


def test_the_likable_forgetter_is_liked_better_and_remembers_less_than_the_cold_one_that_remembers(targets: dict[str, Any]) -> None:
    warm, cold = targets["warm-none"], targets["cold-full"]
    assert warm["likability"]["mean"] > cold["likability"]["mean"] + 0.4
    assert warm["memory"]["accuracy"]["accuracy"] == 0
    assert cold["memory"]["accuracy"]["accuracy"] > 0.4


def test_a_window_holds_what_is_newer_and_loses_what_is_older(targets: dict[str, Any]) -> None:
    window, full = ({p["delay"]: p["accuracy"] for p in targets[t]["memory"]["forgetting"]["sessions"]} for t in ("warm-window-1", "warm-full"))
    assert window[1] == full[1] > 0.3
    assert window[2] == window[3] == 0
    assert min(full.values()) > 0.3


def test_memory_buys_callback_and_no_liking_beyond_it(shown: dict[str, Any]) -> None:
    arms = {a["target"]: a for b in shown["bought"] for a in b["arms"]}
    assert arms["warm-full"]["gains"]["difference"] > 0.4
    assert abs(arms["warm-full"]["likes"]["difference"]) < 0.2
    assert arms["warm-full"]["callbacks"]["hit"] > 10 > arms["warm-none"]["callbacks"]["hit"] == 0
    assert arms["cold-full"]["callbacks"]["hit"] == 0
    assert arms["cold-full"]["gains"]["difference"] > 0.4


def test_every_arm_meets_the_same_people_on_the_same_days(folder: Path) -> None:
    full, none = (sim_json("show", "memory-vs-likability", f"davi/new-in-town/warm-{m}/1", cwd=folder) for m in ("full", "none"))
    days = [(s["date"], s["wishes"]) for s in full["sessions"]]
    assert days == [(s["date"], s["wishes"]) for s in none["sessions"]]
    assert sum(len(wishes) for _, wishes in days) > 1


def test_what_was_written_is_graded_and_whoever_writes_nothing_has_no_figures(targets: dict[str, Any]) -> None:
    profile = targets["warm-profile"]["memory"]["profile"]
    assert profile["precision"]["supported"] > 0.9
    assert 0.5 < profile["recall"] <= 1
    assert targets["warm-full"]["memory"]["profile"] is None
    assert [targets[t]["adaptability"]["reference"] for t in ("warm-full", "cold-full", "warm-none")] == ["warm-none", "cold-none", None]


def test_the_table_says_what_failed(folder: Path) -> None:
    printed = sim("show", "memory-vs-likability", "--section", "memory", cwd=folder, COLUMNS="120").stdout
    for heading in ("core facts", "Where memory fails", "Memories that were written (graded by words)", "Forgetting by sessions", "What memory buys"):
        assert heading in printed
    assert "offline models: checks the instrument" in printed
