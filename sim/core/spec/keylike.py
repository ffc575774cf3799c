"""What looks like a key, in texts of which nobody says what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PROVIDERS = re.compile(
    r"(?<![\w-])(?:(?:sk|pk|rk|gsk|xai|key|hf|ghp|glpat|xox[a-z])[-_](?=[\w.-]*\d)[\w.-]{8,}|AIza[\w-]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]*)"
)
_DENSE = re.compile(r"[A-Za-z0-9_+=~-]{20,}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def key_like(text: str) -> bool:
    """Whether `text` holds what hardly is anything but a key: written as providers write theirs, or long, with capitals, small letters and digits."""
    runs = (run[0] for run in _DENSE.finditer(_UUID.sub("", text)))
    return bool(_PROVIDERS.search(text)) or any(
        re.search("[a-z]", run) and re.search("[A-Z]", run) and len(re.findall(r"\d", run)) >= _FIGURES for run in runs
    )


_FIGURES = 2
"""A name with a number in it has one; a key has several."""


def long_runs(text: str) -> Iterator[re.Match[str]]:
    """Every stretch of `text` that might be a key: long, with letters and digits in it, whatever else it is."""
    for run in _DENSE.finditer(text):
        if re.search("[A-Za-z]", run[0]) and re.search(r"\d", run[0]):
            yield run
