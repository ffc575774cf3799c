"""The pages of the guide that are made from the program itself: `python -m tests.guide_pages` writes them, and a test holds them to it."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from itertools import pairwise
from typing import Any, Final, get_args, get_type_hints

from typer.main import get_command

from sim.app.schemas import KINDS, schema_of
from sim.cli import exit as statuses
from sim.cli.app import app
from sim.cli.defaults import FILE as DEFAULTS
from sim.cli.defaults import PREFIX, SETTABLE
from sim.cli.help import GROUPS
from sim.present.data.exports import COLUMNS
from sim.present.glossary import FILE, glossary
from sim.present.guide import PAGES

HEAD: Final = "<!-- Written by `python -m tests.guide_pages`: change what it is made from. -->\n"


def glossary_page() -> str:
    """Every printed word, a line each."""
    lines = [
        f"{HEAD}# Glossary\n",
        "Every word that commands and pages print. Definitions of figures are in [methods.md](methods.md), names of things in\n"
        f"[words.md](words.md). This page is made from `{FILE.name}`, which the report and the viewer read too.\n",
        "| word | also printed as | meaning |",
        "|---|---|---|",
        *(f"| {t.term} | {', '.join(t.also)} | {t.says} |" for t in glossary()),
    ]
    return "\n".join(lines) + "\n"


def reference_page() -> str:
    """Commands, exit statuses, defaults, the keys of every file, export columns."""
    parts = [
        f"{HEAD}# Reference\n\nCommands, exit statuses, defaults, the keys of files and the columns of exports, as the program has them.\n",
        "## Exit statuses\n\n| status | meaning |\n|---|---|\n" + "".join(f"| {number} | {says} |\n" for number, says in _statuses()),
        _defaults(),
        "## Commands\n",
        *_commands(),
        "## Files\n\nThe JSON Schema of each, for editors: `sim check --schema KIND`, `--out DIR` writes it.\n",
        *(_file(kind) for kind in KINDS),
        "## Export columns\n\nOf `sim export --format csv` and `parquet`, a row for each exchange; the study's own scorers come before the last.\n\n"
        "| column | what it holds |\n|---|---|\n" + "".join(f"| `{name}` | {_cell(says)} |\n" for name, says in COLUMNS.items()),
    ]
    return "\n".join(parts)


def _statuses() -> Iterator[tuple[int, str]]:
    body = ast.parse(inspect.getsource(statuses)).body
    for named, said in pairwise(body):
        if isinstance(named, ast.AnnAssign) and isinstance(said, ast.Expr):
            assert isinstance(named.value, ast.Constant)
            assert isinstance(said.value, ast.Constant)
            yield named.value.value, said.value.value


def _defaults() -> str:
    keys = ", ".join(f"`{name.replace('_', '-')}`" for name in SETTABLE)
    return (
        f"## Defaults\n\nIn the nearest `{DEFAULTS}`, upwards from the working folder, under `[tool.rapport]`, or for one command under\n"
        f"`[tool.rapport.COMMAND]`; or as variables such as `{PREFIX}RESULTS` and `{PREFIX}MAX_COST`.\n"
        f"A flag goes before a variable, a variable before the file. The values of a flag that may be repeated are a list, in a variable\n"
        f"separated by commas. `sim check` says which are in force.\n\n{keys}\n"
    )


def _commands() -> Iterator[str]:
    program: Any = get_command(app)
    for title, commands in GROUPS.items():
        yield f"### {title}\n"
        for name in commands:
            yield from _command(program.commands[name], f"sim {name}")


def _command(command: Any, called: str) -> Iterator[str]:
    """Its usage, what it does, and a row for each argument and option; not as `--help` sets it, which differs between versions of typer."""
    own = [p for p in command.params if p.name != "help"]
    arguments = [p for p in own if p.param_type_name == "argument"]
    names = [f" {_named(p)}" if p.required else f" [{_named(p)}]" for p in arguments]
    usage = f"{called}{''.join(names)}{' [OPTIONS]' if len(own) > len(arguments) else ''}"
    yield f"#### {called}\n\n`{usage}`\n\n{inspect.cleandoc(command.help or '')}\n"
    if own:
        hints = get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
        yield "| | |\n|---|---|\n" + "".join(f"| `{_written(p, hints.get(p.name))}` | {_cell(p.help or '')}{_usual(p)} |\n" for p in own)
    for name, below in getattr(command, "commands", {}).items():
        yield from _command(below, f"{called} {name}")


def _named(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _written(parameter: Any, hint: Any) -> str:
    """As it is typed: `--results DIR`, `--by target|memory`."""
    if parameter.param_type_name == "argument":
        return _named(parameter)
    if parameter.is_flag:
        return str(parameter.opts[0])
    return f"{parameter.opts[0]} {parameter.metavar or _choices(hint)}".replace("|", "\\|")


def _choices(hint: Any) -> str:
    """The words of the enumeration in a type hint."""
    found = next((kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, Enum)), None)
    return "|".join(str(member.value) for member in found) if found else "N"


def _usual(parameter: Any) -> str:
    usual = getattr(parameter.default, "value", parameter.default)
    shown = (isinstance(usual, str | int | float) and not isinstance(usual, bool)) or "Path" in type(usual).__name__
    return f" Default: `{usual}`." if shown and usual != "" else ""


# --- files --------------------------------------------------------------------------------------------------------


def _file(kind: str) -> str:
    schema = schema_of(kind)
    objects = {"": schema, **schema.get("$defs", {})}
    shown = [_keys(name, of) for name, of in objects.items() if of.get("properties")]
    return f"### {kind}\n\n" + "\n".join(shown)


def _keys(name: str, of: Mapping[str, Any]) -> str:
    required = of.get("required", ())
    rows = "".join(
        f"| `{key}`{' *' if key in required else ''} | {_cell(_kind(p))} | {_default(p)} | {_cell(p.get('description', ''))} |\n"
        for key, p in of["properties"].items()
    )
    title = f"**{name}**\n\n" if name else ""
    return f"{title}| key (* required) | value | default | meaning |\n|---|---|---|---|\n{rows}"


def _kind(of: Any) -> str:
    if not isinstance(of, Mapping):
        return "anything"
    if "$ref" in of:
        return str(of["$ref"]).rsplit("/", 1)[1]
    if "const" in of:
        return json.dumps(of["const"])
    if "enum" in of:
        return " or ".join(json.dumps(v, ensure_ascii=False) for v in of["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in of:
            return " or ".join(dict.fromkeys(_kind(o) for o in of[several]))
    kind = of.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(of['items'])}" if isinstance(of.get("items"), Mapping) else "list"
    if kind == "object":
        return f"{_kind(of['additionalProperties'])} by name" if isinstance(of.get("additionalProperties"), Mapping) else "mapping"
    return {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "nothing"}.get(kind, str(kind))


def _default(of: Any) -> str:
    if not isinstance(of, Mapping) or of.get("default") is None:
        return ""
    text = json.dumps(of["default"], ensure_ascii=False)
    return f"`{_cell(text)}`" if len(text) <= 60 else "…"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


MADE: Final[Mapping[str, Callable[[], str]]] = {"glossary": glossary_page, "reference": reference_page}
"""The text of each page by its name."""


def write_pages() -> None:
    """Write every page that is made."""
    for name, text in MADE.items():
        (PAGES / f"{name}.md").write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
