"""How an offline target fills in a questionnaire: by the statement alone, or in one of the ways that have nothing to do with what is asked.

It reads the sheet as it is worded. Who answers by the statement takes the same option however the options are ordered, and another one, as likely as
not, where the statement is put in other words.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from sim.core.seeds import rng

Fills = Literal["by_statement", "first", "agrees", "refuses", "mumbles"]
"""`first`: the option shown first, whatever it is. `agrees`: "very accurate", or the last letter. `mumbles`: what is no answer."""

_OPTION: Final = re.compile(r"^([A-I])\. (.+)$", re.MULTILINE)
_NUMBERED: Final = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
_ENDS: Final = "letter of one option"
_AGREES: Final = "very accurate"


def fill_in(message: str, fills: Fills) -> str | None:
    """The answer to a sheet; None: `message` is none."""
    head, found, tail = message.partition("\nOptions:\n")
    options = _OPTION.findall(tail)
    if not found or _ENDS not in tail or len(options) < 2:
        return None
    if fills == "refuses":
        return "I'm an AI and have no personality that I could describe."
    if fills == "mumbles":
        return "Fine."
    numbered = _NUMBERED.findall(head)
    if len(numbered) > 1:
        return "\n".join(f"{number}. {_letter(text, options, fills)}" for number, text in numbered)
    return _letter(head.strip(), options, fills)


def _letter(asked: str, options: list[tuple[str, str]], fills: Fills) -> str:
    if fills == "first":
        return options[0][0]
    if fills == "agrees":
        return next((letter for letter, text in options if text == _AGREES), options[-1][0])
    drawn = rng("offline questionnaire", asked).choice(sorted(text for _, text in options))
    return next(letter for letter, text in options if text == drawn)
