"""The commands about files: new, check, and forget, which deletes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.flags import (
    Json,
    Results,
    RunName,
)
from sim.core.errors import InputError


class Kind(StrEnum):
    """What has a schema."""

    study = "study"
    persona = "persona"
    scenario = "scenario"
    people = "people"
    codebook = "codebook"
    rubric = "rubric"
    suite = "suite"
    questionnaire = "questionnaire"
    edits = "edits"
    requirements = "requirements"
    registration = "registration"


class Beginning(StrEnum):
    """What `sim new` can begin."""

    persona = "persona"
    scenario = "scenario"
    scorer = "scorer"
    study = "study"


def new_command(
    kind: Annotated[Beginning, typer.Argument(metavar="persona|scenario|scorer|study", help="What to begin.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Its id, and the name of its file; default: my-persona and so on.")] = None,
    json: Json = False,
) -> int:
    """Write a valid file to begin with, its comments saying what can be changed: personas/NAME.yaml, scenarios/NAME.yaml or NAME.yaml."""
    from sim.cli.starting import begin

    return begin(kind.value, name, as_json=json)


def check_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Files or folders; default: personas/, scenarios/ and codebooks/ in this folder.")
    ] = None,
    schema: Annotated[Kind | None, typer.Option("--schema", help="Print the JSON Schema of one kind of file.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="With --schema: write it into this folder, for an editor, as KIND.schema.json.")
    ] = None,
    reach: Annotated[
        bool, typer.Option("--reach", help="Also see whether each HTTP target and each model's api_base answers; no message is sent.")
    ] = False,
    json: Json = False,
) -> int:
    """Validate personas, scenarios, studies, suites, codebooks, rubrics, questionnaires and studies with people: every mistake on its own line.

    With `# yaml-language-server: $schema=.rapport/study.schema.json` as its first line, VS Code (YAML extension) checks and completes a study without
    any network; `sim check --schema study --out .rapport` writes that schema. Files that Rapport writes begin with such a line and bring the schema.
    """
    from sim.cli.checking import check, put_schema

    if out is not None and schema is None:
        raise InputError("is for --schema", mend="add --schema study, or leave it out", where="--out")
    return put_schema(schema.value, out) if schema else check(paths or [], reach=reach, as_json=json)


def forget_command(
    run: RunName,
    trial: Annotated[
        str | None, typer.Option("--trial", metavar="TRIAL", help="Only this one: persona/scenario/target/seed, or enough of it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that it is deleted for good.")] = False,
    results: Results = Path("results"),
) -> int:
    """Delete what was said in a run for good: messages, replies, reasons, quotes, memories, errors, and which facts were told.

    Counts, word counts, scores, moves, kinds of flags and costs stay, so most tables stay the same; what takes the words or the facts told (said
    before, facts disclosed, callback on scripted facts) cannot be told any more. The run's study.yaml, with the texts of its personas and scenarios,
    stays as it is. A forgotten trial cannot be resumed. Copies and exports are not touched.
    """
    from sim.cli.forgetting import forget

    return forget(run, trial, yes=yes, results=results)
