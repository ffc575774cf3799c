"""`sim personas new`: a population written as files that `sim check` passes and every study takes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.analysis.coverage import describe_people
from sim.cli.exit import DONE
from sim.cli.schemas import FOLDER, modeline, write_schema
from sim.core.errors import InputError
from sim.population.marginals import Marginals, read_marginals, read_shares
from sim.population.person import Population, make_population
from sim.store.files import write_whole
from sim.store.runs import dump_yaml
from sim.store.yaml_file import read_yaml

if TYPE_CHECKING:
    from sim.core.spec import Persona

MOST: Final = 1_000
"""People that can be made at once: names run out, and two of so many are alike by chance."""


@dataclass(frozen=True)
class PopulationWish:
    """What the flags ask for."""

    n: int
    seed: int
    out: Path
    bell: bool
    marginals: Path | None
    shares: Mapping[str, Sequence[str]]
    """By characteristic, what its flag says."""


def populate(wish: PopulationWish, *, as_json: bool) -> int:
    """Make the people, write them, and say what they cover.

    Raises:
        InputError: a share cannot be, a file is there already, or nothing can be written.
    """
    made = place_people(wish)
    places = _write(made.people, wish)
    document = describe_people(made.people, of=f"seed {wish.seed}")
    if as_json:
        print(json.dumps({"seed": wish.seed, "files": [str(p) for p in places], "describe": document.model_dump(mode="json")}))
        return DONE
    from sim.present.population import remarks

    print(f"{len(places)} {'persona is' if len(places) == 1 else 'personas are'} written to {wish.out}/ (seed {wish.seed}).")
    for line in (*remarks(document), what_next(wish.out)):
        print(line)
    return DONE


def what_next(out: Path) -> str:
    """Commands for the people in `out`."""
    pattern = "'local/*'" if out == Path("personas") else f"./{out}" if not out.is_absolute() and len(out.parts) == 1 else str(out)
    return f"Next:\n  sim personas describe {out}\n  sim personas check {out}\n  sim run --persona {pattern}"


def place_people(wish: PopulationWish) -> Population:
    """The people that the flags describe.

    Raises:
        InputError: there cannot be so many, or a share cannot be.
    """
    if not 1 <= wish.n <= MOST:
        raise InputError(f"{wish.n} people cannot be made at once", mend=f"write a number from 1 to {MOST:,}", where="--n")
    return make_population(wish.n, _marginals(wish), seed=wish.seed, bell=wish.bell)


def _marginals(wish: PopulationWish) -> Marginals:
    given: dict[str, Mapping[str, float]] = {}
    where: dict[str, str] = {}
    if wish.marginals is not None:
        read: Any = read_yaml(wish.marginals).root.value
        if not isinstance(read, dict):
            raise InputError("is not a mapping of shares", mend="write it as age: {18-30: 0.3, 31-60: 0.7}", where=wish.marginals)
        for name, shares in read.items():
            key = str(name).replace("-", "_")
            if not isinstance(shares, dict) or not all(isinstance(s, int | float) and not isinstance(s, bool) for s in shares.values()):
                problem, mend = f"'{name}' has no shares", "write a number for each value, such as age: {18-30: 0.3, 31-60: 0.7}"
                raise InputError(problem, mend=mend, where=wish.marginals)
            given[key], where[key] = {str(v): float(s) for v, s in shares.items()}, str(wish.marginals)
    for name, texts in wish.shares.items():
        flag = f"--{name.replace('_', '-')}"
        if texts:
            given[name], where[name] = read_shares(texts, where=flag), flag
    return read_marginals(given, where=where)


def _write(people: Sequence[Persona], wish: PopulationWish) -> list[Path]:
    """A file for each, all or none; what is there already is never replaced."""
    places = [wish.out / f"{p.id}.yaml" for p in people]
    refuse_to_overwrite([p for p in places if os.path.lexists(p)])
    written: list[Path] = []
    try:
        for number, (person, place) in enumerate(zip(people, places, strict=True), 1):
            write_person(
                person, place, said=f"Made by `sim personas new --n {wish.n} --seed {wish.seed}`, {number} of {wish.n}; all of it is made up."
            )
            written.append(place)
    except InputError:
        for place in written:
            place.unlink(missing_ok=True)
        raise
    add_schema(wish.out)
    return places


def refuse_to_overwrite(there: Sequence[Path]) -> None:
    """Raise for files that are there already, if there are any."""
    if there:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise InputError(f"is there already{more}, and is left as it is", mend="name another folder with --out, or another --seed", where=there[0])


def write_person(person: Persona, place: Path, *, said: str) -> None:
    """Write one file, and its folder where there is none.

    Args:
        said: how it was made, in a line.

    Raises:
        InputError: it cannot be written.
    """
    up = _up(place.parent)
    head = modeline("persona", up=up) if up is not None else f"# sim check --schema persona --out {FOLDER} writes a schema for editors"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, [f"{head}\n# {said}\n{dump_yaml(person)}".encode()])
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=place.parent, mend="name another folder with --out") from None


def add_schema(out: Path) -> None:
    """Write the schema that the files in `out` name, where they name one."""
    if _up(out) is not None:
        write_schema("persona", Path(FOLDER))


def _up(out: Path) -> int | None:
    """How many folders `out` lies below the working folder; None: not below it."""
    return len(out.parts) if not out.is_absolute() and ".." not in out.parts else None
