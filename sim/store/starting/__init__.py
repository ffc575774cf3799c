"""Files to begin with: one for each kind of thing that people write, valid as it stands, its comments saying what can be changed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from sim.core.errors import InputError
from sim.core.frozen import Id

Startable = Literal["persona", "scenario", "scorer", "study"]
STARTABLE: Final[tuple[Startable, ...]] = get_args(Startable)
_NAME: Final = "id: NAME\n", "name: NAME\n"
_ID: Final[TypeAdapter[str]] = TypeAdapter(Id)


def starting_place(kind: Startable, name: str) -> Path:
    """Where the file goes, from the working folder: personas and scenarios where every study finds them, the others here.

    Raises:
        InputError: `name` cannot be an id.
    """
    try:
        _ID.validate_python(name)
    except ValidationError:
        mend = f"write lower-case letters, digits, - and _, as in my-{kind}"
        raise InputError(f"'{name}' cannot be the name of a {kind}", mend=mend, where="NAME") from None
    folder = Path(f"{kind}s") if kind in ("persona", "scenario") else Path()
    return folder / f"{name}.yaml"


def starting_text(kind: Startable, name: str) -> str:
    """What stands in the file, but for the line by which an editor finds its schema."""
    text = (files("sim.store.starting") / f"{kind}.yaml").read_text(encoding="utf-8")
    for line in _NAME:
        text = text.replace(line, line.replace("NAME", name))
    return text


def write_start(kind: Startable, name: str, *, head: str) -> Path:
    """Write the file, and its folder where there is none.

    Args:
        head: its first line.

    Returns:
        The file.

    Raises:
        InputError: something of that name is there already, or it cannot be written.
    """
    place = starting_place(kind, name)
    text = f"{head}\n{starting_text(kind, name)}"
    try:
        place.parent.mkdir(exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError("is there already, and is left as it is", mend=f"choose another name, as in `sim new {kind} NAME`", where=place) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=place) from None
    return place
