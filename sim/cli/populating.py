"""`sim personas new`: a population made from parts, what it covers, and how to go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.analysis.trust.coverage import describe_people
from sim.app.populating import PopulationWish, place_people, write_people
from sim.cli.exit import DONE
from sim.core.errors import InputError
from sim.population.marginals import read_shares
from sim.store.yaml_file import read_yaml


def populate(wish: PopulationWish, *, as_json: bool) -> int:
    """Make the people, write them, and say what they cover.

    Raises:
        InputError: a share cannot be, a file is there already, or nothing can be written.
    """
    made = place_people(wish)
    places = write_people(made.people, wish)
    document = describe_people(made.people, of=f"seed {wish.seed}")
    if as_json:
        print(json.dumps({"seed": wish.seed, "files": [str(p) for p in places], "describe": document.model_dump(mode="json")}))
        return DONE
    from sim.present.text.population import remarks

    print(f"{len(places)} {'persona is' if len(places) == 1 else 'personas are'} written to {wish.out}/ (seed {wish.seed}).")
    for line in (*remarks(document), what_next(wish.out)):
        print(line)
    return DONE


def what_next(out: Path) -> str:
    """Commands for the people in `out`."""
    pattern = "'local/*'" if out == Path("personas") else f"./{out}" if not out.is_absolute() and len(out.parts) == 1 else str(out)
    return f"Next:\n  sim personas describe {out}\n  sim personas check {out}\n  sim run --persona {pattern}"


def read_given(file: Path | None, flags: Mapping[str, Sequence[str]]) -> tuple[dict[str, Mapping[str, float]], dict[str, str]]:
    """The shares in a file and in flags, which go before it, by characteristic; and where each was said.

    Raises:
        InputError: the file or a flag holds something else.
    """
    given: dict[str, Mapping[str, float]] = {}
    where: dict[str, str] = {}
    if file is not None:
        read: Any = read_yaml(file).root.value
        if not isinstance(read, dict):
            raise InputError("is not a mapping of shares", mend="write it as age: {18-30: 0.3, 31-60: 0.7}", where=file)
        for name, shares in read.items():
            key = str(name).replace("-", "_")
            if not isinstance(shares, dict) or not all(isinstance(s, int | float) and not isinstance(s, bool) for s in shares.values()):
                problem, mend = f"'{name}' has no shares", "write a number for each value, such as age: {18-30: 0.3, 31-60: 0.7}"
                raise InputError(problem, mend=mend, where=file)
            given[key], where[key] = {str(v): float(s) for v, s in shares.items()}, str(file)
    for name, texts in flags.items():
        flag = f"--{name.replace('_', '-')}"
        if texts:
            given[name], where[name] = read_shares(texts, where=flag), flag
    return given, where
