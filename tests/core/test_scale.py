from __future__ import annotations

import pytest

from sim.core.errors import InputError
from sim.core.scale import Scale


@pytest.mark.parametrize(
    ("text", "low", "high", "shown"),
    [
        ("0-6", 0, 6, "0-6"),
        (" 1 to 7 ", 1, 7, "1-7"),
        ("1–5", 1, 5, "1-5"),
        ("-3..3", -3, 3, "-3-3"),
        ("0-100", 0, 100, "0-100"),
        ("poor | fair|good", 0, 2, "poor|fair|good"),
    ],
)
def test_a_scale_is_read_from_how_people_write_it(text: str, low: float, high: float, shown: str) -> None:
    scale = Scale.parse(text)
    assert (scale.low, scale.high, str(scale)) == (low, high, shown)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a scale; write it as 0-6"),
        ("good", "'good' is not a scale"),
        ("6-0", "'6-0' does not rise; write the lowest score first"),
        ("poor|", "names fewer than two answers"),
        ("poor|good|Poor", "names 'Poor' twice"),
    ],
)
def test_what_is_no_scale_is_said(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        Scale.parse(text)
    assert str(caught.value).startswith(said)


def test_names_are_numbers_from_0_and_nothing_lies_between_them() -> None:
    scale = Scale.parse("poor|fair|good")
    assert (scale.place("Fair "), scale.place("great")) == (1.0, None)
    assert [scale.holds(s) for s in (0, 1.5, 2, 3)] == [True, False, True, False]
    assert [Scale.parse("0-6").holds(s) for s in (-1, 0, 3.5, 6, 7)] == [False, True, True, True, False]
