"""Commands know their exit statuses without importing the table of commands that imports them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sim.cli
from sim.cli import exit as statuses

MODULES = sorted(p for p in Path(sim.cli.__file__).parent.glob("*.py") if p.stem not in ("__init__", "app"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_a_command_does_not_import_the_table_of_commands(path: Path) -> None:
    imported = [node.module for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    assert "sim.cli.app" not in imported


def test_every_status_is_told_apart() -> None:
    named = {name: value for name, value in vars(statuses).items() if name.isupper()}
    assert sorted(named.values()) == [0, 1, 2, 3, 4, 130]
