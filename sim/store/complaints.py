"""What pydantic finds wrong with a file, said in plain words with line, place and the nearest thing that would be right."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from sim.core.errors import InputError, nearest
from sim.core.frozen import Faults

if TYPE_CHECKING:
    from sim.store.yaml_file import Document, Node, Step

_SHAPE = frozenset({"literal_error", "model_type", "dict_type", "string_type", "float_type", "too_short"})
"""Complaints of one branch of a union about a value that was meant for another one, or of a list about entries that were refused."""

_ABOUT_A_KEY = frozenset({"missing", "extra_forbidden"})
"""Complaints that name the last step themselves."""

_FORMS = {
    "id": "lower-case letters, digits, - and _, such as mia-2",
    "name": "lower-case letters, digits, - and _, such as first-look",
    "model": "provider/name, such as openai/gpt-5 or offline/friendly",
    "language": "a language tag, such as en or pt-BR",
    "api_key_env": "the name of an environment variable, never the key itself",
    "disclose": "the id of a fact of the scenario, or persona.<id or topic>",
    "about": "the id of a fact of the scenario, or persona.<id or topic>",
    "fact": "the id of a fact of the scenario, or persona.<id or topic>",
    "callable": "module:function, such as bots:reply",
    "graph": "module:graph, such as bots:graph",
    "reply": "the way to the reply, such as choices[0].message.content, or $ for all that comes back",
}
"""What a key's pattern asks for."""


@dataclass(frozen=True)
class _Fault:
    """One thing that is wrong."""

    type: str
    steps: tuple[Step, ...]
    """Where it stands in the file."""
    line: int
    problem: str
    mend: str = ""


def complaints(error: ValidationError, document: Document, model: type[BaseModel]) -> list[InputError]:
    """Every fault in a line of its own, by line."""
    faults = [f for e in error.errors(include_url=False) for f in _faults(e, document, model)]
    return [_spoken(f, document) for f in sorted(_without_echoes(faults), key=lambda f: f.line)]


def _spoken(fault: _Fault, document: Document) -> InputError:
    label = _label(fault.steps[:-1] if fault.type in _ABOUT_A_KEY else fault.steps)
    # A validator may name its key itself.
    problem = fault.problem if not label or fault.problem.startswith(f"{label}:") else f"{label}: {fault.problem}"
    return InputError(problem, mend=fault.mend, where=document.path, line=fault.line)


def _faults(error: ErrorDetails, document: Document, model: type[BaseModel]) -> list[_Fault]:
    """What `error` says; several things where a validator found several, nothing where YAML itself was wrong."""
    steps, node = _place(error["loc"], document)
    if node.refused and error["type"] != "missing":
        return []
    found = error.get("ctx", {}).get("error")
    if isinstance(found, Faults):
        return [_Fault(error["type"], steps, node.line, problem) for problem in found.problems]
    return [_fault(error, document, model)]


def _fault(error: ErrorDetails, document: Document, model: type[BaseModel]) -> _Fault:
    steps, node = _place(error["loc"], document)
    context: Mapping[str, Any] = error.get("ctx", {})
    kind = error["type"]
    if kind == "missing":
        name = str(error["loc"][-1])
        return _Fault(kind, (*steps, name), node.line, f"'{name}' is missing", "add it")
    if kind == "extra_forbidden" or error["loc"][-1:] == ("[key]",):
        unknown = str(steps[-1])
        above = error["loc"][:-2] if error["loc"][-1] == "[key]" else error["loc"][:-1]
        return _Fault("extra_forbidden", steps, node.line, f"unknown key '{unknown}'", nearest(unknown, _keys(_types(model, above))))
    problem, mend = _words(kind, context, node, steps, _types(model, error["loc"]), error["msg"])
    return _Fault(kind, steps, node.line, problem, mend)


def _place(loc: tuple[Step, ...], document: Document) -> tuple[tuple[Step, ...], Node]:
    """Where pydantic's `loc` leads in the file; the names of union branches among it lead nowhere."""
    node = document.root
    steps: list[Step] = []
    for step in loc:
        if step in node.children:
            node = node.children[step]
            steps.append(step)
    return tuple(steps), node


def _without_echoes(faults: list[_Fault]) -> list[_Fault]:
    """`faults` without those that only follow from another one."""
    unknown = {(f.steps[:-1], str(f.steps[-1])) for f in faults if f.type == "extra_forbidden"}

    def echoes(fault: _Fault) -> bool:
        if fault.type == "missing":
            above, name = fault.steps[:-1], str(fault.steps[-1])
            return any(place == above and get_close_matches(wrong, [name], n=1, cutoff=0.6) for place, wrong in unknown)
        if fault.type not in _SHAPE:
            return False
        here = len(fault.steps)
        deeper = any(len(f.steps) > here and f.steps[:here] == fault.steps for f in faults)
        clearer = [f for f in faults if f.steps == fault.steps and (f.type == "literal_error" or f.type not in _SHAPE)]
        beside = fault.type != "literal_error" and bool(clearer)
        return deeper or beside

    return [f for f in faults if not echoes(f)]


def _label(steps: Iterable[Step]) -> str:
    """A place in words, counted from 1: "sessions 2, agenda 1, aim"."""
    label = ""
    for step in steps:
        label += f" {step + 1}" if isinstance(step, int) else f", {step}" if label else str(step)
    return label


# --- words --------------------------------------------------------------------------------------------------------


def _words(kind: str, context: Mapping[str, Any], node: Node, steps: tuple[Step, ...], types: list[object], said: str) -> tuple[str, str]:
    """Problem and mend for one kind of pydantic error."""
    key = next((s for s in reversed(steps) if isinstance(s, str)), "")
    if node.value is None and not node.raw.strip("~nulNUL"):
        return "has no value", "write one behind the colon, or take the line out"
    shown = "" if "key" in key else f", not {_shown(node)}"
    match kind:
        case "string_type":
            return _wants_text(node)
        case "string_too_short":
            return "must not be empty", ""
        case "string_too_long":
            return f"is longer than {context['max_length']} characters", "shorten it"
        case "string_pattern_mismatch":
            return f"must be {_FORMS.get(key, 'of the form ' + str(context['pattern']))}{shown}", ""
        case "literal_error":
            return _wants_choice(node, types)
        case "union_tag_invalid":
            # pydantic quotes the key itself, and the choices one by one.
            name, known = str(context["discriminator"]).strip("'"), re.findall(r"'([^']*)'", str(context["expected_tags"]))
            return f"'{context['tag']}' is not a {name} known here", nearest(str(context["tag"]), known)
        case "union_tag_not_found":
            return f"{context['discriminator']} is missing", "add it"
        case "too_short":
            return f"must have at least {context['min_length']} {_entries(context['min_length'])}, and has {context['actual_length']}", "add to it"
        case "too_long":
            return f"must have at most {context['max_length']} {_entries(context['max_length'])}", "take some out"
        case "model_type" | "dict_type" | "mapping_type" | "model_attributes_type" | "dataclass_type":
            keys = ", ".join(_keys(types)[:6])
            return f"must hold keys and values{shown}", f"write it as `key: value` lines ({keys})" if keys else ""
        case "tuple_type" | "list_type":
            one = f": [{node.raw}]" if re.fullmatch(r"[\w./-]+", node.raw) else f': ["{node.raw}"]' if node.raw else ""
            return f"must be a list{shown}", f"write it as one{one}"
        case "value_error" | "assertion_error":
            return str(context.get("error", said)), ""
    if kind.startswith("date"):
        return f"must be a date, such as 2026-01-05{shown}", ""
    if kind.startswith("bool"):
        return f"must be true or false{shown}", ""
    number = "a whole number" if _wants_int(types) else "a number"
    if kind.startswith(("int", "float")) or kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"):
        quoted = isinstance(node.value, str) and re.fullmatch(r"-?\d+(\.\d+)?", node.raw)
        return f"must be {number}{_bounds(types)}{shown}", "take the quotes away" if quoted else ""
    return said.replace("Input should be", "must be"), ""


def _wants_text(node: Node) -> tuple[str, str]:
    if isinstance(node.value, dict):
        return "must be text, and a ': ' in it makes it keys and values", 'put the whole text in "quotes"'
    if isinstance(node.value, list):
        return "must be one text, not a list", ""
    kind = "true or false" if isinstance(node.value, bool) else "a date" if isinstance(node.value, dt.date) else "a number"
    kind = "nothing" if node.value is None else kind
    return f"must be text, but to YAML {node.raw} is {kind}", f'quote it: "{node.raw}"'


def _wants_choice(node: Node, types: list[object]) -> tuple[str, str]:
    choices = [str(c) for t in types if get_origin(_bare(t)) is Literal for c in get_args(_bare(t))]
    if choices and all(re.fullmatch(r"-?\d+", c) for c in choices):
        return f"must be {', '.join(choices[:-1])} or {choices[-1]}, not {_shown(node)}", ""
    keys = ", ".join(f"{k}:" for k in _required(types))
    if keys:
        either = " or ".join(f"'{c}'" for c in choices)
        return f"must be {either}, or keys and values ({keys} …), not {_shown(node)}", ""
    return f"{_shown(node)} is not a choice here", nearest(node.raw, choices)


def _shown(node: Node) -> str:
    if isinstance(node.value, dict):
        return "keys and values"
    if isinstance(node.value, list):
        return "a list"
    return f"'{node.raw}'" if len(node.raw) <= 40 else f"'{node.raw[:40]}…'"


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"


# --- what a model wants at a place --------------------------------------------------------------------------------


def _types(model: type[BaseModel], loc: Iterable[Step]) -> list[object]:
    """The annotations that a value at pydantic's `loc` in `model` may have; what names a branch of a union chooses it, where it can be told."""
    types: list[object] = [model]
    for step in loc:
        branches = [branch for t in types for branch in _branches(t)]
        chosen = [b for b in branches if any(isinstance(n, Tag) and n.tag == step for n in _notes(b))]
        inner = [i for b in branches for i in _inside(b, step)]
        types = chosen or inner or [b for b in branches if getattr(_bare(b), "__name__", None) == step] or branches
    return [branch for t in types for branch in _branches(t)]


def _inside(annotation: object, step: Step) -> Iterator[object]:
    for t in map(_bare, _branches(annotation)):
        if isinstance(t, type) and issubclass(t, BaseModel):
            about = t.model_fields.get(str(step))
            if about:
                yield Annotated[about.annotation, *about.metadata] if about.metadata else about.annotation
        elif get_origin(t) in (tuple, list) and isinstance(step, int):
            yield get_args(t)[0]
        elif get_origin(t) is dict:
            yield get_args(t)[1]


def _branches(annotation: object) -> Iterator[object]:
    """The members of a union, or the annotation itself; what an outer `Annotated` says goes with each."""
    bare = _bare(annotation)
    if get_origin(bare) not in (Union, UnionType):
        yield annotation
        return
    notes = _notes(annotation)
    for member in get_args(bare):
        yield from _branches(Annotated[member, *notes] if notes else member)


def _notes(annotation: object) -> tuple[object, ...]:
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _bare(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _keys(types: Iterable[object]) -> list[str]:
    """The keys that a mapping of any of `types` may have."""
    found: list[str] = []
    for t in map(_bare, types):
        if isinstance(t, type) and issubclass(t, BaseModel):
            found.extend(t.model_fields)
        elif get_origin(t) is dict and get_origin(_bare(get_args(t)[0])) is Literal:
            found.extend(map(str, get_args(_bare(get_args(t)[0]))))
    return found


def _required(types: Iterable[object]) -> list[str]:
    models = [t for t in map(_bare, types) if isinstance(t, type) and issubclass(t, BaseModel)]
    return [name for t in models for name, about in t.model_fields.items() if about.is_required()]


def _wants_int(types: Iterable[object]) -> bool:
    return any(_bare(t) is int for t in types)


def _bounds(types: Iterable[object]) -> str:
    """What `Field(ge=…, le=…)` says about a number, in words."""
    said: dict[str, Any] = {}
    for t in types:
        for note in _notes(t):
            for one in (note, *getattr(note, "metadata", ())):
                said.update({b: getattr(one, b) for b in ("ge", "gt", "le", "lt") if getattr(one, b, None) is not None})
    if "ge" in said and "le" in said:
        return f" from {said['ge']} to {said['le']}"
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    parts = [f"{words[b]} {said[b]}" for b in ("ge", "gt", "lt", "le") if b in said]
    return f" {' and '.join(parts)}" if parts else ""
