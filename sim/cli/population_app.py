"""The commands that make files and people: `sim new`, and `sim personas` with what is below it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else there.")]

Shares = Annotated[list[str] | None, typer.Option(metavar="VALUE=SHARE", help="Shares of its values; may be repeated.")]


class Beginning(StrEnum):
    """What `sim new` can begin."""

    persona = "persona"
    scenario = "scenario"
    scorer = "scorer"
    study = "study"


def add_commands(app: typer.Typer) -> None:
    """Give `app` these commands."""
    app.command("new")(new_command)
    personas = typer.Typer(
        rich_markup_mode=None, help="Populations of personas: make one, say what it covers, ask whether it is played as it is told."
    )
    personas.command("new")(new_personas_command)
    personas.command("describe")(describe_command)
    app.add_typer(personas, name="personas")


def new_command(
    kind: Annotated[Beginning, typer.Argument(metavar="persona|scenario|scorer|study", help="What to begin.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Its id, and the name of its file; default: my-persona and so on.")] = None,
    json: Json = False,
) -> int:
    """Write a valid file to begin with, its comments saying what can be changed: personas/NAME.yaml, scenarios/NAME.yaml or NAME.yaml."""
    from sim.cli.starting import begin

    return begin(kind.value, name, as_json=json)


def new_personas_command(
    n: Annotated[int, typer.Option("--n", metavar="N", help="How many.")] = 24,
    spread: Annotated[
        bool, typer.Option("--spread/--bell", help="As many at each level of every facet, or most of them near the middle, as people are.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The same seed makes the same people.")] = 1,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder they are written to.")] = Path("personas"),
    marginals: Annotated[
        Path | None, typer.Option("--marginals", metavar="FILE", help="YAML with shares, such as age: {18-30: 0.3, 31-60: 0.7}.")
    ] = None,
    age: Shares = None,
    gender: Shares = None,
    type: Shares = None,
    stability: Shares = None,
    register: Shares = None,
    expertise: Shares = None,
    language_level: Shares = None,
    json: Json = False,
) -> int:
    """Make a population offline from parts: thirty facets, style, wishes and facts that agree; types independent of gender and age.

    Each of --age, --gender, --type, --stability, --register, --expertise and --language-level takes shares, as in --age 18-30=.4,31-60=.6; what is
    left of 1 is divided among the other values. Types: social, reserved, hostile. Registers: casual, neutral, formal. Expertise: beginner, middle,
    expert. Language levels: first, second, learner.
    """
    from sim.cli.populating import PopulationWish, populate

    shares = {
        "age": age,
        "gender": gender,
        "type": type,
        "stability": stability,
        "register": register,
        "expertise": expertise,
        "language_level": language_level,
    }
    given = {name: tuple(texts or ()) for name, texts in shares.items()}
    return populate(PopulationWish(n=n, seed=seed, out=out, bell=not spread, marginals=marginals, shares=given), as_json=json)


def describe_command(
    personas: Annotated[
        list[str] | None, typer.Argument(metavar="FILES", help="Files, folders, ids or globs; default: '*', your own and those built in.")
    ] = None,
    json: Json = False,
) -> int:
    """Say what personas cover (facets, types, ages, registers …) and what in them goes together, so that a study could not tell it apart."""
    from sim.cli.describing import describe

    return describe(personas or ["*"], as_json=json)
