"""Charts stay legible where there is much to draw: thirty sessions, six arms, a narrow page."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sim.present.report import charts

ARMS = ("uses-none", "uses-window-3", "uses-summary", "uses-profile", "uses-retrieval-4", "uses-full")
NARROW = 260
"""Pixels between the axes on a phone."""
LABEL = 20
"""Pixels of a label of two figures, with what sets it off from the next."""


def lines(sessions: int) -> list[dict]:
    over = charts.over_sessions(ARMS[:3], sessions=sessions, y=charts.rating("mean", "mean"))
    shares = charts.shares(ARMS, x="delay", x_title="sessions", last=sessions, y="accuracy", y_title="right")
    return [over, shares]


@pytest.mark.parametrize("sessions", [2, 6, 12, 13, 30, 60, 365])
def test_the_numbers_below_a_line_have_room_on_a_narrow_page(sessions: int) -> None:
    for chart in lines(sessions):
        at = chart["encoding"]["x"]["axis"]["values"]
        places = [NARROW * (n - 1) / (sessions - 1) for n in at]
        assert at[0] == 1
        assert at[-1] <= sessions
        assert all(b - a >= LABEL for a, b in pairwise(places))


@pytest.mark.parametrize("sessions", [1, 2, 30])
def test_a_line_takes_all_the_width_there_is(sessions: int) -> None:
    for chart in lines(sessions):
        scale = chart["encoding"]["x"]["scale"]
        assert scale["domain"] == [1, max(sessions, 2)]
        assert not scale["nice"]
        assert not scale["zero"]


def test_points_of_many_sessions_are_small() -> None:
    few, many = [[layer["mark"].get("size") for layer in lines(n)[0]["layer"]][-1] for n in (12, 30)]
    assert many < few


def test_names_of_arms_stand_outside_with_room_for_the_longest_and_nothing_joins_the_points() -> None:
    chart = charts.arms(ARMS, ARMS, x="accuracy", x_title="accuracy", y=charts.rating("liked", "liked"))
    kinds = [layer["mark"]["type"] for layer in chart["layer"]]
    assert kinds == ["rule", "rule", "point", "text"]
    assert "line" not in kinds
    assert chart["padding"]["right"] >= 7 * max(map(len, ARMS))


def test_a_key_has_as_many_names_beside_each_other_as_there_is_room_for() -> None:
    many = [f"uses-none-typos-{i}" for i in range(12)]
    charts_with_a_key = (
        charts.shares(many, x="x", x_title="x", last=4, y="y", y_title="y"),
        charts.cloud(many, x=charts.rating("x", "x"), y=charts.rating("y", "y")),
        charts.dots(many, x=charts.rating("x", "x"), y="what", order=["a"]),
    )
    for chart in charts_with_a_key:
        of = chart["encoding"]["color"]["legend"]["columns"]["expr"]
        pixels = int(of.rpartition("/")[2].strip(" )"))
        assert of == f"max(1, floor(width / {pixels}))"
        assert pixels >= 7 * max(map(len, many))


def test_names_of_arms_are_slanted_where_they_would_run_into_each_other() -> None:
    angle = charts.paired(ARMS, y=charts.rating("mean", "mean"))["encoding"]["x"]["axis"]["labelAngle"]["expr"]
    least = int(angle.split("<")[1].split("?")[0])
    assert NARROW < least < 900
    assert angle.endswith("? -35 : 0")
