"""The base of every value that crosses a border: frozen, and strict about unknown keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar, dataclass_transform

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")
T = TypeVar("T")


class Frozen(BaseModel):
    """A value: cannot be changed, refuses keys it does not know."""

    model_config = ConfigDict(**_STRICT, frozen=True)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def small(cls: type[T]) -> type[T]:
    """Make `cls` as strict as `Frozen` in a tenth of its memory: for the values of which a run keeps dozens an exchange."""
    made: type[T] = dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)(cls)  # type: ignore[assignment]
    return made


class Faults(ValueError):
    """Several things that are wrong with one value, each a sentence as of its own `ValueError`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def run_checks(*checks: Callable[[], object]) -> None:
    """Run all `checks` of one value.

    Raises:
        ValueError: one of them raised it; `Faults` where several did.
    """
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except Faults as faults:
            problems += faults.problems
        except ValueError as error:
            problems.append(str(error))
    refuse_all(problems)


def refuse_all(problems: Sequence[str]) -> None:
    """Raise for `problems`, if there are any."""
    if problems:
        raise ValueError(problems[0]) if len(problems) == 1 else Faults(problems)


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character is not text")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_nul)]
"""Text that says something."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
"""A name used in keys, flags and file names: lower-case letters, digits, `-` and `_`."""

Level = Annotated[int, Field(strict=True, ge=1, le=5)]
"""1 (hardly) to 5 (very much)."""
