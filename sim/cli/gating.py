"""`sim gate`: a verdict that a job can act on."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app import gate_run, keep_run_baseline, load_run
from sim.app.output import put
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.cli.verdict_files import VerdictFiles
from sim.engine.collector import no_collection
from sim.present.words import many

if TYPE_CHECKING:
    from sim.analysis.verdicts.requirements import Scorers
    from sim.analysis.verdicts.worst_exchanges import BadExchange


@dataclass(frozen=True)
class GateOptions:
    """What was asked of the gate, and where its verdict goes beside the screen."""

    require: tuple[str, ...]
    file: Path | None
    targets: tuple[str, ...]
    baseline: str | None
    margins: tuple[str, ...]
    files: VerdictFiles

    @property
    def asks(self) -> bool:
        """Whether it requires anything by itself."""
        return bool(self.require or self.file or self.baseline or self.margins)


def gate(run: str, wish: GateOptions, *, results: Path, as_json: bool) -> int:
    """`sim gate`."""
    wish.files.check(as_json=as_json)
    with no_collection():
        return _decide(run, wish, results=results, as_json=as_json)


def _decide(run: str, wish: GateOptions, *, results: Path, as_json: bool) -> int:
    new = load_run(run, results=results, words=False)
    if new.study.suite is not None and not wish.asks:
        from sim.cli.suiting import conclude

        return conclude(load_run(run, results=results), wish.files, targets=wish.targets, as_json=as_json)
    require = _requirements(wish, new.source.scorers)
    document = gate_run(
        new,
        require=require,
        targets=wish.targets,
        baseline=wish.baseline,
        margins=wish.margins,
        allow_offline=wish.files.allow_offline,
        results=results,
    )
    from sim.present.text.gate import junit_gate, markdown_gate, render_gate

    worst = _worst(run, wish, require, results) if wish.files.markdown else ()
    wish.files.write(junit_gate(document, at=dt.datetime.now(dt.UTC)), markdown_gate(document, worst))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    elif wish.files.markdown != "-":
        print_rendered(lambda _: render_gate(document))
    return wish.files.status(document.verdict)


def _worst(run: str, wish: GateOptions, require: tuple[str, ...], results: Path) -> tuple[BadExchange, ...]:
    """The exchanges that speak most against what is required: only they need the words of a run."""
    from sim.analysis.verdicts.requirements import parse_margin, parse_requirement
    from sim.analysis.verdicts.worst_exchanges import worst_exchanges

    source = load_run(run, results=results).source
    asked = [parse_requirement(r, source.scorers) for r in require]
    shown = [parse_margin(m, source.scorers)[0] for m in wish.margins]
    targets = wish.targets or source.target_ids
    return worst_exchanges(source, targets, asked, shown, stubs=wish.files.allow_offline)


def write_baseline(run: str, out: Path, *, results: Path) -> int:
    """`sim baseline`."""
    kept = keep_run_baseline(run, results=results)
    text = kept.model_dump_json() + "\n"
    put(out, [text], alike=len('{"kind":"rapport-baseline"'), flag="--out")
    print(f"{out}: {many(len(kept.targets), 'target')}, {len({v.measure for v in kept.values_of})} measures, {len(text) / 1000:,.0f} kB")
    print("Comparable with it: runs with the same rater, user, prompts and codebook, over the personas and scenarios that both have.")
    print(f"  sim gate RUN --baseline {shlex.quote(str(out))} --margin likability=0.2")
    return DONE


def _requirements(wish: GateOptions, scorers: Scorers) -> tuple[str, ...]:
    if wish.file is None:
        return wish.require
    from sim.analysis.verdicts.requirements import SCORERS, RequirementsFile
    from sim.store.yaml_file import load_yaml

    return (*wish.require, *load_yaml(wish.file, RequirementsFile, context={SCORERS: scorers}).require)
