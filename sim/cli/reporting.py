"""`sim report`: a run as a page, as one printed sheet, or as figures in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.output import put
from sim.app.reporting import load_material
from sim.app.reporting import report as write_report
from sim.cli.exit import DONE
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.present.report.document import ReportDocument


def report(
    run: str, *, brief: bool, figures: Path | None, out: Path | None, results: Path, as_json: bool, for_paper: bool = False, titles: bool = False
) -> int:
    """Write what was asked for and say where it stands."""
    if (for_paper or titles) and figures is None:
        raise InputError("is for figures in files", mend="add --figures DIR", where="--for-paper" if for_paper else "--titles")
    if titles and not for_paper:
        raise InputError("is for figures of a paper; all others have their titles", mend="leave it out, or add --for-paper", where="--titles")
    from sim.engine.collector import no_collection
    from sim.present.report.build import build_report

    if figures is not None and (brief or out is not None):
        raise InputError("figures are files of their own, in the folder that --figures names", mend="leave out --brief and --out")
    if out is not None and out.is_dir():
        raise InputError("is a folder", mend="name a file with --out", where=out)
    if figures is None and not as_json:
        print(write_report(run, out, brief=brief, results=results))
        return DONE
    if figures is not None:
        _make_folder(figures)
    with no_collection():
        document = build_report(load_material(run, results=results))
    if as_json or figures is None:
        print(document.model_dump_json())
        return DONE
    return _write_figures(document, figures, for_paper=for_paper, titles=titles)


def _write_figures(document: ReportDocument, folder: Path, *, for_paper: bool, titles: bool) -> int:
    from sim.present.paper.figures import render_paper_figure
    from sim.present.report.figures import render_figure

    for figure in document.figures:
        files = render_paper_figure(figure, document, titles=titles) if for_paper else render_figure(figure, document)
        for name, content in files.items():
            put(folder / name, [content], alike=4, flag="--figures")
            print(folder / name)
    return DONE


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", where=folder, mend="name another folder with --figures") from None
