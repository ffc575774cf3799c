"""`sim gate`: a verdict that a job can act on."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.api import gate_run, load_run
from sim.cli.exit import DONE, GATE_FAILED, UNDECIDED
from sim.cli.output import add, put
from sim.cli.reading import print_rendered
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.gate import GateDocument
    from sim.analysis.requirements import Scorers

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file that a job's summary is added to; several steps write to it."""


@dataclass(frozen=True)
class GateOptions:
    """What was asked of the gate, and where its verdict goes beside the screen."""

    require: tuple[str, ...]
    file: Path | None
    targets: tuple[str, ...]
    baseline: str | None
    margins: tuple[str, ...]
    junit: Path | None
    markdown: str | None
    allow_offline: bool = False


def gate(run: str, wish: GateOptions, *, results: Path, as_json: bool) -> int:
    """`sim gate`."""
    new = load_run(run, results=results, words=False)
    require = _requirements(wish, new.source.scorers)
    document = gate_run(
        new,
        require=require,
        targets=wish.targets,
        baseline=wish.baseline,
        margins=wish.margins,
        allow_offline=wish.allow_offline,
        results=results,
    )
    if as_json and wish.markdown == "-":
        raise InputError("JSON and Markdown cannot both go to standard output", where="--markdown", mend="name a file for the Markdown")
    _write(document, wish)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    elif wish.markdown != "-":
        from sim.present.gate import render_gate

        print_rendered(lambda _: render_gate(document))
    return {"passed": DONE, "failed": GATE_FAILED, "inconclusive": UNDECIDED}[document.verdict]


def _requirements(wish: GateOptions, scorers: Scorers) -> tuple[str, ...]:
    if wish.file is None:
        return wish.require
    from sim.analysis.requirements import SCORERS, RequirementsFile
    from sim.store.yaml_file import load_yaml

    return (*wish.require, *load_yaml(wish.file, RequirementsFile, context={SCORERS: scorers}).require)


def _write(document: GateDocument, wish: GateOptions) -> None:
    from sim.present.gate import junit_gate, markdown_gate

    if wish.junit:
        put(wish.junit, [junit_gate(document, at=dt.datetime.now(dt.UTC))], alike=len("<?xml"), flag="--junit")
    if wish.markdown == "-":
        sys.stdout.write(markdown_gate(document))
    elif wish.markdown and wish.markdown == os.environ.get(SUMMARY):
        add(Path(wish.markdown), markdown_gate(document), flag="--markdown")
    elif wish.markdown:
        put(Path(wish.markdown), [markdown_gate(document)], alike=len("### "), flag="--markdown")
