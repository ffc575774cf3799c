"""`sim.new_personas`: a population written as files that `sim check` passes and every study takes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sim.app.schemas import FOLDER, modeline, write_schema
from sim.core.errors import InputError, Notice
from sim.population.marginals import read_marginals
from sim.population.person import Population, make_population
from sim.store.files import write_whole
from sim.store.runs import dump_yaml

if TYPE_CHECKING:
    from sim.core.spec import Persona

MOST: Final = 1_000
"""People that can be made at once: names run out, and two of so many are alike by chance."""


@dataclass(frozen=True)
class PopulationWish:
    """Which people are to be made, and where they go."""

    n: int
    seed: int
    out: Path
    bell: bool
    given: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By characteristic, the shares of its values."""
    where: Mapping[str, str] = field(default_factory=dict)
    """By characteristic, the flag or file that says so."""


def new_personas(
    n: int,
    out: str | Path = "personas",
    *,
    seed: int = 1,
    bell: bool = False,
    shares: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
    model: str | None = None,
    api_base: str | None = None,
    api_key_env: str | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
) -> tuple[Path, ...]:
    """Make a population offline from parts, a file each: thirty facets, style, wishes and facts that agree; types independent of gender and age.

    A `model` writes background, facts and lines, each person to its file as soon as it is done; whoever was not written is told of in a warning, and
    the same call goes on. Of whom it writes nothing that fits, the person made from parts is taken.

    Args:
        n: how many people, up to 1,000.
        out: the folder; what is there already is never replaced.
        seed: the same seed makes the same people.
        bell: most of them near the middle of every facet, as people are; False: as many at each level, which tells more about each.
        shares: by characteristic (age, gender, type, stability, register, expertise, language_level), such as {"age": {"18-30": 0.4, "31-60": 0.6}};
            what is left of 1 is divided among the other values.
        model: writes them; left out: nothing is asked of any model.
        api_base, api_key_env: where it is, and the environment variable that holds its key.
        max_cost, max_tokens, max_minutes: US dollars, tokens and minutes after which nothing new is asked.

    Returns:
        The files, in the order of the people.

    Raises:
        InputError: there cannot be so many, a share cannot be, a file is there already, or the model cannot be asked.
        KeyboardInterrupt: Ctrl-C, a second time.
    """
    wish = PopulationWish(n=n, seed=seed, out=Path(out), bell=bell, given=shares)
    if model is None:
        return tuple(write_people(place_people(wish).people, wish))
    from sim.app.drafting import inquire_drafts
    from sim.app.inquiry import ask_model

    found = ask_model(
        partial(inquire_drafts, wish),
        model,
        api_base=api_base,
        api_key_env=api_key_env,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_minutes=max_minutes,
        local_only=local_only,
        allow_hosts=allow_hosts,
        progress=progress,
    )
    if found.lost:
        why = next(iter(found.lost.values()))
        warnings.warn(f"{len(found.lost):,} of {n:,} people were not written ({why}); the same call goes on", Notice, stacklevel=2)
    return found.places


def place_people(wish: PopulationWish) -> Population:
    """The people that the flags describe.

    Raises:
        InputError: there cannot be so many, or a share cannot be.
    """
    if not 1 <= wish.n <= MOST:
        raise InputError(f"{wish.n} people cannot be made at once", mend=f"write a number from 1 to {MOST:,}", where=wish.where.get("n"))
    return make_population(wish.n, read_marginals(wish.given, where=wish.where), seed=wish.seed, bell=wish.bell)


def write_people(people: Sequence[Persona], wish: PopulationWish) -> list[Path]:
    """A file for each, all or none; what is there already is never replaced.

    Raises:
        InputError: one is there already, or cannot be written.
    """
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
