"""`sim report`: a run as a page, as one printed sheet, or as figures in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.app import load_run_and_events
from sim.cli.exit import DONE
from sim.cli.output import put
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.present.report.document import ReportDocument
    from sim.present.report.material import Material


def report(run: str, *, brief: bool, figures: Path | None, out: Path | None, results: Path, as_json: bool) -> int:
    """Write what was asked for and say where it stands."""
    from sim.engine.collector import rare_collection
    from sim.present.report.build import build_report

    if figures is not None and (brief or out is not None):
        raise InputError("figures are files of their own, in the folder that --figures names", mend="leave out --brief and --out")
    if out is not None and out.is_dir():
        raise InputError("is a folder", mend="name a file with --out", where=out)
    if figures is not None:
        _make_folder(figures)
    with rare_collection():
        of = load_material(run, results=results)
        document = build_report(of)
        if as_json:
            print(document.model_dump_json())
            return DONE
        if figures is not None:
            return _write_figures(document, figures)
        from sim.present.report.brief import render_brief
        from sim.present.report.page import render_page

        page = render_brief(document, of) if brief else render_page(document, of)
    place = out or _folder(run, results) / ("brief.html" if brief else "report.html")
    if out is None and place.is_symlink():
        # A run's folder may come from a stranger: what a link in it leads to was not asked for.
        raise InputError("is a symbolic link", where=place, mend="delete it, or name a file with --out")
    put(place, [page], alike=len("<!doctype html>"), flag="--out")
    print(place)
    return DONE


def load_material(run: str, *, results: Path) -> Material:
    """What a report is made from."""
    from sim.present.report.build import role_latencies
    from sim.present.report.material import Material

    loaded, events = load_run_and_events(run, results=results)
    folder = loaded.folder
    latencies = role_latencies(events)
    return Material(folder.study, folder.header, folder.codebook, loaded.trials, loaded.summary, latencies, loaded.source.scorers, loaded.source)


def _write_figures(document: ReportDocument, folder: Path) -> int:
    from sim.present.report.figures import render_figure

    for figure in document.figures:
        for name, content in render_figure(figure, document).items():
            put(folder / name, [content], alike=4, flag="--figures")
            print(folder / name)
    return DONE


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", where=folder, mend="name another folder with --figures") from None


def _folder(run: str, results: Path) -> Path:
    from sim.store.runs import open_run

    return open_run(run, results).path
