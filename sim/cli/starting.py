"""`sim new`: a file to begin with, and what to do with it next."""

from __future__ import annotations

import json
from pathlib import Path

from sim.app.schemas import FOLDER, modeline, write_schema
from sim.cli.exit import DONE
from sim.store.starting import Startable, starting_place, write_start

_NEXT = {
    "persona": "sim run --persona {name}",
    "scenario": "sim run --scenario {name}",
    "scorer": "sim score RUN --scorer {place}",
    "study": "sim run {place}",
}
"""What the file is for, once it has been checked."""


def begin(kind: Startable, name: str | None, *, as_json: bool) -> int:
    """Write a valid file with comments, and the schema by which an editor completes it.

    Raises:
        InputError: the name cannot be, or something of that name is there already.
    """
    name = f"my-{kind}" if name is None else name
    schema = "rubric" if kind == "scorer" else kind
    folder = starting_place(kind, name).parent
    place = write_start(kind, name, head=modeline(schema, up=len(folder.parts)))
    write_schema(schema, Path(FOLDER))
    then = [f"sim check {place}", _NEXT[kind].format(name=name, place=place)]
    if as_json:
        print(json.dumps({"kind": kind, "id": name, "path": str(place), "next": then}))
        return DONE
    print(f"{place} is written. Its comments say what to change; then:")
    for command in then:
        print(f"  {command}")
    return DONE
