"""What a person means by the name of a target: a URL, a model, or a place in Python code."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sim.core.errors import InputError
from sim.foreign.code import load_object, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_HOST = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:/.*)?")
_MODEL = re.compile(r"[^\s/]+(?:/[^\s/]+)+")


def is_url(name: str) -> bool:
    """Whether `name` is meant as a URL."""
    return "://" in name


def read_name(name: str, *, id: str) -> Mapping[str, JsonValue]:
    """The target that `name` is, other than a URL; imports its module where it is a place in code.

    Raises:
        InputError: it is none, or its code cannot be imported.
    """
    if re.match(r"curl\s", name):
        raise InputError("a curl command goes behind --curl", mend="write sim try --curl 'curl …'", where="TARGET")
    if _PLACE.fullmatch(name):
        found = load_object(name, owner=f"target '{id}'")
        graph = any(hasattr(found, method) for method in ("ainvoke", "invoke", "compile"))
        if inspect.isroutine(found) and "date" in (parameters(found, owner=f"target '{id}'") or ()):
            return {"id": id, "callable": name, "clock": "argument"}
        return {"id": id, "graph" if graph else "callable": name}
    code = re.fullmatch(r"(?:\./)?([\w./-]+)\.py(?::(\w+))?", name)
    if code:
        place = f"{code[1].replace('/', '.')}:{code[2] or 'reply'}"
        raise InputError(f"'{name}' is a file", mend=f"name the function in it as {place}", where="TARGET")
    if _HOST.fullmatch(name) and (":" in name or name.startswith("localhost")):
        raise InputError(f"'{name}' lacks its http://", mend=f"write http://{name}", where="TARGET")
    if _MODEL.fullmatch(name):
        return {"id": id, "model": name, "memory": "full"}
    mend = "give a URL, a model such as offline/uses or openai/gpt-5, or module:function"
    raise InputError(f"'{name}' is not a target", mend=mend, where="TARGET")
