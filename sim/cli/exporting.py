"""`sim export`: a run's exchanges as data, its conversations as Inspect logs, what a paper takes from it as text."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app import load_run_and_events
from sim.app.output import put
from sim.cli.exit import DONE
from sim.core.errors import InputError
from sim.store.runs import HEADER

if TYPE_CHECKING:
    from sim.app import Run
    from sim.app.runs import Rows
    from sim.core.event import Event


def export(run: str, *, format: str, out: Path | None, results: Path, rows: Rows = "exchanges") -> int:
    """Write `run` in one of the formats that `sim.cli.read_commands.ExportFormat` names.

    Args:
        rows: what a row is about, of CSV and parquet.
    """
    if rows != "exchanges" and format not in ("csv", "parquet"):
        raise InputError(f"{format} has no rows of {rows}", mend="write them with --format csv or parquet", where="--rows")
    if format == "parquet" and out is None:
        raise InputError("parquet is not text for a terminal", mend="name a file with --out")
    if format == "inspect":
        _demand_folder(out)
    loaded, events = load_run_and_events(run, results=results)
    match format:
        case "parquet":
            from sim.present.data.exports import columns_of
            from sim.present.data.frames import render_parquet

            assert out is not None
            meanings = columns_of(loaded.source.scorers) if rows == "exchanges" else _meanings(loaded, rows)
            put(out, [render_parquet(loaded.frame(rows), meanings)], alike=4, flag="--out")
        case "csv" if rows != "exchanges":
            from sim.present.data.exports import csv_lines

            _write(csv_lines(_meanings(loaded, rows), _coarse_rows(loaded, rows)), out, alike=len("offline,"))
        case "inspect":
            assert out is not None
            _write_inspect_logs(loaded, events, out)
        case "markdown" | "latex":
            _write([_tables(loaded, format)], out, alike=2)
        case "methods" | "bibtex":
            _write([_methods(loaded, format)], out, alike=2)
        case "ratings":
            from sim.analysis.trust.judging import rate_run
            from sim.present.data.rating_rows import HEAD, render_rows

            judgements = rate_run(loaded.study, loaded.trials, loaded.folder.scorers.values())
            if not judgements:
                raise InputError(f"run '{loaded.name}' has no ratings yet", mend=f"let a model rate it: `sim score {loaded.name} --rater MODEL`")
            _write(render_rows(judgements), out, alike=len(HEAD))
        case _:
            _write(_rows(loaded, events, format), out, alike=len("offline,") if format == "csv" else len('{"record":'))
    return DONE


def _demand_folder(out: Path | None) -> None:
    """See, before the run is read, that Inspect's logs can be written to `out`.

    Raises:
        InputError: it is left out, is not a folder, or is a run's own.
    """
    if out is None:
        raise InputError("Inspect has a log for each target, and lists those of a folder", mend="name one with --out DIR")
    if out.exists() and not out.is_dir():
        raise InputError("is not a folder", where=out, mend="name a folder with --out")
    if (out / HEADER).exists():
        raise InputError("is a run's own folder", where=out, mend="choose another one with --out")


def _write_inspect_logs(run: Run, events: dict[str, list[Event]], out: Path) -> None:
    """A file for each target in the folder `out`, each named on standard output."""
    from sim.present.data.inspect_log import render_inspect_logs

    header, scorers = run.folder.header, run.source.scorers
    logs = render_inspect_logs(run.trials, study=run.study, header=header, summary=run.summary, events=events, scorers=scorers)
    if not logs:
        raise InputError(f"nobody has said anything in run '{run.name}' yet", mend=f"go on with it: sim resume {run.name}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=out, mend="choose another folder with --out") from None
    for log in logs:
        put(out / log.name, [log.text], alike=len('{"version":'), flag="--out")
        print(out / log.name)


def _meanings(run: Run, rows: Rows) -> dict[str, str]:
    """The columns of rows that are not exchanges, with what each holds."""
    from sim.present.data.coarse_rows import COARSE

    columns, _ = COARSE[rows]
    return {name: meaning for name, (_, meaning) in columns(run.source.scorers).items()}


def _coarse_rows(run: Run, rows: Rows) -> Iterable[tuple[object, ...]]:
    from sim.present.data.coarse_rows import COARSE

    folder = run.folder
    _, made = COARSE[rows]
    return made(run.trials, study=run.study, run=run.name, offline=folder.header.offline, codebook=folder.codebook, scorers=run.source.scorers)


def _tables(run: Run, format: str) -> str:
    from sim.analysis.verdicts.compare import compare
    from sim.core.spec.registration import planned_targets
    from sim.present.paper.latex import render_latex
    from sim.present.paper.markdown import render_markdown
    from sim.present.paper.tables import paper_tables

    compared = compare([run.source]) if len(planned_targets(run.study)) > 1 else None
    tables = paper_tables(run.summary, compared)
    return "\n".join(render_markdown(t) if format == "markdown" else render_latex(t, run=run.name) for t in tables)


def _methods(run: Run, format: str) -> str:
    from sim.present.paper.methods import PROGRAM, cited, render_methods, write_methods
    from sim.present.paper.references import render_bibtex

    header, codebook, registration = run.folder.header, run.folder.codebook.id, run.source.registration
    if format == "methods":
        return render_methods(run.study, header, run.summary, run.trials, codebook=codebook, registration=registration)
    sentences = write_methods(run.study, header, run.summary, run.trials, codebook=codebook, registration=registration)
    return render_bibtex(cited(sentences), version=header.versions.get(PROGRAM, ""))


def _rows(run: Run, events: dict[str, list[Event]], format: str) -> Iterable[str]:
    from sim.present.data.exports import export_rows

    return export_rows(
        run.trials,
        "csv" if format == "csv" else "jsonl",
        study=run.study,
        run=run.name,
        offline=run.folder.header.offline,
        codebook=run.folder.codebook,
        events=lambda trial: events.get(trial, ()),
        scorers=run.source.scorers,
    )


def _write(lines: Iterable[str], out: Path | None, *, alike: int) -> None:
    if out is not None:
        put(out, lines, alike=alike, flag="--out")
        return
    sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="")  # type: ignore[union-attr]
    sys.stdout.writelines(lines)
