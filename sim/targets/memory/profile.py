"""`profile`: what is known of the user, a dated fact a line, brought up to date after each session (LikeBench's dynamic user profile).

A value that has changed takes the place of the old one. The memory is lines of the form `2026-01-05: Their cat is called Biscuit.`
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from sim.targets.memory.writing import SLACK, Written

if TYPE_CHECKING:
    from sim.llm.prompts import Prompts

LINES = 100
"""Lines that the model is told to keep to."""
CHARACTERS = 200
"""Characters of a line that it is told to keep to."""

_LINE = re.compile(r"[-*•\s\[\"]*(\d{4}-\d{2}-\d{2})[\]\"*]*\s*[:|–-]+\s*(.*\S)")


class Profile(Written):
    """Dated lines."""

    name = "profile"

    def instructions(self, prompts: Prompts) -> str:
        """What a line looks like, and how many there may be."""
        return prompts.render("memory_profile_system", lines=LINES, characters=CHARACTERS)

    def read(self, text: str, held: str, *, marked: bool) -> str:
        """The dated lines of `text`, none twice."""
        found: dict[str, None] = {}
        for line in filter(str.strip, text.splitlines()):
            dated = _LINE.fullmatch(line.strip())
            if dated and _is_date(dated[1]):
                found[f"{dated[1]}: {dated[2]}"] = None
            elif dated or marked:
                raise ValueError(f'this line does not begin with a date such as "2026-01-05: ": {line.strip()[:60]}')
        if not found and (held or not marked):
            raise ValueError("there is no line in it that begins with a date")
        if len(found) > SLACK * LINES:
            raise ValueError(f"it has {len(found)} lines; write at most {LINES}")
        longest = max(found, key=len, default="")
        if len(longest) > SLACK * CHARACTERS:
            raise ValueError(f"a line has {len(longest)} characters; write at most {CHARACTERS}: {longest[:60]}")
        return "\n".join(found)

    def parts(self, memory: str) -> tuple[str, ...]:
        """A text for each line."""
        return tuple(memory.splitlines())


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
