"""A report's figures for a column of print: as PDF 3.3 inches wide, in type of 7 points and more, to be told apart in grey.

They are the page's specifications with other sizes and shades. Where the page tells lines apart by colour alone, they are dashed as well; points have
shapes of their own already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sim.present.report.figures import VERSION, load_drawing, render_rows
from sim.present.report.page import theme

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.document import ChartFigure, ReportDocument

WIDTH: Final = 238
"""Points of a column, 3.3 inches; one pixel of a specification is one point of its PDF."""
SMALLEST, LARGEST = 7, 8
"""Points of type."""
SHADES: Final = ("#16205c", "#7d2248", "#a8481c", "#2f8f7a", "#d99a2b", "#8fc3ea")
"""From dark to light, each lighter than the one before by a step that is seen in grey."""
SMALLER: Final = 0.55
"""What heights, marks and rows of the page are multiplied by."""
COLUMNS = 2
"""Of a legend: three names beside each other are cut off."""
_LEAST: Final = {"height": 50, "step": 7, "size": 12}
"""What is not made smaller than this: points of height, of a row, and square points of a mark."""
LINE = 58
"""Characters of a note on one line."""


def render_paper_figure(figure: ChartFigure, document: ReportDocument, *, titles: bool) -> dict[str, bytes]:
    """The files of a figure by name: its PDF and its rows.

    Args:
        titles: whether the title stands in it; where offline models took part that stands in it in any case.

    Raises:
        InputError: the optional package that draws is not installed.
    """
    files = {f"{figure.id}.csv": render_rows(figure).encode("utf-8")}
    if figure.rows:
        drawn = paper_spec(figure, document, titles=titles)
        files[f"{figure.id}.pdf"] = load_drawing().vegalite_to_pdf(drawn, vl_version=VERSION, allowed_base_urls=[])
    return files


def paper_spec(figure: ChartFigure, document: ReportDocument, *, titles: bool) -> dict[str, JsonValue]:
    """The specification of a figure for print, with its rows."""
    spec: dict[str, Any] = _printed(figure.spec)
    _dash(spec, None)
    inner = spec.get("spec")
    if isinstance(inner, dict):
        # Panels are as wide as they are told to be, and their headings stand beside them.
        inner["width"] = WIDTH - 90
    else:
        spec |= {"width": WIDTH, "autosize": {"type": "fit-x", "contains": "padding"}}
    light: Any = theme()["light"]
    config = _printed(light)
    config["range"] = {**config.get("range", {}), "category": [SHADES[place % len(SHADES)] for place in document.colours.values()]}
    for part, sizes in _TYPE.items():
        config[part] = {**config.get(part, {}), **sizes}
    title: dict[str, JsonValue] = {"text": _lines(figure.title) if titles else "", "anchor": "start", "fontSize": LARGEST, "offset": 6}
    if document.offline_note:
        title |= {"subtitle": _lines(document.offline_note), "subtitleFontSize": SMALLEST, "subtitleColor": "#000000"}
    spec |= {"data": {"values": list(figure.rows)}, "padding": 2} | ({"title": title} if titles or document.offline_note else {})
    return {**spec, "config": {**config, "background": "white", "font": "Arial, Helvetica, sans-serif"}}


_TYPE: Final[dict[str, dict[str, JsonValue]]] = {
    "axis": {"labelFontSize": SMALLEST, "titleFontSize": LARGEST, "labelLimit": 90, "titlePadding": 3, "labelPadding": 2, "tickSize": 3},
    "legend": {
        "labelFontSize": SMALLEST,
        "titleFontSize": LARGEST,
        "columns": COLUMNS,
        "symbolSize": 30,
        "labelLimit": 75,
        "rowPadding": 1,
        "columnPadding": 6,
        "offset": 4,
    },
    "header": {"labelFontSize": SMALLEST, "titleFontSize": LARGEST},
    "text": {"fontSize": SMALLEST},
    "title": {"fontSize": LARGEST},
}


def _printed(value: Any, key: str = "") -> Any:
    """A part of a specification or of its theme with sizes for print."""
    if key == "columns":
        return min(COLUMNS, value) if isinstance(value, int) else COLUMNS
    if isinstance(value, dict):
        return {k: _printed(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_printed(v) for v in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if key.endswith("ontSize"):
        return min(LARGEST, max(SMALLEST, value))
    if key in _LEAST:
        return max(_LEAST[key], round(value * SMALLER))
    return max(0.75, round(value * SMALLER, 2)) if key == "strokeWidth" else value


def _dash(spec: dict[str, Any], colour: Any) -> None:
    """Dash every line by what it is coloured by; lines inherit their colour from the layers that they are in."""
    encoding = spec.get("encoding", {})
    colour = encoding.get("color", colour)
    mark = spec.get("mark")
    kind = mark.get("type") if isinstance(mark, dict) else mark
    if kind == "line" and "strokeDash" not in encoding and isinstance(colour, dict) and colour.get("type") == "nominal":
        spec["encoding"] = {**encoding, "strokeDash": {k: v for k, v in colour.items() if k in ("field", "type", "legend")} | _domain(colour)}
    for part in (*spec.get("layer", ()), *([spec["spec"]] if isinstance(spec.get("spec"), dict) else [])):
        _dash(part, colour)


def _domain(colour: dict[str, Any]) -> dict[str, Any]:
    scale = colour.get("scale", {})
    return {"scale": {"domain": scale["domain"]}} if "domain" in scale else {}


def _lines(text: str) -> list[JsonValue]:
    """`text` on lines that a column has room for."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [*lines]
