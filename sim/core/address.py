"""Whose event it is, or what it is about: the last field of its key, `part`, taken apart and put together in one place.

    kind            part                            who                what           edition   count
    rated           self · observer:x · human:p3    the rater
                    self:repeat                     the rater          its control
                    self:one_by_one@callback        the rater          its control       dimension
    tagged          offline · openai/gpt-5@trust    the tagger                        codebook
    scored          answers@2 · profile@1           the scorer                        version
    probed          implicit:cat                    the kind           the fact
    labelled        owner#3                         the reader                                  label
    sheet_answered  ipip-neo-120:17#2               the questionnaire  the item                     way of putting it
    form_answered   human:p3:after                  the person         the form
    call_lost       rate_likability:self:repeat#1   the node           the judge                attempt
    any other       profile · summary · ''          all of it

Earlier versions kept all seven dimensions of `one_by_one` under one part, without a dimension.

The same text means different things in different kinds of event, so that reading one takes its kind; writing one does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, Self, get_args

from sim.core.codebook import DIMENSIONS

if TYPE_CHECKING:
    from sim.core.event import Kind

Control = Literal["one_by_one", "repeat"]
CONTROLS: Final[tuple[Control, ...]] = get_args(Control)
"""How the primary rater is asked once more (`sim.core.controls`)."""

SELF: Final = "self"
"""The rater that is the user's own model."""
_OBSERVER: Final = "observer:"
_PERSON: Final = "human:"
# A rater may be named after a model, colons and all, and an observer may be called like a control: only what follows a whole name is a control.
_RATED: Final = re.compile(
    rf"(?P<who>(?:{_OBSERVER}|{_PERSON})?.+?)(?::(?P<what>{'|'.join(CONTROLS)})(?:@(?P<edition>{'|'.join(DIMENSIONS)}))?)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Address:
    """A part, taken apart; the table above says what each piece is."""

    who: str
    what: str = ""
    edition: str = ""
    count: int = 0
    """0: it is not counted."""

    def __str__(self) -> str:
        what = f":{self.what}" if self.what else ""
        edition = f"@{self.edition}" if self.edition else ""
        return f"{self.who}{what}{edition}{f'#{self.count}' if self.count else ''}"

    @classmethod
    def parse(cls, kind: Kind, part: str) -> Self:
        """The address that `part` of an event of `kind` is; `str` gives `part` back."""
        match kind:
            case "rated":
                found = _RATED.fullmatch(part)
                return cls(found["who"], found["what"] or "", found["edition"] or "") if found else cls(part)
            case "tagged":
                who, _, edition = part.rpartition("@")
                return cls(who, edition=edition) if who and edition else cls(part)
            case "scored":
                who, _, edition = part.partition("@")
                return cls(who, edition=edition) if who and edition else cls(part)
            case "probed" | "probe_answered":
                who, _, what = part.partition(":")
                return cls(who, what) if who and what else cls(part)
            case "form_answered":
                who, _, what = part.rpartition(":")
                return cls(who, what) if who and what else cls(part)
            case "labelled":
                who, count = _counted(part)
                return cls(who, count=count)
            case "call_lost" | "sheet_answered":
                name, count = _counted(part)
                who, _, what = name.partition(":")
                return cls(who, what, count=count) if who and what else cls(name, count=count)
        return cls(part)


def observer_id(name: str) -> str:
    """The rater id of an observer: of its id in the study, or of its model."""
    return _OBSERVER + name


def observed_by(rater: str) -> str | None:
    """What the observer `rater` is called; None: it is not an observer."""
    return rater.removeprefix(_OBSERVER) if rater.startswith(_OBSERVER) else None


def person_id(code: str) -> str:
    """The rater id of the person who goes by `code`."""
    return _PERSON + code


def code_of(rater: str) -> str | None:
    """The code that the person `rater` goes by; None: it is not a person."""
    return rater.removeprefix(_PERSON) if rater.startswith(_PERSON) else None


def control(rater: str, of: Control, dimension: str = "") -> str:
    """The part under which a control of `rater` is kept; of `one_by_one`, the part of one dimension."""
    return str(Address(rater, of, dimension))


@lru_cache(maxsize=4096)
def piece_of(part: str) -> str:
    """The control that ratings kept under `part` are one dimension of; empty: they are whole."""
    if "@" not in part:
        return ""
    address = Address.parse("rated", part)
    return str(replace(address, edition="")) if address.edition else ""


def is_control(part: str) -> bool:
    """Whether ratings kept under `part` are a control's, which feed no figure but their own."""
    return bool(Address.parse("rated", part).what)


def _counted(part: str) -> tuple[str, int]:
    name, mark, count = part.rpartition("#")
    return (name, int(count)) if mark and count.isascii() and count.isdigit() and not count.startswith("0") else (part, 0)
