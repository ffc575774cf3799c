"""The commands that say what a run or a study holds: list, show, compare, realism, plan, gate, report, export, view, guide and graph."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sim.cli.flags import (
    AllowHost,
    AllowOffline,
    Inconclusive,
    InconclusiveFlag,
    Json,
    Junit,
    LocalOnlyFlag,
    Markdown,
    Results,
    RunName,
)
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import By


class ExportFormat(StrEnum):
    """What `sim export` can write."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    inspect = "inspect"
    markdown = "markdown"
    latex = "latex"
    methods = "methods"
    bibtex = "bibtex"
    ratings = "ratings"


class ExportRows(StrEnum):
    """What a row of CSV or parquet is about."""

    exchanges = "exchanges"
    sessions = "sessions"
    trials = "trials"
    answers = "answers"
    trait_truth = "trait-truth"


class CompareBy(StrEnum):
    """What `sim compare` can hold against each other."""

    target = "target"
    memory = "memory"
    persona_type = "persona-type"
    scenario = "scenario"
    stress = "stress"
    identity = "identity"


BY: Final[Mapping[CompareBy, By]] = {
    CompareBy.target: "target",
    CompareBy.memory: "memory",
    CompareBy.persona_type: "persona-type",
    CompareBy.scenario: "scenario",
    CompareBy.stress: "stress",
}
"""What is one comparison of sides with each other; swapped identities have a document of their own."""


def list_command(results: Results = Path("results"), json: Json = False) -> int:
    """List the runs in the results folder."""
    from sim.cli.reading import list_all

    return list_all(results, as_json=json)


def show_command(
    run: RunName,
    trial: Annotated[str | None, typer.Argument(metavar="TRIAL", help="persona/scenario/target/seed, or enough of it.")] = None,
    section: Annotated[
        list[str] | None,
        typer.Option("--section", metavar="NAME", help="One part of its figures, such as memory or cost; may be repeated."),
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Every section.")] = False,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Show what a run says, with one table; a section of its figures; or a trial's transcript."""
    from sim.cli.reading import show

    return show(run, trial, results=results, as_json=json, sections=section or (), everything=all)


def compare_command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="One run, whose targets are compared; or several, the oldest first.")],
    by: Annotated[CompareBy, typer.Option("--by", help="What is compared with what.")] = CompareBy.target,
    raters: Annotated[
        bool, typer.Option("--raters", help="Instead: would another rater, or another run's user, have come to the same conclusion?")
    ] = False,
    crossed: Annotated[
        bool,
        typer.Option("--crossed", help="Instead, of runs that differ in the user's model: what user, rater and both together do to each difference."),
    ] = False,
    pool_users: Annotated[
        bool,
        typer.Option("--pool-users", help="Instead, of runs that differ in the user's model: one difference over all users. Do they order alike?"),
    ] = False,
    against_itself: Annotated[
        bool,
        typer.Option("--against-itself", help="Instead: halves of a run's seeds as if they were two targets. How often is there a false verdict?"),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write a row for each pair and measure, as .csv or .parquet.")
    ] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Say what can be concluded: every measure paired by persona and scenario, with intervals, p, effects and a verdict.

    Runs that share targets are versions of them: each target is compared with itself, with the pairs that broke and those that were fixed.
    """
    from sim.cli.comparing import compare, compare_in_a_way

    questions = {"--crossed": crossed, "--pool-users": pool_users, "--against-itself": against_itself, "--raters": raters}
    asked = [flag for flag, on in questions.items() if on]
    if len(asked) > 1 or (asked and by is not CompareBy.target):
        raise InputError(f"{asked[0]} compares targets in a way of its own", mend=f"leave out {' and '.join((*asked[1:], '--by'))}")
    if out is not None and (asked or by is CompareBy.identity):
        raise InputError("holds pairs of sides by every measure, and this compares in a way of its own", mend="leave it out", where="--out")
    if asked or by is CompareBy.identity:
        return compare_in_a_way(asked[0] if asked else "--by identity", runs, results=results, as_json=json)
    return compare(runs, by=BY[by], results=results, out=out, as_json=json)


def realism_command(
    source: Annotated[str, typer.Argument(metavar="RUN|LOG", help="Whose user's messages: of a run, or of a file of conversations.")],
    against: Annotated[
        str,
        typer.Option(
            "--against", metavar="RUN|LOG|NAME", help="Other talks, or published figures: chatbot-users, paid-chatters, uninstructed-models."
        ),
    ] = "chatbot-users",
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Say how the user's messages differ from people's: length, greetings, thanks, typing, what is told, sentiment, vocabulary."""
    from sim.cli.realism import tell_realism

    return tell_realism(source, against, results=results, as_json=json)


def plan_command(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study file or a built-in study.")],
    pilot: Annotated[str | None, typer.Option("--pilot", metavar="RUN", help="A smaller run whose tokens and spreads replace the guesses.")] = None,
    human: Annotated[bool, typer.Option("--human", help="Also what a calibration against people needs.")] = False,
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", metavar="REQUIREMENT", help="A requirement as for gate: the chance that it passes, fails or stays open; may be repeated."
        ),
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option("--margin", metavar="MEASURE=N", help="A margin as for gate: the chance that an equally good version passes; may be repeated."),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register it: write beside it what is planned, for `sim compare` to hold its runs to.")
    ] = False,
    hypothesis: Annotated[
        list[str] | None,
        typer.Option(
            "--hypothesis",
            metavar="TEXT",
            help="With --register: a planned comparison, 'a > b', 'a != b' or 'callback_scripted: a > b'; may be repeated. Default: every pair.",
        ),
    ] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """What a study needs (calls, tokens, cost) and the smallest difference it can detect, before anything is spent."""
    from sim.cli.planning import plan

    return plan(
        study,
        pilot=pilot,
        human=human,
        results=results,
        as_json=json,
        require=require or (),
        margins=margin or (),
        register=register,
        hypotheses=hypothesis or (),
    )


def gate_command(
    run: RunName,
    require: Annotated[
        list[str] | None, typer.Option("--require", metavar="REQUIREMENT", help="Such as 'likability >= 3.5'; may be repeated.")
    ] = None,
    requirements: Annotated[
        Path | None, typer.Option("--requirements", metavar="FILE", help="A YAML file that lists requirements under require:.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option("--target", metavar="ID", help="Only this target; default: all must pass.")] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="RUN|FILE", help="An older run, or what `sim baseline` kept of it.")] = None,
    margin: Annotated[
        list[str] | None, typer.Option("--margin", metavar="MEASURE=N", help="With --baseline: how much the new version may lose; may be repeated.")
    ] = None,
    junit: Junit = None,
    markdown: Markdown = None,
    allow_offline: AllowOffline = False,
    inconclusive: InconclusiveFlag = Inconclusive.fail,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Decide on a release: exit status 0 it passes, 1 it fails, 4 that cannot be told yet. A suite's run is compared with its suite's gates.

    A requirement is a figure, an operator and a number. Figures: any measure of `sim compare --json` (likability, callback, jaccard, memory,
    abstention.balanced_accuracy); worst_persona, worst_persona(callback); p10(session); share(exchange<=2); count(false_memory), failed;
    count(SCORER = LABEL) of a scorer's labels, or yes and no; fall(typos), under a perturbation at full strength;
    identity_gap, between swapped identities; trait_truth_gap, of targets that play a character.
    With --baseline and --margin likability=0.2, the new version passes if the whole interval of its loss is below the margin.
    A requirement that rests on an offline model's judgement of a real chatbot cannot be told (4); counts, moves, words, memory and times are decided.
    """
    from sim.cli.gating import GateOptions, gate
    from sim.cli.verdict_files import VerdictFiles

    wish = GateOptions(
        require=tuple(require or ()),
        file=requirements,
        targets=tuple(target or ()),
        baseline=baseline,
        margins=tuple(margin or ()),
        files=VerdictFiles(junit, markdown, allow_offline, inconclusive),
    )
    return gate(run, wish, results=results, as_json=json)


def baseline_command(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where it is written: JSON, small enough for a repository.")],
    results: Results = Path("results"),
) -> int:
    """Keep a run's figures in a small file, for `sim gate --baseline FILE`: no words, no keys, and what later runs must share with it."""
    from sim.cli.gating import write_baseline

    return write_baseline(run, out, results=results)


def report_command(
    run: RunName,
    brief: Annotated[bool, typer.Option("--brief", help="One page to print, without conversations or anything about the personas.")] = False,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Write each figure as SVG, PNG and CSV into this folder instead.")
    ] = None,
    for_paper: Annotated[
        bool, typer.Option("--for-paper", help="With --figures: as PDF as wide as a column, readable in grey, without titles.")
    ] = False,
    titles: Annotated[bool, typer.Option("--titles", help="With --for-paper: keep the titles.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file to write; default: report.html or brief.html in the run's folder.")
    ] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Write a run as one HTML file that needs no network: which target is liked, why, whether that can be believed, and every conversation."""
    from sim.cli.reporting import report

    return report(run, brief=brief, figures=figures, out=out, results=results, as_json=json, for_paper=for_paper, titles=titles)


def export_command(
    run: RunName,
    format: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="jsonl: a line for each exchange and session; csv, parquet: a row for each exchange; inspect: a folder of logs, one for each "
            "target, that Inspect View lists; markdown, latex: the tables of a paper; methods, bibtex: its paragraph on methods and the references; "
            "ratings: CSV as `sim calibrate` reads it, a row for each score.",
        ),
    ] = ExportFormat.jsonl,
    rows: Annotated[
        ExportRows,
        typer.Option(
            "--rows", help="Of csv and parquet: a row for each exchange, session, trial, answer to a questionnaire, or target that plays a character."
        ),
    ] = ExportRows.exchanges,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="The file to write, or for inspect the folder; default: standard output.")
    ] = None,
    results: Results = Path("results"),
) -> int:
    """Export a run's exchanges as data, or what a paper takes from it: tables, a paragraph on methods, references."""
    from sim.cli.exporting import export

    return export(run, format=format.value, out=out, results=results, rows=rows.value)


def view_command(
    results: Annotated[Path, typer.Argument(metavar="DIR", help="Where runs are kept.")] = Path("results"),
    study: Annotated[Path | None, typer.Option("--study", metavar="FILE", help="A study with people, whose page is served too.")] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port to listen on; 0: any that is free.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address of this machine to listen on.")] = "127.0.0.1",
    beyond_loopback: Annotated[bool, typer.Option("--beyond-loopback", help="Confirm that other machines may reach it, unencrypted.")] = False,
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
) -> int:
    """Look at runs in a browser, live while they are running: transcripts, what to read first, and people as raters and users."""
    from sim.cli.hosts import read_local_only
    from sim.cli.viewing import ViewOptions, read_host, view

    wish = ViewOptions(study=study, host=read_host(host, beyond=beyond_loopback), port=port, local_only=read_local_only(local_only, allow_host or ()))
    return view(results, wish)


def guide_command(topic: Annotated[str | None, typer.Argument(metavar="TOPIC", help="A page; without one, their names.")] = None) -> int:
    """Print a page of the guide, or the names of all."""
    from sim.cli.guiding import guide

    return guide(topic)


def graph_command() -> int:
    """Print the state machine, as Mermaid."""
    from sim.cli.reading import graph

    return graph()
