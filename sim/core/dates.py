"""Dates in plain words, the same for the prompts, the tables and the transcripts; no locale has a say in them."""

from __future__ import annotations

import datetime as dt
from typing import Literal

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_SEASONS = ("winter", "spring", "summer", "autumn")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_DAYS_PER_MONTH = 365.2425 / 12
_DAYS_PER_YEAR = 365.2425


def spoken(date: dt.date, since: dt.date | None = None) -> str:
    """`date` as one would say it, with the time passed `since` then: "Thursday, 12 March 2026, nine days later".

    Raises:
        ValueError: `since` lies after `date`.
    """
    day = f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year}"
    return day if since is None else f"{day}, {later(date, since)}"


def season(date: dt.date, hemisphere: Literal["north", "south"]) -> str:
    """The season by whole months, as weather services count: "winter" from December to February in the north, from June to August in the south."""
    return _SEASONS[(date.month // 3 + 2 * (hemisphere == "south")) % 4]


def later(date: dt.date, since: dt.date) -> str:
    """How long `date` is after `since`: days below a fortnight, then weeks, months and years.

    What is not a whole number of the unit says "about"; from 14 to 30 days the days themselves are said.

    Raises:
        ValueError: `since` lies after `date`.
    """
    days = (date - since).days
    if days < 0:
        raise ValueError(f"{since} lies after {date}")
    if days == 0:
        return "later the same day"
    if days == 1:
        return "the next day"
    if days >= 14 and days < 60 and days % 7 == 0:
        return _after(days // 7, "week")
    if days <= 30:
        return _after(days, "day")
    months = 12 * (date.year - since.year) + date.month - since.month
    whole = date.day == since.day
    if whole and months % 12 == 0:
        return _after(months // 12, "year")
    if whole and months < 24:
        return _after(months, "month")
    if days < 60:
        return f"about {_after(round(days / 7), 'week')}"
    if days < 2 * _DAYS_PER_YEAR - _DAYS_PER_MONTH:
        months = round(days / _DAYS_PER_MONTH)
        return f"about {_after(1, 'year') if months == 12 else _after(months, 'month')}"
    return f"about {_after(round(days / _DAYS_PER_YEAR), 'year')}"


def _after(count: int, unit: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {unit}{'' if count == 1 else 's'} later"
