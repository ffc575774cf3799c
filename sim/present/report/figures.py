"""Figures as files: the page's specifications drawn without a browser, as SVG and PNG, with their rows as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.present.report.page import theme_of

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.document import ChartFigure, ReportDocument

VERSION = "6.4"
"""Of Vega-Lite, the one that the page carries."""
WIDTH, INNER = 720, 560
"""Pixels of a chart, and of one panel of a faceted chart."""
SCALE = 2.0
"""PNG pixels for each pixel of the SVG."""


def render_figure(figure: ChartFigure, document: ReportDocument) -> dict[str, bytes]:
    """The files of a figure by name.

    Raises:
        InputError: the optional package that draws is not installed.
    """
    files = {f"{figure.id}.csv": render_rows(figure).encode("utf-8")}
    if figure.rows:
        drawn = _complete(figure, document)
        draw = load_drawing()
        files[f"{figure.id}.svg"] = draw.vegalite_to_svg(drawn, vl_version=VERSION, allowed_base_urls=[]).encode("utf-8")
        files[f"{figure.id}.png"] = draw.vegalite_to_png(drawn, vl_version=VERSION, scale=SCALE, allowed_base_urls=[])
    return files


def render_rows(figure: ChartFigure) -> str:
    """The rows as CSV, under the figure's documented columns; without the links, which lead nowhere from a file."""
    keys = [k for k in figure.columns if k != "link"]
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(keys)
    write.writerows(["" if row.get(k) is None else row[k] for k in keys] for row in figure.rows)
    return out.getvalue()


def _complete(figure: ChartFigure, document: ReportDocument) -> dict[str, JsonValue]:
    """The specification with data, light colours on white, its title, and the mark where offline models took part."""
    config = theme_of(document.colours)["light"]
    assert isinstance(config, dict)
    title: dict[str, JsonValue] = {"text": figure.title, "anchor": "start", "offset": 12, "fontSize": 14}
    if document.offline_note:
        title |= {"subtitle": document.offline_note, "subtitleFontSize": 11, "subtitleColor": "#8a3b00"}
    found: dict[str, JsonValue] = {**figure.spec, "data": {"values": list(figure.rows)}, "title": title}
    inner = found.get("spec")
    if isinstance(inner, dict):
        panels = found["usermeta"].get("panels", 1) if isinstance(found.get("usermeta"), dict) else 1  # type: ignore[union-attr]
        found["spec"] = {**inner, "width": INNER // int(panels)}  # type: ignore[arg-type]
    else:
        found["width"] = WIDTH
    return {**found, "config": {**config, "background": "white", "font": "Arial, Helvetica, sans-serif"}}


def load_drawing() -> Any:
    """What draws a specification without a browser.

    Raises:
        InputError: it is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        raise InputError("drawing figures needs vl-convert-python", mend="pip install 'rapport-sim[figures]'") from None
    return vl_convert
