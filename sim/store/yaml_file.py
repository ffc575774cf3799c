"""YAML read strictly: whatever a file could mean by accident is refused in one line that names file, line and the mend.

PyYAML scans and resolves; putting the pieces together is done here, because its own composer takes the last of two equal keys, follows tags into
Python and forgets the lines that a complaint has to name.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Never, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from sim.core.errors import InputError, gather
from sim.store.complaints import complaints
from sim.store.files import open_regular

MAX_BYTES = 5_000_000
_MAX_DEPTH = 100
_TOO_DEEP = f"is nested more than {_MAX_DEPTH} deep"
_MAX_ALIASED = 100_000
"""Nodes that aliases may stand for in one file: enough for any table of shared texts, too few to fill the memory."""

Yaml = str | int | float | bool | None | dt.date | list["Yaml"] | dict[str, "Yaml"]
Step = str | int
"""A key of a mapping, or a place in a list, from 0."""

M = TypeVar("M", bound=BaseModel)

_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# YAML 1.1 reads 1:30 as 90 and 010 as 8, which nobody who writes it today means.
_ODD_NUMBER = re.compile(r"(?P<sixties>[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)|[-+]?0[0-7_]+")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True)
class Node:
    """A value in a file, and where it stands."""

    value: Yaml
    line: int
    """From 1; in a mapping, the line of its key."""
    raw: str = ""
    """A scalar as it is written."""
    children: Mapping[Step, Node] = field(default_factory=dict)
    size: int = 1
    """Nodes in it, itself included."""
    refused: bool = False
    """Whether something was wrong with it already as YAML, so that nothing more need be said of it."""


@dataclass(frozen=True)
class Document:
    """A file's content with its lines."""

    path: Path
    root: Node
    faults: tuple[InputError, ...] = ()
    """What is refused already as YAML; whatever does not depend on it can still be looked at."""

    def find(self, *steps: Step) -> Node:
        """The node at `steps`, or the last one on the way there."""
        node = self.root
        for step in steps:
            if step not in node.children:
                break
            node = node.children[step]
        return node

    def keys(self) -> tuple[str, ...]:
        """The keys at the top."""
        return tuple(k for k in self.root.children if isinstance(k, str))


def load_yaml(path: Path, model: type[M], *, max_bytes: int = MAX_BYTES, context: Mapping[str, object] | None = None) -> M:
    """The `model` that stands in `path`.

    Args:
        context: what its validators are told, such as `sim.core.spec.memory.RECORDED`.

    Raises:
        InputError: anything that is wrong with the file, all of it at once (`sim.core.errors.split`).
    """
    return build(read_yaml(path, max_bytes=max_bytes), model, context=context)


def build(document: Document, model: type[M], *, context: Mapping[str, object] | None = None) -> M:
    """The `model` that `document` describes.

    Raises:
        InputError: anything that is wrong with it, by line.
    """
    faults = list(document.faults)
    built: M | None = None
    if not isinstance(document.root.value, dict):
        kind = "a list" if isinstance(document.root.value, list) else "a single value"
        required = ", ".join(f"{name}:" for name, about in model.model_fields.items() if about.is_required())
        problem = f"the file holds {kind}, not keys and values"
        faults.append(InputError(problem, mend=f"begin with {required}", where=document.path, line=document.root.line))
    else:
        try:
            built = model.model_validate(document.root.value, context=context)
        except ValidationError as error:
            faults += complaints(error, document, model)
    wrong = gather(sorted(faults, key=lambda f: f.line or 0))
    if wrong:
        raise wrong
    assert built is not None
    return built


def read_yaml(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """The content of `path` with its lines, before any model has looked at it; what is refused in it stands in `faults`.

    Raises:
        InputError: the file cannot be read, is not UTF-8 text, or is not YAML that can be read to its end.
    """
    text = _read_text(path, max_bytes)
    composer = _Composer(path, yaml.parse(text, Loader=_LOADER))
    try:
        root = composer.document()
    except yaml.MarkedYAMLError as error:
        raise gather([*composer.faults, _syntax_error(path, text, error)]) or error from None
    except InputError as error:
        raise gather([*composer.faults, error]) or error from None
    if root is None:
        raise InputError("the file is empty", where=path)
    return Document(path, root, tuple(composer.faults))


# --- bytes to text ------------------------------------------------------------------------------------------------


def _read_text(path: Path, max_bytes: int) -> str:
    try:
        with open_regular(path) as file:
            data = file.read(min(max_bytes, os.fstat(file.fileno()).st_size) + 1)
    except FileNotFoundError:
        raise InputError("no such file", where=path) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", where=path) from None
    if len(data) > max_bytes:
        raise InputError(f"is larger than {max_bytes / 1e6:g} MB", mend="split it", where=path)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("is UTF-16, not UTF-8", mend="save it as UTF-8", where=path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from behind a byte-order mark.
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, start) + 1
        raise InputError(f"byte {start} (0x{data[start]:02x}) is not UTF-8", mend="save the file as UTF-8", where=path, line=line) from None
    stray = _NOT_TEXT.search(text)
    if stray:
        what = "a NUL character" if stray[0] == "\0" else f"a control character (U+{ord(stray[0]):04X})"
        raise InputError(f"{what} is in the text", mend="take it out", where=path, line=text.count("\n", 0, stray.start()) + 1)
    return text


# --- text to nodes ------------------------------------------------------------------------------------------------


class _Composer:
    """Puts PyYAML's events together, refusing what has a second meaning."""

    def __init__(self, path: Path, events: Iterator[yaml.Event]) -> None:
        self._path = path
        self._events = events
        self._resolver = yaml.resolver.Resolver()
        self._constructor = yaml.constructor.SafeConstructor()
        self._anchors: dict[str, Node | None] = {}
        """None while the node is still open."""
        self._aliased = 0
        self.faults: list[InputError] = []
        """What was refused so far and could be read past."""

    def document(self) -> Node | None:
        """The only document, or None when there is none."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        first = next(self._events)
        root = self._node(first, 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse("a second document begins", after, mend="keep one document to a file: take out the line '---'")
        return None if root.value is None and isinstance(first, yaml.ScalarEvent) else root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            self._refuse(_TOO_DEEP, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        tagged = event.tag not in (None, "!", _STR) or (event.tag == _STR and not isinstance(event, yaml.ScalarEvent))
        if tagged and event.tag:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(f"the tag {shown} is not allowed", event, mend="write the plain value; quote text that starts with '!'")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            assert isinstance(event, yaml.MappingStartEvent)
            node = self._mapping(event, depth)
        if tagged:
            node = replace(node, refused=True)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        tag = self._meaning(event)
        odd = _ODD_NUMBER.fullmatch(event.value) if tag in _NUMBERS else None
        if odd:
            base = 60 if odd["sixties"] else 8
            mend = f'write it in base 10, or quote it: "{event.value}"'
            self._note(f"to YAML {event.value[:40]} is a number in base {base}", event, mend=mend)
            return Node(event.value, _line(event), event.value, refused=True)
        try:
            value = self._constructor.construct_object(yaml.ScalarNode(tag, event.value)) if tag != _STR else event.value
        except ValueError:
            what = "date" if tag.endswith("timestamp") else "number"
            self._note(f"'{event.value[:40]}' is not a {what} that exists", event, mend="quote it if it is text")
        except yaml.constructor.ConstructorError:
            self._note(f"'{event.value}' has a meaning of its own in YAML", event, mend=f'quote it: "{event.value}"')
        else:
            return Node(value, _line(event), event.value)
        return Node(event.value, _line(event), event.value, refused=True)

    def _meaning(self, event: yaml.ScalarEvent) -> str:
        """The tag of a scalar: as written, else by its looks."""
        return _STR if event.tag is not None else str(self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]

    def _sequence(self, start: yaml.SequenceStartEvent, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Node([i.value for i in items], _line(start), children=dict(enumerate(items)), size=1 + sum(i.size for i in items))

    def _mapping(self, start: yaml.MappingStartEvent, depth: int) -> Node:
        own: dict[Step, Node] = {}
        merged: dict[Step, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, is_merge, refused = self._key(event)
            after = next(self._events)
            node = self._node(after, depth + 1)
            if is_merge:
                self._merge(merged, node, after)
            elif key in own:
                self._note(f"key '{key}' stands twice, first on line {own[key].line}", event, mend="keep one of them")
            else:
                own[key] = replace(node, line=_line(event), refused=refused or node.refused)
        entries = {**merged, **own}
        size = 1 + sum(n.size for n in entries.values())
        return Node({str(k): n.value for k, n in entries.items()}, _line(start), children=entries, size=size)

    def _key(self, event: yaml.Event) -> tuple[str, bool, bool]:
        """A key of a mapping, whether it merges another mapping into this one, and whether it is refused."""
        if isinstance(event, yaml.CollectionStartEvent):
            self._refuse("a key must be text, not a list or mapping", event, mend='put text that begins with [ or { in "quotes"')
        if isinstance(event, yaml.ScalarEvent):
            if self._meaning(event) == _MERGE:
                return "<<", True, False
            node = self._node(event, 0)
        else:
            node = self._alias(event)
        if isinstance(node.value, bool | int):
            # `yes: …` and `1: …` can mean nothing else as keys.
            return node.raw, False, node.refused
        if not isinstance(node.value, str):
            self._note(f"key '{node.raw}' must be text", event, mend=f'quote it: "{node.raw}"')
            return node.raw, False, True
        return node.value, False, node.refused

    def _merge(self, merged: dict[Step, Node], node: Node, event: yaml.Event) -> None:
        sources = list(node.children.values()) if isinstance(node.value, list) else [node]
        for source in sources:
            if not isinstance(source.value, dict):
                self._note("<< takes a mapping, or a list of mappings", event)
            for key, child in source.children.items():
                merged.setdefault(key, child)

    def _alias(self, event: yaml.Event) -> Node:
        name = getattr(event, "anchor", "")
        if name not in self._anchors:
            self._note(f"*{name} refers to nothing", event, mend=f'quote text that starts with *: "*{name}"')
            return Node(f"*{name}", _line(event), f"*{name}", refused=True)
        node = self._anchors[name]
        if node is None:
            self._note(f"*{name} stands inside itself", event, mend="write it out")
            return Node(f"*{name}", _line(event), f"*{name}", refused=True)
        self._aliased += node.size
        if self._aliased > _MAX_ALIASED:
            self._refuse(f"its aliases expand to more than {_MAX_ALIASED} values", event, mend="write them out, or take them out")
        return replace(node, line=_line(event))

    def _note(self, problem: str, event: yaml.Event, *, mend: str = "") -> None:
        """Refuse something, and read on behind it."""
        self.faults.append(InputError(problem, mend=mend, where=self._path, line=_line(event)))

    def _refuse(self, problem: str, event: yaml.Event, *, mend: str = "") -> Never:
        raise InputError(problem, mend=mend, where=self._path, line=_line(event))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


# --- what the scanner does not like -------------------------------------------------------------------------------

# What PyYAML says, in the words of libyaml, and what a person should be told. The first that fits wins, so the special stand before the general.
_HINTS: tuple[tuple[str, str, str], ...] = (
    (r"character '\\t'", "a tab where YAML wants spaces", "indent with spaces"),
    (r"character '(?P<what>.)' that cannot start", "text must not start with <what>", 'put it in "quotes"'),
    (r"scanning an alias", "a bare * has a meaning of its own in YAML", 'quote it: "*"'),
    (r"scanning an anchor", "a bare & has a meaning of its own in YAML", 'quote it: "&"'),
    (r"mapping values are not allowed", "a ': ' where none can be", 'put text that holds a colon in "quotes", or mend the indentation'),
    (r"quoted scalar.*unexpected end of stream", "the quote that opens here is never closed", "close it"),
    (r"unknown escape character '(?P<what>.)'", "\\<what> means nothing between double quotes", "use single quotes, or double the backslash"),
    (r"expected <block end>, but found '<scalar>'", "text goes on behind a closing quote", "put the whole text in one pair of quotes"),
    (r"expected <block end>", "the indentation does not fit the lines above", "line the keys up"),
    (r"expected ',' or '\]'", "a list in [ ] is not closed, or lacks a comma", "close it with ]"),
    (r"expected ',' or '\}'", "a mapping in { } is not closed, or lacks a comma", "close it with }"),
    (r"could not find expected ':'", "a key without a colon behind it", "write `key: value`"),
    (r"sequence entries are not allowed", "a '- ' where no list can begin", "begin the list on a line of its own"),
    (r"incompatible YAML document", "the line %YAML asks for a YAML that nobody here reads", "take it out"),
    (r"invalid Unicode character escape", "\\u or \\U names no character", "write the character itself"),
    (r"block scalar", "behind | or > nothing may follow on the same line", "begin the text on the next line"),
)


def _syntax_error(path: Path, text: str, error: yaml.MarkedYAMLError) -> InputError:
    """`error` in plain words. The Python scanner is asked again, because the C one often does not name the character at fault."""
    if "nesting depth" in str(error.problem):
        # From 1,000 levels on the C scanner of PyYAML 6.0.4 refuses by itself. The Python one does not, and takes seconds to see that.
        return InputError(_TOO_DEEP, where=path, line=error.problem_mark.line + 1 if error.problem_mark else None)
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as clearer:
        error = clearer
    said = f"{error.context or ''} {error.problem or ''}"
    for pattern, problem, mend in _HINTS:
        found = re.search(pattern, said, re.DOTALL)
        if found:
            mark = error.context_mark if "opens here" in problem else error.problem_mark
            return InputError(
                problem.replace("<what>", found.groupdict().get("what", "")), mend=mend, where=path, line=mark.line + 1 if mark else None
            )
    place = error.problem_mark
    return InputError(f"is not YAML: {error.problem}", where=path, line=place.line + 1 if place else None)
