from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.dates import _NUMBERS, later, spoken

MONDAY = dt.date(2026, 1, 5)


def test_a_date_is_said_in_full_with_the_time_since() -> None:
    assert spoken(dt.date(2026, 3, 12)) == "Thursday, 12 March 2026"
    assert spoken(dt.date(2026, 3, 12), dt.date(2026, 3, 3)) == "Thursday, 12 March 2026, nine days later"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "later the same day"),
        (1, "the next day"),
        (2, "two days later"),
        (7, "seven days later"),
        (12, "twelve days later"),
        (13, "13 days later"),
        (14, "two weeks later"),
        (16, "16 days later"),
        (21, "three weeks later"),
        (31, "one month later"),
        (33, "about five weeks later"),
        (59, "two months later"),
        (75, "about two months later"),
        (365, "one year later"),
        (370, "about one year later"),
        (550, "about 18 months later"),
        (731, "about two years later"),
        (3652, "ten years later"),
        (36524, "100 years later"),
    ],
)
def test_gaps_are_said_as_people_say_them(days: int, words: str) -> None:
    assert later(MONDAY + dt.timedelta(days), MONDAY) == words


def test_a_gap_cannot_go_back() -> None:
    with pytest.raises(ValueError, match="lies after"):
        later(MONDAY, MONDAY + dt.timedelta(1))


@given(st.dates(min_value=dt.date(1, 1, 1), max_value=dt.date(9000, 1, 1)), st.integers(0, 36_525))
def test_the_words_of_any_gap_are_right_to_within_their_rounding(since: dt.date, days: int) -> None:
    words = later(since + dt.timedelta(days), since)
    assert words.endswith(("later", "next day", "same day"))
    numbers = {word: i for i, word in enumerate(_NUMBERS)}
    units = {"day": 1, "week": 7, "month": 30.436875, "year": 365.2425}
    parts = words.removeprefix("about ").split()
    if days > 1:
        count = numbers.get(parts[0]) or int(parts[0])
        size = units[parts[1].rstrip("s")]
        assert abs(count * size - days) <= (0 if size <= 7 and "about" not in words else 0.51 * size + 2)
