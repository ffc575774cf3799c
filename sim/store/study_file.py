"""A study file written for a person to go on with: it runs as it stands, and its comments say what to change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.core.spec import Study

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def choose_place(out: Path | None, *, name: str) -> Path:
    """Where a new study file goes: `out`, or `<name>.yaml` here, numbered where that is taken.

    Raises:
        InputError: `out` exists, or its folder does not.
    """
    if out is None:
        number, place = 1, Path(f"{name}.yaml")
        while place.exists():
            number += 1
            place = Path(f"{name}-{number}.yaml")
        return place
    if out.exists():
        raise InputError("exists already", mend="name another file with --out", where=out)
    if not out.parent.is_dir():
        raise InputError("its folder does not exist", mend="make it, or name another file with --out", where=out)
    if out.suffix not in (".yaml", ".yml"):
        raise InputError("is not a valid name for a study", mend=f"call it {out.with_suffix('.yaml').name}", where=out)
    return out


def study_name(place: Path, *, otherwise: str) -> str:
    """The name of the study in the file `place`."""
    return place.stem if _ID.fullmatch(place.stem) else otherwise


def write_study(study: Study, place: Path, *, head: str, exports: Iterable[str] = (), notes: Iterable[str] = ()) -> None:
    """Write `study` with comments.

    Args:
        head: the first line, a comment.
        exports: variables that must be set before it runs.
        notes: comments on its target, a line each.

    Raises:
        InputError: the file exists by now, or cannot be written.
    """
    lines = [
        head,
        f"# Written by `sim try`. `sim plan {place.name}` says what it takes, `sim run {place.name}` runs it as it stands.",
        *(f"# It needs a key that is written nowhere: export {name}=…" for name in exports),
        f"name: {study.name}",
        "",
        *(f"# {note}" for note in notes),
        *_block("targets", [t.model_dump(mode="json", exclude_unset=True) for t in study.targets]),
        "",
        *_who_plays(study),
        *_block("user", study.user.model_dump(mode="json", exclude_defaults=True), flow=True),
        "",
        '# Ids, globs or paths. "*" takes everything there is: your own in personas/ and scenarios/, and those built in; "local/*" takes your own',
        '# alone, "builtin/*" the others.',
        *_block("personas", list(study.personas), flow=True),
        *_block("scenarios", list(study.scenarios), flow=True),
        "",
        "# More seeds make differences easier to see; concurrency is how many users talk with it at once.",
        f"seeds: {len(study.seeds)}",
        f"concurrency: {study.concurrency}",
        f"limits: {{timeout: {study.limits.seconds('target'):g}}}  # seconds for one reply",
    ]
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", mend="name another file with --out", where=place) from None


def _who_plays(study: Study) -> list[str]:
    """Comments on who plays the user and rates: with an offline model, what to fill in."""
    own = '# user: {model: openai/any, api_base: "http://127.0.0.1:8000/v1"}    # or a model of your own'
    if not study.user.offline:
        return ["# Who plays the user and, unless rater: names another model, rates the replies.", own]
    return [
        "# FILL IN who plays the user and rates the replies, for scores that say something of your chatbot:",
        "# user: {model: openai/gpt-5}",
        own,
        "# rater: {model: anthropic/claude-sonnet-4-5}                             # left out: the user's model rates",
        "# Until then offline/user plays both. It follows rules and needs no key: it shows that everything works, what your chatbot's replies do and",
        "# how they repeat. Its scores of a real chatbot are not evidence, and `sim gate` decides nothing by them.",
    ]


def _block(key: str, value: object, *, flow: bool = False) -> list[str]:
    if flow:
        return [f"{key}: {yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000).strip()}"]
    return yaml.safe_dump({key: value}, default_flow_style=False, sort_keys=False, allow_unicode=True, width=10_000).rstrip().splitlines()
