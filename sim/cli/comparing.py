"""`sim compare`: what can be concluded from one run, or from several."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.app import compare_by_identity, compare_raters, compare_runs, compare_with_itself, cross_runs, pool_users
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.core.errors import InputError
from sim.engine.collector import no_collection

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sim.analysis.verdicts.arms import By
    from sim.analysis.verdicts.compare import CompareDocument


def compare(runs: list[str], *, by: By, results: Path, out: Path | None = None, as_json: bool) -> int:
    """`sim compare`.

    Args:
        out: where a row for each pair and measure is written too.
    """
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise InputError(f"'{out}' is neither .csv nor .parquet", mend="name the file so, such as pairs.csv", where="--out")
    with no_collection():
        document = compare_runs(runs, by=by, results=results)
    if out is not None:
        _write_pairs(document, out)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.comparison import render_comparison

    print_rendered(lambda width: render_comparison(document, width=width))
    return DONE


def _write_pairs(document: CompareDocument, out: Path) -> None:
    from sim.app.output import put
    from sim.present.data.exports import csv_lines
    from sim.present.data.pair_rows import COLUMNS, pair_rows

    if out.suffix == ".csv":
        put(out, csv_lines(COLUMNS, pair_rows(document)), alike=len("runs,offline,by"), flag="--out")
        return
    from sim.app.shown import ComparedRuns
    from sim.present.data.frames import render_parquet

    meanings = {name: meaning for name, (_, meaning) in COLUMNS.items()}
    put(out, [render_parquet(ComparedRuns(document).frame(), meanings)], alike=4, flag="--out")


@dataclass(frozen=True)
class Way:
    """A question to runs that has a document and a table of its own."""

    ask: Callable[..., BaseModel]
    rendered_by: str
    """Module of `sim.present.text` and function, imported where it is printed and not where it is written as JSON."""
    one_run: str = ""
    """What is said where several runs are named and one is meant; empty: there may be several."""


WAYS: Final[Mapping[str, Way]] = {
    "--crossed": Way(cross_runs, "crossed.render_crossed"),
    "--pool-users": Way(pool_users, "pooled_users.render_pooled_users"),
    "--against-itself": Way(compare_with_itself, "against_itself.render_against_itself", "--against-itself compares one run with itself"),
    "--raters": Way(compare_raters, "raters.render_swaps"),
    "--by identity": Way(compare_by_identity, "fairness.render_identity", "--by identity is about one run"),
}
"""By what asks for it on the command line."""


def compare_in_a_way(flag: str, runs: list[str], *, results: Path, as_json: bool) -> int:
    """`sim compare` with one of the flags of `WAYS`."""
    way = WAYS[flag]
    if way.one_run and len(runs) > 1:
        raise InputError(way.one_run, mend=f"name one run: sim compare {shlex.quote(runs[0])} {flag}")
    with no_collection():
        document = way.ask(runs[0] if way.one_run else runs, results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    module, name = way.rendered_by.rsplit(".", 1)
    print_rendered(lambda width: getattr(import_module(f"sim.present.text.{module}"), name)(document, width=width))
    return DONE
