"""Defaults for flags, written once: in the nearest pyproject.toml under [tool.rapport], and in RAPPORT_* variables.

A flag goes before a variable, a variable before the file. A key at the top of the table is for every command that has the flag; a key
below a command's name, as in [tool.rapport.gate], is for that command alone. Paths in the file start at its folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import InputError, nearest

if TYPE_CHECKING:
    from sim.store.runs import RunFolder

FILE: Final = "pyproject.toml"
PREFIX: Final = "RAPPORT_"
SETTABLE: Final = (
    "results",
    "target",
    "concurrency",
    "max_cost",
    "max_tokens",
    "max_minutes",
    "patience",
    "timeout",
    "retries",
    "local_only",
    "allow_host",
    "backend",
    "ray_address",
    "workers",
    "runtime_env",
    "log_level",
    "log_json",
    "require",
    "requirements",
    "baseline",
    "margin",
    "junit",
    "markdown",
    "allow_offline",
    "inconclusive",
    "host",
    "port",
)
"""The parameters that may have a default: what is usual in a project, not what one command is about."""
OF_VERDICTS: Final = ("junit", "markdown", "allow_offline", "inconclusive")
"""What `sim run` and `sim resume` take only where a suite ends in a verdict."""
SPLIT: Final = ","
"""Between the values of a variable, where a flag may be repeated."""


@dataclass(frozen=True)
class Default:
    """One default that is in force."""

    key: str
    """As it is written: `max-cost`."""
    value: Any
    where: str
    """The file or the variable."""
    line: int | None = None
    command: str = ""
    """The only command that it is for; empty: all that have the flag."""
    folder: Path | None = None
    """Where paths start; None: the working folder."""

    @property
    def name(self) -> str:
        """As the program calls it: `max_cost`."""
        return _parameter(self.key)

    @property
    def place(self) -> str:
        """Where it is written, with its line."""
        return f"{self.where}:{self.line}" if self.line else self.where


def read_defaults(folder: Path, environ: Mapping[str, str]) -> tuple[Default, ...]:
    """What the file nearest to `folder`, upwards, and the environment say, the file first.

    Raises:
        InputError: the file cannot be read, or has a key that is no default.
    """
    found = tuple(_of_file(folder))
    for one in found:
        if one.name not in SETTABLE:
            mend = nearest(one.key, [name.replace("_", "-") for name in SETTABLE])
            raise InputError(f"there is no default '{one.key}'", mend=mend, where=one.where, line=one.line)
    return (*found, *_of_environment(environ))


def slips(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence on each variable that is nearly one of ours; others with our prefix may be a chatbot's own."""
    known = [PREFIX + name.upper() for name in SETTABLE]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and get_close_matches(name, known, n=1, cutoff=0.9):
            yield f"{name} sets nothing; did you mean {get_close_matches(name, known, n=1, cutoff=0.9)[0]}?"


def in_force(defaults: Sequence[Default]) -> tuple[Default, ...]:
    """`defaults` without those of the file that a variable replaces."""
    replaced = {d.name for d in defaults if d.folder is None}
    return tuple(d for d in defaults if d.folder is None or d.name not in replaced)


def written(value: Any) -> str:
    """A value as it is written after a flag."""
    return ", ".join(map(str, value)) if isinstance(value, list) else "on" if value is True else "off" if value is False else str(value)


def results_in_force() -> Path:
    """The results folder of a command without `--results`."""
    said = [d for d in read_defaults(Path.cwd(), os.environ) if d.name == "results" and not d.command]
    return Path(_rooted(said[-1])) if said else Path("results")


def called(run: RunFolder) -> str:
    """What commands call a run: its name where they look for it by themselves, else its folder."""
    return run.name if run.path.parent == results_in_force() else str(run.path)


def default_map(program: Any, defaults: Sequence[Default], arguments: Sequence[str]) -> dict[str, Any]:
    """`defaults` as click takes them: by command, then by parameter.

    Args:
        program: the click group.
        arguments: of the command line, which say whether a suite ends in a verdict.

    Raises:
        InputError: a value is not one for its flag.
    """
    suited = any(a == "--suite" or a.startswith("--suite=") for a in arguments)
    return _map(program, defaults, "", suited)


def _map(group: Any, defaults: Sequence[Default], above: str, suited: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, command in group.commands.items():
        called = f"{above} {name}".strip()
        if getattr(command, "commands", None):
            made[name] = _map(command, defaults, called, suited)
            continue
        parameters = {p.name: p for p in command.params}
        mine = [d for d in defaults if d.name in parameters and d.command in ("", called)]
        mine.sort(key=lambda d: (d.folder is None, bool(d.command)))  # A variable goes before the file, a command's own key before all commands'.
        unjudged = name in ("run", "resume") and not suited
        made[name] = {d.name: _value(d, parameters[d.name], command) for d in mine if not (unjudged and d.name in OF_VERDICTS)}
    for command in {d.command for d in defaults if d.command and not above}:
        if command not in group.commands:
            of = next(d for d in defaults if d.command == command)
            raise InputError(f"there is no command '{command}'", mend=nearest(command, group.commands), where=of.where, line=of.line)
        known = {p.name for p in group.commands[command].params}
        for d in (d for d in defaults if d.command == command and d.name not in known):
            mend = nearest(d.key, [n.replace("_", "-") for n in SETTABLE if n in known])
            raise InputError(f"'sim {command}' has no flag --{d.key}", mend=mend, where=d.where, line=d.line)
    return made


def _value(default: Default, parameter: Any, command: Any) -> Any:
    """The value, as its flag takes it.

    Raises:
        InputError: the flag does not take it.
    """
    value = _rooted(default) if default.folder else default.value
    if getattr(parameter, "multiple", False):
        if isinstance(value, str):
            value = [v.strip() for v in value.split(SPLIT)] if default.folder is None else [value]
        value = [str(v) for v in value] if isinstance(value, list) else [str(value)]
    elif isinstance(value, list | dict):
        raise InputError(f"'{default.key}' is one value", mend="write one", where=default.where, line=default.line)
    flag = bool(getattr(parameter, "is_flag", False))
    taken = value if isinstance(value, bool | list) else str(value)
    try:
        if default.folder and isinstance(value, bool) != flag:
            raise ValueError(value)
        parameter.process_value(command.context_class(command), taken)
    except Exception as error:
        if not isinstance(error, ValueError) and not hasattr(error, "format_message"):
            raise
        mend = f"see `sim {command.name} --help`"
        raise InputError(f"{default.value!r} is not a value of --{default.key}", mend=mend, where=default.where, line=default.line) from None
    return taken


def _rooted(default: Default) -> Any:
    """The value, a path from the folder of its file."""
    paths = ("results", "runtime_env", "requirements", "junit")
    if default.folder is None or not isinstance(default.value, str):
        return default.value
    there = default.folder / default.value
    named = default.name in paths or (default.name == "baseline" and there.is_file())
    return _short(there) if named else default.value


def _short(path: Path) -> str:
    """From the working folder where it is below it, as people would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


# --- where they are written ---------------------------------------------------------------------------------------


def _of_environment(environ: Mapping[str, str]) -> Iterator[Default]:
    for name in sorted(environ):
        key = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and key in SETTABLE and environ[name]:
            yield Default(key.replace("_", "-"), environ[name], name)


def _of_file(folder: Path) -> Iterator[Default]:
    for place in (folder, *folder.parents):
        path = place / FILE
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except (OSError, UnicodeDecodeError):
            raise InputError("cannot be read", where=_short(path), mend="mend or remove it") from None
        if "tool.rapport" not in text:
            continue
        yield from _read(text, path)
        return


def _read(text: str, path: Path) -> Iterator[Default]:
    import tomllib

    where = _short(path)
    try:
        table = tomllib.loads(text).get("tool", {}).get("rapport", {})
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise InputError(f"is not TOML: {error}", where=where, line=int(line[1]) if line else None) from None
    for key, value in table.items():
        if isinstance(value, dict):
            for below, of in value.items():
                yield Default(below, of, where, _line(text, below, key), key, path.parent)
        else:
            yield Default(key, value, where, _line(text, key), "", path.parent)


def _line(text: str, key: str, command: str = "") -> int | None:
    """The line of `key` in its table, from 1; None: it is written in a way of its own."""
    table = f"tool.rapport.{command}" if command else "tool.rapport"
    here = False
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[([^\]]+)\]", line):
            here = head[1].replace('"', "").replace(" ", "") == table
        elif here and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None


def _parameter(key: str) -> str:
    return key.replace("-", "_")
