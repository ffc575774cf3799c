"""The commands that make files and people: `sim new`, and `sim personas` with what is below it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else there.")]


class Beginning(StrEnum):
    """What `sim new` can begin."""

    persona = "persona"
    scenario = "scenario"
    scorer = "scorer"
    study = "study"


def add_commands(app: typer.Typer) -> None:
    """Give `app` these commands."""
    app.command("new")(new_command)


def new_command(
    kind: Annotated[Beginning, typer.Argument(metavar="persona|scenario|scorer|study", help="What to begin.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Its id, and the name of its file; default: my-persona and so on.")] = None,
    json: Json = False,
) -> int:
    """Write a valid file to begin with, its comments saying what can be changed: personas/NAME.yaml, scenarios/NAME.yaml or NAME.yaml."""
    from sim.cli.starting import begin

    return begin(kind.value, name, as_json=json)
