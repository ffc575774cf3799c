"""The file of a registration: written beside its study by `sim plan --register`, and taken into the header of every run of that study."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import yaml

from sim.core.errors import InputError
from sim.core.spec.registration import Registered, Registration
from sim.store.files import open_regular
from sim.store.yaml_file import build, read_yaml

SUFFIX = ".registration.yaml"
_WIDTH = 150
_HEAD = """\
# What was planned before the run, written by `sim plan --register`. It lies beside its study, and every run of that study takes it along.
# Comparisons named here are confirmatory; every other one is exploratory, and `sim compare` says which is which. Change hypotheses before the
# run, or write another registration; put a copy where others can see its date (an open registry, a repository), since a run keeps its sha256.
"""


def registration_place(source: Path | None, study: str, *, built_in: bool) -> Path:
    """Where the registration of a study lies: beside its file; of a study that is built in, or was made in Python, in the working folder."""
    return Path(f"{study}{SUFFIX}") if source is None or built_in else source.with_name(f"{source.stem}{SUFFIX}")


def find_registration(place: Path) -> Registered | None:
    """The registration at `place`; None: there is none.

    Raises:
        InputError: something is wrong with the file.
    """
    if not place.is_file():
        return None
    plan = build(read_yaml(place), Registration)
    with open_regular(place) as file:
        return Registered(file=place.name, sha256=hashlib.sha256(file.read()).hexdigest(), plan=plan)


def write_registration(registration: Registration, place: Path, *, head: str) -> Registered:
    """Write `registration`, once and for all.

    Args:
        head: the first line, by which an editor finds the schema.

    Raises:
        InputError: there is one already, or it cannot be written.
    """
    text = f"{head}\n{_HEAD}" + "\n".join(_lines(registration)) + "\n"
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        mend = "run the study with it, or delete it to plan anew; a run that took it along keeps its content"
        raise InputError("the study is registered already", mend=mend, where=place) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=place) from None
    return Registered(file=place.name, sha256=hashlib.sha256(text.encode()).hexdigest(), plan=registration)


def _lines(registration: Registration) -> Iterable[str]:
    values = registration.model_dump(mode="json")
    yield from (f"study: {registration.study}", f"registered: {registration.registered.isoformat()}", "")
    yield from ("# The measure that verdicts are about.", f"primary: {registration.primary}", "")
    yield "# Of each planned comparison: what is expected of the first target against the second (higher, lower or different)."
    yield "hypotheses:"
    yield from (f"- {_flow(h)}" for h in values["hypotheses"])
    yield from ("", "# Two-sided, at .05, adjusted over these comparisons and no others.", f"correction: {registration.correction}", "")
    yield from (f"n: {_flow(values['n'])}", f"stopping: {_flow(registration.stopping)}", "")
    yield "# What the run is to be made of. A run in which any of it differs is told so, and is exploratory."
    yield f"versions: {_flow(values['versions'])}"
    yield f"hashes: {_flow(values['hashes'])}"


def _flow(value: object) -> str:
    """`value` on as many lines as it takes, those after the first indented."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=_WIDTH - 12).strip()
    return "\n  ".join(text.removesuffix("\n...").splitlines())
