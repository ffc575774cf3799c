"""Commands that read runs: list, show, graph. None of them imports a model library or runs a study's code."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app import Run, load_run
from sim.cli.defaults import called
from sim.cli.exit import DONE
from sim.core.errors import InputError, nearest
from sim.engine.collector import no_collection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from sim.core.record import Trial


NARROWEST, ELSEWHERE = 20, 100
"""Columns below which nothing can be read, and columns where there is no terminal to ask."""


def list_all(results: Path, *, as_json: bool) -> int:
    """`sim list`."""
    from sim.present.text.listing import render_runs, runs_document
    from sim.store.runs import list_runs

    runs = list_runs(results)
    if as_json:
        print(json.dumps(runs_document(runs).model_dump(mode="json")))
    elif runs:
        print_rendered(lambda width: render_runs(runs))
    else:
        print(f"No runs in {results}. `sim run` makes one.")
    return DONE


def show(run: str, trial: str | None, *, results: Path, as_json: bool, sections: Sequence[str] = (), everything: bool = False) -> int:
    """`sim show`.

    Args:
        sections: the sections to show in place of the answer.
        everything: show every section.
    """
    wished = next((flag for flag, on in (("--section", sections), ("--all", everything)) if on), None)
    other = "--all" if wished == "--section" and everything else "--json" if as_json else "a trial" if trial is not None else None
    if wished and other:
        raise InputError(f"{wished} picks from what is printed of a whole run", mend=f"leave out {wished}, or {other}")
    if trial is None:
        with no_collection():
            _show_whole(run, results=results, as_json=as_json, sections=sections, everything=everything)
        return DONE
    loaded = load_run(run, results=results)
    from sim.present.data.trial_json import trial_document
    from sim.present.text.transcript import render_trial

    document = trial_document(find_trial(loaded, trial), study=loaded.study, codebook=loaded.folder.codebook, offline=loaded.folder.header.offline)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render_trial(document, width=width))
    return DONE


def _show_whole(name: str, *, results: Path, as_json: bool, sections: Sequence[str], everything: bool) -> None:
    """The whole run called `name`, which is gone when this returns: the first collection after it would look at every exchange once more."""
    run = load_run(name, results=results, words=False)
    if sections or everything:
        print_sections(run, sections)
    else:
        print_summary(run, as_json=as_json)


def print_summary(run: Run, *, as_json: bool) -> None:
    """What a run says first, with one table; or all its figures as JSON."""
    if as_json:
        print(json.dumps(run.summary.model_dump(mode="json")))
        return
    from sim.analysis.verdicts.answer import first_sentences
    from sim.present.text.showing import render_answer

    print_rendered(lambda width: render_answer(run.summary, first_sentences(run.source), width=width, called=called(run.folder)))


def print_sections(run: Run, names: Sequence[str]) -> None:
    """The sections called `names` of a run's figures; without names, all of them.

    Raises:
        InputError: there is no such section.
    """
    from sim.present.text.showing import SECTIONS, render_run, render_sections

    for name in names:
        if name not in SECTIONS:
            raise InputError(f"there is no section '{name}'", mend=nearest(name, SECTIONS), where="--section")
    print_rendered(
        lambda width: render_sections(run.summary, names, width=width) if names else render_run(run.summary, width=width, called=called(run.folder))
    )


def graph() -> int:
    """`sim graph`."""
    from sim.dialogue.graph import build_graph

    print(build_graph().get_graph().draw_mermaid(), end="")
    return DONE


def find_trial(run: Run, name: str) -> Trial:
    """The trial called `name`, or the only one whose name contains all its parts."""
    by_id = {t.id: t for t in run.trials}
    if name in by_id:
        return by_id[name]
    parts = set(name.strip("/").split("/"))
    near = [t for i, t in by_id.items() if parts <= set(i.split("/"))]
    if len(near) == 1:
        return near[0]
    if near:
        raise InputError(f"{len(near)} trials of run '{run.name}' match '{name}'", mend=f"say more, as in '{near[0].id}'")
    raise InputError(f"run '{run.name}' has no trial '{name}'", mend=nearest(name, by_id))


def print_rendered(render: Callable[[int], RenderableType]) -> None:
    """Print what `render` makes for the width of the terminal, or for 100 columns, without spaces at the ends of lines, elsewhere."""
    from rich.console import Console

    columns = os.environ.get("COLUMNS", "")
    wide = int(columns) if columns.isdecimal() and int(columns) >= NARROWEST else ELSEWHERE
    width = None if sys.stdout.isatty() else wide
    console = Console(highlight=False, width=width)
    with console.capture() if width else contextlib.nullcontext() as captured:
        console.print(render(console.width))
    if captured:
        print("\n".join(line.rstrip() for line in captured.get().splitlines()))
