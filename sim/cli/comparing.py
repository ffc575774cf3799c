"""`sim compare`: what can be concluded from one run, or from several."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app import compare_by_identity, compare_runs, compare_with_itself, cross_runs, pool_users
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.core.errors import InputError
from sim.engine.collector import rare_collection

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import By
    from sim.analysis.verdicts.compare import CompareDocument


def compare(runs: list[str], *, by: By, results: Path, out: Path | None = None, as_json: bool) -> int:
    """`sim compare`.

    Args:
        out: where a row for each pair and measure is written too.
    """
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise InputError(f"'{out}' is neither .csv nor .parquet", mend="name the file so, such as pairs.csv", where="--out")
    with rare_collection():
        document = compare_runs(runs, by=by, results=results)
    if out is not None:
        _write_pairs(document, out)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.comparison import render_comparison

    print_rendered(lambda _: render_comparison(document))
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


def compare_identities(runs: list[str], *, results: Path, as_json: bool) -> int:
    """`sim compare RUN --by identity`."""
    if len(runs) > 1:
        raise InputError("--by identity is about one run", mend=f"name one run: sim compare {shlex.quote(runs[0])} --by identity")
    with rare_collection():
        document = compare_by_identity(runs[0], results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.fairness import render_identity

    print_rendered(lambda _: render_identity(document))
    return DONE


def compare_crossed_runs(runs: list[str], *, results: Path, as_json: bool) -> int:
    """`sim compare RUN RUN… --crossed`."""
    with rare_collection():
        document = cross_runs(runs, results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.crossed import render_crossed

    print_rendered(lambda _: render_crossed(document))
    return DONE


def compare_pooled_runs(runs: list[str], *, results: Path, as_json: bool) -> int:
    """`sim compare RUN RUN… --pool-users`."""
    with rare_collection():
        document = pool_users(runs, results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.pooled_users import render_pooled_users

    print_rendered(lambda _: render_pooled_users(document))
    return DONE


def compare_run_with_itself(runs: list[str], *, results: Path, as_json: bool) -> int:
    """`sim compare RUN --against-itself`."""
    if len(runs) > 1:
        raise InputError("--against-itself compares one run with itself", mend=f"name one run: sim compare {shlex.quote(runs[0])} --against-itself")
    with rare_collection():
        document = compare_with_itself(runs[0], results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.against_itself import render_against_itself

    print_rendered(lambda _: render_against_itself(document))
    return DONE
