"""Documents that Python gives back: in a console what each is and holds in one line, in a notebook the same as a small table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from sim.core.frozen import Frozen

LONGEST: Final = 60
"""Characters of a text that are shown; a longer one is cut."""


class Shown(Frozen):
    """A document with fields to take figures from, which would fill pages if each of them were printed."""

    def __repr__(self) -> str:
        return f"<{_spoken(type(self).__name__)}: {' · '.join(f'{name} {value}' for name, value in self._held())}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        rows = "".join(f'<tr><th style="text-align:left">{escape(n)}</th><td style="text-align:left">{escape(v)}</td></tr>' for n, v in self._held())
        return f"<div><p><b>{escape(_spoken(type(self).__name__))}</b></p><table><tbody>{rows}</tbody></table></div>"

    def _held(self) -> Iterator[tuple[str, str]]:
        """Each field by name that holds anything: a single value as it is, of several how many there are."""
        for name in type(self).model_fields:
            if text := _value(getattr(self, name)):
                yield name, text


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        line = " ".join(value.split())
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping | Sequence):
        names = [v for v in value if isinstance(v, str)]
        whole = ", ".join(names)
        return (whole if names and len(whole) <= LONGEST else f"({len(value):,})") if value else ""
    return "" if value is None else f"({_spoken(type(value).__name__)})"


def _spoken(name: str) -> str:
    """The name of a class in words, without what all of them are called."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Document")).lower()
