"""What is left of an event when its texts are deleted: everything that is counted, and nothing that anybody said.

Whatever is free text goes, also in kinds of event that this module has never heard of: fields are kept by their type (numbers, dates, choices from a
fixed list) or because they are named in `_NAMES`. Messages and replies keep their number of words, so that tables come out the same. What the ledger
reads from messages (facts told) goes with them.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, TypeVar, get_args, get_type_hints

from pydantic import BaseModel

from sim.core.event import Assessment, Call, Event, TargetReplied, Utterance
from sim.core.text import words

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORGOTTEN: Final = "forgotten"
"""Stands where a text was."""
WORD: Final = "ø"
"""Stands where one word of a message or reply was."""

_NAMES: Final = frozenset({"trial", "part", "model", "finish", "moves"})
"""Text fields that name things of the study or of the provider."""
_CHOSEN: Final = frozenset({(Assessment, "value")})
"""Texts that are one of the labels that a scorer chooses from."""
_COUNTED: Final = frozenset({(Utterance, "message"), (TargetReplied, "reply")})
"""Texts whose words are counted."""

Value: TypeAlias = "BaseModel | DataclassInstance"
M = TypeVar("M", bound=Value)


def forget_text(event: Event) -> Event:
    """`event` without its texts. Doing it again changes nothing."""
    return _bare(event)


def _bare(model: M) -> M:
    of = type(model)
    values = dict(model) if isinstance(model, BaseModel) else {f.name: getattr(model, f.name) for f in fields(model)}
    changed = {name: _value(of, name, value) for name, value in values.items() if name not in _NAMES and (of, name) not in _CHOSEN}
    return model.model_copy(update=changed) if isinstance(model, BaseModel) else replace(model, **changed)


def _value(of: type[Any], name: str, value: object) -> object:
    if _is_value(value):
        return _bare(value)
    if isinstance(value, dict):
        return {key: _value(of, name, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(of, name, item) for item in value]
    if isinstance(value, tuple):
        return tuple(_bare(item) if _is_value(item) else item for item in value) if not _is_text(of, name) else ()
    if not isinstance(value, str) or not value or not _is_text(of, name):
        return value
    if of is Call:
        return ""
    return " ".join(WORD for _ in words(value)) if (of, name) in _COUNTED else FORGOTTEN


def _is_value(it: object) -> TypeGuard[Value]:
    return isinstance(it, BaseModel) or (is_dataclass(it) and not isinstance(it, type))


def _is_text(of: type[Any], name: str) -> bool:
    """Whether the field holds any text, or texts, rather than a choice from a fixed list."""
    annotation = _hints(of)[name]  # type: ignore[arg-type]
    return annotation is str or str in get_args(annotation)


@cache
def _hints(of: type[Any]) -> dict[str, object]:
    return get_type_hints(of)
