"""Vega-Lite specifications: fixed shapes into which field names and target ids are put. Data and colours come when one is drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue

Spec = dict[str, JsonValue]

APART = 0.012
"""Steps of strength by which curves stand beside each other."""
WIDE_KEY = 520
"""Pixels from which two names of curves stand side by side."""
LETTER, MARK = 7, 30
"""Pixels of a letter of a name in a key, and of the mark beside it."""
WITH_INTERVAL: JsonValue = {"filter": "isValid(datum.low)"}


def colour(targets: Sequence[str], *, legend: bool = True) -> Spec:
    """Colour by target, the same in every chart."""
    return {"field": "target", "type": "nominal", "scale": {"domain": list(targets)}, "legend": key(targets) if legend else None}


def shape(targets: Sequence[str]) -> Spec:
    """Shape by target, for who cannot tell the colours apart."""
    return {"field": "target", "type": "nominal", "scale": {"domain": list(targets)}, "legend": key(targets)}


def key(names: Sequence[str]) -> Spec:
    """Names with their marks above a chart, as many beside each other as there is room for."""
    each = LETTER * max(map(len, names), default=1) + MARK
    return {"title": None, "orient": "top", "columns": {"expr": f"max(1, floor(width / {each}))"}}


def rating(field: str, title: str, *, values: Sequence[float] = ()) -> Spec:
    """An axis of the scale of 1 to 5; given `values`, cut to the whole steps around them."""
    low, high = (max(1, int(min(values))), min(5, -int(-max(values) // 1))) if values else (1, 5)
    low, high = (low, high) if high > low else (max(1, low - 1), min(5, high + 1))
    cut = "" if (low, high) == (1, 5) else f" (axis from {low} to {high})"
    axis: Spec = {"values": [low + i / 2 for i in range(2 * (high - low) + 1)], "format": ".1~f"}
    return {"field": field, "type": "quantitative", "title": title + cut, "scale": {"domain": [low, high], "zero": False}, "axis": axis}


def difference(field: str, title: str) -> Spec:
    """An axis of differences."""
    return {"field": field, "type": "quantitative", "title": title, "axis": {"format": "+.1~f", "tickCount": 8}}


def dots(
    targets: Sequence[str],
    *,
    x: Spec,
    y: str,
    order: Sequence[str],
    step: int = 16,
    legend: bool = True,
    by_target: bool = True,
    domain: Sequence[str] = (),
    zero: bool = False,
) -> Spec:
    """Mean and interval: a dot and a line for every target in every row of `y`. Rows: `y`, target, `x`'s field, low, high.

    Args:
        domain: all targets of the run, by which colours go, where not all are drawn.
        zero: these are differences, and a line shows where there is none.
    """
    row: Spec = {"field": y, "type": "nominal", "sort": list(order), "title": None}
    span: Spec = {**x, "field": "low"}
    encoding: Spec = {"y": row, "color": colour(domain or targets, legend=legend)}
    if by_target:
        encoding["yOffset"] = {"field": "target", "type": "nominal", "sort": list(targets)}
    rule: Spec = {"transform": [WITH_INTERVAL], "mark": {"type": "rule", "strokeWidth": 2}, "encoding": {"x": span, "x2": {"field": "high"}}}
    dot_encoding: Spec = {"x": x}
    if legend:
        dot_encoding["shape"] = shape(domain or targets)
        drawn: JsonValue = {**key(targets), "values": list(targets)}
        encoding["color"] = {**colour(domain or targets), "legend": drawn}
        dot_encoding["shape"] = {**shape(domain or targets), "legend": drawn}
    dot: Spec = {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1}, "encoding": dot_encoding}
    layers: list[JsonValue] = [rule, dot]
    if zero:
        nowhere: Spec = {"y": None, "yOffset": None, "color": None}
        layers.insert(0, {"mark": {"type": "rule", "strokeDash": [3, 3]}, "encoding": {"x": {"datum": 0}, **nowhere}})
    return {"width": "container", "height": {"step": step}, "encoding": encoding, "layer": layers}


def forest(targets: Sequence[str], *, order: Sequence[str], differs: bool) -> Spec:
    """A row each, as a point with its interval, and a line at 0 for differences. Rows: row, target, value, low, high."""
    row: Spec = {"field": "row", "type": "nominal", "sort": list(order), "title": None, "axis": {"labelFontSize": 13, "labelLimit": 240}}
    x: Spec = {"field": "value", "type": "quantitative", "title": "difference" if differs else "mean"}
    if not differs:
        x = rating("value", "mean")
    tinted: Spec = {"color": colour(targets, legend=False)}
    layers: list[JsonValue] = [
        {
            "transform": [WITH_INTERVAL],
            "mark": {"type": "rule", "strokeWidth": 3},
            "encoding": {"y": row, "x": {**x, "field": "low"}, "x2": {"field": "high"}, **tinted},
        },
        {"mark": {"type": "point", "filled": True, "size": 110, "opacity": 1}, "encoding": {"y": row, "x": x, **tinted}},
    ]
    if differs:
        layers.insert(0, {"mark": {"type": "rule", "strokeDash": [3, 3], "opacity": 0.7}, "encoding": {"x": {"datum": 0}}})
    return {"width": "container", "height": {"step": 32}, "layer": layers}


def strip(targets: Sequence[str], *, order: Sequence[str], x: Spec) -> Spec:
    """A row a target: its personas as points, the mean with its interval on top. Rows: target, persona, `x`'s field; of means: mean, low, high."""
    row: Spec = {"field": "target", "type": "nominal", "sort": list(order), "title": None, "axis": {"labelFontSize": 13}}
    one: JsonValue = {"filter": "datum.persona != null"}
    many: JsonValue = {"filter": "datum.persona == null"}
    tinted: Spec = {"color": colour(targets, legend=False)}
    layers: list[JsonValue] = [
        {"transform": [one], "mark": {"type": "point", "filled": True, "size": 45, "opacity": 0.3}, "encoding": {"x": x, **tinted}},
        {
            "transform": [many, WITH_INTERVAL],
            "mark": {"type": "rule", "style": "mean"},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **tinted},
        },
        {"transform": [many], "mark": {"type": "point", "style": "meanPoint", "filled": True}, "encoding": {"x": {**x, "field": "mean"}, **tinted}},
    ]
    return {"width": "container", "height": {"step": 40}, "encoding": {"y": row}, "layer": layers}


def aside(target: str, targets: Sequence[str]) -> float:
    """How far from its session a target's point is drawn, so that equal values do not hide each other; nothing where each has a panel."""
    return 0.0 if len(targets) > OVERLAP else (targets.index(target) - (len(targets) - 1) / 2) * 0.04


OVERLAP = 3
"""Targets whose bands can be told apart in one picture; of more, each has a panel of its own."""
UNCHANGED: JsonValue = {"filter": "!isValid(datum.change)"}
CHANGED: JsonValue = {"filter": "isValid(datum.change)"}


def over_sessions(targets: Sequence[str], *, sessions: int, y: Spec, band: bool = True) -> Spec:
    """A line for every target over sessions, with its band, and a dashed line where the scenario changes.

    Rows: target, at (the session, moved aside a little), `y`'s field, low, high; of changes: target, at, change. Many targets stand side by side.
    """
    x: Spec = {"field": "at", "type": "quantitative", "title": "session", "scale": _along(1, sessions)}
    x["axis"] = {"grid": False, "values": _ticks(sessions), "format": "d"}
    area: Spec = {
        "transform": [UNCHANGED, WITH_INTERVAL],
        "mark": {"type": "area", "opacity": 0.15, "interpolate": "linear"},
        "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
    }
    panels = len(targets) > OVERLAP
    line: Spec = {"transform": [UNCHANGED], "mark": {"type": "line", "strokeWidth": 2}, "encoding": {"y": y}}
    dot_encoding: Spec = {"y": y} if panels else {"y": y, "shape": shape(targets)}
    mark: Spec = {"type": "point", "filled": True, "size": _size(sessions), "opacity": 1}
    dot: Spec = {"transform": [UNCHANGED], "mark": mark, "encoding": dot_encoding}
    changed: Spec = {"transform": [CHANGED], "mark": {"type": "rule", "strokeDash": [4, 3], "color": "#7a828c"}, "encoding": {"color": None}}
    layers: list[JsonValue] = [changed, area, line, dot] if band else [changed, line, dot]
    encoding: Spec = {"x": x, "color": colour(targets, legend=not panels)}
    if not panels:
        return {"width": "container", "height": 280, "encoding": encoding, "layer": layers}
    return {
        "usermeta": {"panels": OVERLAP},
        "facet": {"field": "target", "type": "nominal", "sort": list(targets), "title": None},
        "columns": OVERLAP,
        "spec": {"width": 200, "height": 150, "encoding": encoding, "layer": layers},
    }


MANY = 12
"""Places on a line beyond which not each has its label, and points are small."""


def _along(first: int, last: int) -> Spec:
    """A scale from the first to the last whole number, and no further."""
    return {"domain": [first, max(last, first + 1)], "nice": False, "zero": False, "padding": 16}


def _ticks(last: int) -> list[JsonValue]:
    """The whole numbers from 1 that are written below a line; of many, 1 and as many fives as a narrow page has room for."""
    step = 5 * -(-last // 40)
    return list(range(1, last + 1)) if last <= MANY else [1, *range(step, last + 1, step)]


def _size(places: int) -> int:
    return 60 if places <= MANY else 28


def steps(targets: Sequence[str], *, x: str, x_title: str, y: str, y_title: str) -> Spec:
    """A survival curve for every target. Rows: target, `x`, `y`."""
    return {
        "width": "container",
        "height": 220,
        "layer": [
            {"mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2}},
            {"mark": {"type": "point", "filled": True, "size": 40, "opacity": 1}, "encoding": {"shape": shape(targets)}},
        ],
        "encoding": {
            "x": {"field": x, "type": "quantitative", "title": x_title, "axis": {"tickMinStep": 1}},
            "y": {"field": y, "type": "quantitative", "title": y_title, "scale": {"domain": [0, 1]}, "axis": {"format": "%"}},
            "color": colour(targets),
        },
    }


def shares(targets: Sequence[str], *, x: str, x_title: str, last: int, y: str, y_title: str) -> Spec:
    """A line of shares for every target. Rows: target, `x` (whole numbers from 1 to `last`), `y`."""
    at: Spec = {"field": x, "type": "quantitative", "title": x_title, "axis": {"values": _ticks(last), "format": "d"}, "scale": _along(1, last)}
    up: Spec = {"field": y, "type": "quantitative", "title": y_title, "scale": {"domain": [0, 1]}, "axis": {"format": "%"}}
    dot: Spec = {"mark": {"type": "point", "filled": True, "size": _size(last), "opacity": 1}, "encoding": {"shape": shape(targets)}}
    encoding: Spec = {"x": at, "y": up, "color": colour(targets)}
    return {"width": "container", "height": 240, "encoding": encoding, "layer": [{"mark": {"type": "line", "strokeWidth": 2}}, dot]}


def by_strength(targets: Sequence[str], curves: Sequence[tuple[str, str]], strengths: Sequence[float], *, y_title: str) -> Spec:
    """A line of differences from strength 0 for every curve, with intervals. Rows: target, disturbed, strength (0 to 1), less, low, high.

    A curve has the colour of its target, and shape and dashes of what disturbs. Curves stand a little beside each other, so that an interval does not
    hide another.

    Args:
        targets: all of the run, by which colours go.
        curves: target, and what disturbs its user.
    """
    names = [f"{target}, {disturbed}" for target, disturbed in curves]
    place = f"(indexof({json.dumps(names)}, datum.target + ', ' + datum.disturbed) - {(len(names) - 1) / 2}) * {APART}"
    aside: Spec = {"calculate": f"datum.strength == 0 ? 0 : datum.strength + {place}", "as": "at"}
    ticks: list[JsonValue] = [*sorted({0.0, *strengths})]
    axis: Spec = {"values": ticks, "format": ".2~f"}
    x: Spec = {"field": "at", "type": "quantitative", "title": "strength", "scale": {"domain": [0, 1], "padding": 24}, "axis": axis}
    y: Spec = {"field": "less", "type": "quantitative", "title": y_title}
    rule: Spec = {
        "transform": [WITH_INTERVAL],
        "mark": {"type": "rule", "strokeWidth": 2},
        "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
    }
    beside: Spec = {"title": None, "orient": "top", "labelLimit": 0, "columns": {"expr": f"width < {WIDE_KEY} ? 1 : 2"}}
    drawn, kinds = (list(dict.fromkeys(of)) for of in zip(*curves, strict=True))
    tinted: Spec = {**colour(targets), "legend": {**beside, "values": drawn, "symbolType": "square"}}
    by_kind: Spec = {"field": "disturbed", "type": "nominal", "scale": {"domain": kinds}, "legend": beside}
    line: Spec = {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"y": y, "strokeDash": by_kind}}
    dot: Spec = {"mark": {"type": "point", "filled": True, "size": 60, "opacity": 1}, "encoding": {"y": y, "shape": by_kind}}
    return {"width": "container", "height": 260, "transform": [aside], "encoding": {"x": x, "color": tinted}, "layer": [rule, line, dot]}


LABEL = 15
"""Pixels of height that a label takes."""
TALL = 280
"""Pixels of the chart that labels stand beside."""


def arms(targets: Sequence[str], drawn: Sequence[str], *, x: str, x_title: str, y: Spec) -> Spec:
    """A point with its interval for every arm, and its name outside on the right.

    Rows: target, `x` (a share), `y`'s field, low, high, label (a height).

    Args:
        targets: all of the run, by which colours go.
        drawn: those that have a point.
    """
    at: Spec = {"field": x, "type": "quantitative", "title": x_title, "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    outside: JsonValue = {"value": {"expr": "width + 14"}}
    edge: JsonValue = {"value": {"expr": "width + 10"}}
    label: Spec = {**y, "field": "label"}
    tinted: Spec = {"color": colour(targets, legend=False)}
    layers: list[JsonValue] = [
        {
            "transform": [WITH_INTERVAL],
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": at, "y": {**y, "field": "low"}, "y2": {"field": "high"}, **tinted},
        },
        {"mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.35}, "encoding": {"x": at, "x2": edge, "y": y, "y2": {"field": "label"}, **tinted}},
        {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1}, "encoding": {"x": at, "y": y, **tinted}},
        {"mark": {"type": "text", "align": "left", "fontSize": 12}, "encoding": {"x": outside, "y": label, "text": {"field": "target"}}},
    ]
    room = 20 + 7 * max(map(len, drawn), default=0)
    return {"width": "container", "height": TALL, "padding": {"left": 4, "top": 4, "bottom": 4, "right": room}, "layer": layers}


def labels_apart(heights: Sequence[float], y: Spec) -> list[float]:
    """Where the labels of points at these heights stand, moved as little as keeps them from covering each other, in the same order."""
    scale = y["scale"]
    assert isinstance(scale, dict)
    low, high = cast("tuple[float, float]", scale["domain"])
    least = LABEL * (high - low) / TALL
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(heights[i], placed[-1] + least) if placed else heights[i])
    # Half of what was pushed up is given back below, so that the stack stands around its points.
    over = sum(p - heights[i] for p, i in zip(placed, order, strict=True)) / max(len(placed), 1)
    found = [0.0] * len(heights)
    for p, i in zip(placed, order, strict=True):
        found[i] = p - over
    return found


def paired(arms: Sequence[str], *, y: Spec) -> Spec:
    """A thin line a persona from arm to arm, the means with their intervals on top. Rows: arm, persona, `y`'s field; of means: mean, low, high."""
    narrow = f"width < {8 * sum(map(len, arms)) + 14 * len(arms)}"
    axis: Spec = {"labelFontSize": 13, "labelLimit": 240, "labelAngle": {"expr": f"{narrow} ? -35 : 0"}}
    axis |= {"labelAlign": {"expr": f"{narrow} ? 'right' : 'center'"}, "labelBaseline": "top"}
    x: Spec = {"field": "arm", "type": "nominal", "sort": list(arms), "title": None, "axis": axis}
    one: JsonValue = {"filter": "datum.persona != null"}
    many: JsonValue = {"filter": "datum.persona == null"}
    person: Spec = {"y": y, "detail": {"field": "persona"}}
    at_mean: Spec = {**y, "field": "mean"}
    layers: list[JsonValue] = [
        {"transform": [one], "mark": {"type": "line", "style": "persona"}, "encoding": person},
        {"transform": [one], "mark": {"type": "point", "style": "personaPoint", "filled": True}, "encoding": person},
        {"transform": [many], "mark": {"type": "line", "style": "mean"}, "encoding": {"y": at_mean}},
        {
            "transform": [many, WITH_INTERVAL],
            "mark": {"type": "rule", "style": "mean"},
            "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {"transform": [many], "mark": {"type": "point", "style": "meanPoint", "filled": True}, "encoding": {"y": at_mean}},
        {
            "transform": [many],
            "mark": {"type": "text", "style": "meanLabel", "opacity": {"expr": f"width < {60 * len(arms)} ? 0 : 1"}},
            "encoding": {"y": at_mean, "text": {"field": "mean", "format": ".2f"}},
        },
    ]
    return {"width": "container", "height": 320, "encoding": {"x": x}, "layer": layers}


def cloud(targets: Sequence[str], *, x: Spec, y: Spec) -> Spec:
    """A point for every persona and target. Rows: target, and the fields of `x` and `y`."""
    return {
        "width": "container",
        "height": 320,
        "mark": {"type": "point", "filled": True, "size": 55, "opacity": 0.75},
        "encoding": {"x": x, "y": y, "color": colour(targets), "shape": shape(targets)},
    }


def ribbons(targets: Sequence[str], moves: Sequence[str], *, x: str, x_title: str) -> Spec:
    """How the moves of replies shift over time, a panel a target. Rows: target, `x`, move, moves a reply."""
    return {
        "usermeta": {"inner": True},
        "facet": {
            "row": {"field": "target", "type": "nominal", "sort": list(targets), "title": None, "header": {"labelAngle": 0, "labelAlign": "left"}}
        },
        "spec": {
            "width": 560,
            "height": 90,
            "mark": {"type": "area", "interpolate": "monotone"},
            "encoding": {
                "x": {"field": x, "type": "quantitative", "title": x_title, "axis": {"tickMinStep": 1}},
                "y": {"field": "rate", "type": "quantitative", "stack": "zero", "title": "moves", "axis": {"tickCount": 3}},
                "color": {
                    "field": "move",
                    "type": "nominal",
                    "scale": {"domain": list(moves), "range": "ordinal"},
                    "legend": {"title": None, "orient": "bottom", "columns": 4},
                },
                "order": {"field": "order", "type": "quantitative"},
            },
        },
    }


def heat(rows: Sequence[str], columns: Sequence[str], *, field: str, title: str, domain: tuple[float, float]) -> Spec:
    """A grid of shares or correlations with the figure in each field. Rows: row, column, `field`."""
    grid: Spec = {
        "y": {"field": "row", "type": "nominal", "sort": list(rows), "title": None},
        "x": {"field": "column", "type": "nominal", "sort": list(columns), "title": None, "axis": {"labelAngle": 0, "orient": "top"}},
    }
    low, high = domain
    rect: Spec = {
        "mark": {"type": "rect"},
        "encoding": {
            "color": {
                "field": field,
                "type": "quantitative",
                "title": title,
                "scale": {"domain": [low, high], "range": "diverging" if low < 0 else "heatmap", "interpolate": "rgb"},
                "legend": None,
            }
        },
    }
    text: Spec = {"mark": {"type": "text", "fontSize": 12}, "encoding": {"text": {"field": field, "format": ".2f"}}}
    return {"width": "container", "height": {"step": 26}, "encoding": grid, "layer": [rect, text]}
