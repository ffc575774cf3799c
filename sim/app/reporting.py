"""`sim.report` and what `sim report` writes: a run as a page, as one printed sheet, or as figures in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.output import put
from sim.app.runs import RESULTS, Run, load_run_and_events
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.present.report.material import Material


def report(run: str | Path | Run, out: str | Path | None = None, *, brief: bool = False, results: str | Path = RESULTS) -> Path:
    """Write a run as one HTML file that needs no network: which target is liked, why, whether that can be believed, and every conversation.

    Args:
        run: its name under `results`, its folder, or the `Run` itself.
        out: the file to write; left out: `report.html` or `brief.html` in the run's folder. What is something else is never replaced.
        brief: one page to print, without conversations or anything about the personas.

    Returns:
        The file.

    Raises:
        InputError: there is no such run, or the file cannot be written.
    """
    from sim.engine.collector import no_collection

    place = Path(out) if out is not None else _folder(run, results) / ("brief.html" if brief else "report.html")
    if place.is_dir():
        raise InputError("is a folder", mend="name a file", where=place)
    if out is None and place.is_symlink():
        # A run's folder may come from a stranger: what a link in it leads to was not asked for.
        raise InputError("is a symbolic link", where=place, mend="delete it, or name a file with --out")
    with no_collection():
        page = _page(run, brief=brief, results=results)
    put(place, [page], alike=len("<!doctype html>"), flag="--out")
    return place


def _page(run: str | Path | Run, *, brief: bool, results: str | Path) -> str:
    """The page; what it was made from is gone when this returns, and the next collection need not look at it."""
    from sim.present.report.brief import render_brief
    from sim.present.report.build import build_report
    from sim.present.report.page import render_page

    of = load_material(run, results=results)
    document = build_report(of)
    return render_brief(document, of) if brief else render_page(document, of)


def load_material(run: str | Path | Run, *, results: str | Path = RESULTS) -> Material:
    """What a report is made from."""
    from sim.present.report.build import role_latencies
    from sim.present.report.material import Material

    loaded, events = load_run_and_events(run.folder.path if isinstance(run, Run) else run, results=results)
    folder = loaded.folder
    latencies = role_latencies(events)
    return Material(folder.study, folder.header, folder.codebook, loaded.trials, loaded.summary, latencies, loaded.source.scorers, loaded.source)


def _folder(run: str | Path | Run, results: str | Path) -> Path:
    from sim.store.runs import open_run

    return run.folder.path if isinstance(run, Run) else open_run(run, Path(results)).path
