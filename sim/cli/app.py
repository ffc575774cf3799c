"""Every command, and how one is run. Its flags stand in the modules `*_commands` beside this one; what it does is imported only when it runs."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from sim.cli.exit import BAD_INPUT, DONE, INCOMPLETE, INTERRUPTED
from sim.cli.file_commands import check_command, forget_command, new_command
from sim.cli.help import GroupedHelp
from sim.cli.judge_commands import calibrate_command, score_command
from sim.cli.people_commands import people_app
from sim.cli.read_commands import (
    baseline_command,
    compare_command,
    export_command,
    gate_command,
    graph_command,
    guide_command,
    list_command,
    plan_command,
    realism_command,
    report_command,
    show_command,
    view_command,
)
from sim.cli.run_commands import limits_command, resume_command, run_command, try_command
from sim.cli.streams import OutputLost, lost_output
from sim.core.errors import InputError, Notice, RunStuck

_MISUSED: Any = typer.BadParameter.__mro__[2]
"""The base of all complaints about flags; newer versions of typer carry their own copy of click and do not name it."""

app = typer.Typer(
    name="sim",
    help="Does a chatbot become someone its user likes talking to, when that user keeps coming back?",
    cls=GroupedHelp,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

_COMMANDS: Mapping[str, Callable[..., int]] = {
    "run": run_command,
    "try": try_command,
    "resume": resume_command,
    "limits": limits_command,
    "list": list_command,
    "show": show_command,
    "compare": compare_command,
    "realism": realism_command,
    "plan": plan_command,
    "gate": gate_command,
    "baseline": baseline_command,
    "report": report_command,
    "export": export_command,
    "forget": forget_command,
    "check": check_command,
    "score": score_command,
    "calibrate": calibrate_command,
    "view": view_command,
    "graph": graph_command,
    "guide": guide_command,
    "new": new_command,
}
"""By name; `sim.cli.help` has them in groups."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rapport {version('rapport-sim')}")
        raise typer.Exit


@app.callback()
def _begin(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
app.add_typer(people_app(), name="personas")


@cache
def program() -> Any:
    """The command with every command below it; reading all their annotations takes longer than some of them do, so it is built once."""
    return typer.main.get_command(app)


def run_app(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; bad input is one line on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", Notice)
        warnings.showwarning = _show_warning
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    command = program()
    try:
        status = command.main(args=list(arguments) or ["--help"], prog_name="sim", standalone_mode=False, default_map=_defaults(command, arguments))
        lost = lost_output()
        if lost and not lost.unread:
            _say(InputError(f"standard output cannot be written: {lost.why}"))
        return status if isinstance(status, int) else DONE
    except InputError as error:
        _say(error)
        return INCOMPLETE if isinstance(error, RunStuck) else BAD_INPUT
    except _MISUSED as error:
        asked = error.ctx.command_path if error.ctx else "sim"
        _say(InputError(error.format_message().rstrip("."), mend=f"see `{asked} --help`"))
        return BAD_INPUT
    except OutputLost as lost:
        if lost.unread:
            return DONE
        _say(InputError(f"standard output cannot be written: {lost.why}"))
        return BAD_INPUT
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            _say(InputError("is too long a name for a file", where=error.filename))
        elif not _is_somewhere():
            _say(InputError("the working folder does not exist any more", mend="go to another one"))
        else:
            raise
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED


def _defaults(program: Any, arguments: Sequence[str]) -> dict[str, Any]:
    """What pyproject.toml and the environment set; nothing where only help is asked for, which a mistake there must not stop."""
    if not arguments or arguments[0].startswith("-") or not {"-h", "--help"}.isdisjoint(arguments) or not _is_somewhere():
        return {}
    from sim.cli.defaults import default_map, read_defaults, slips

    for slip in slips(os.environ):
        warnings.warn(slip, Notice, stacklevel=1)
    return default_map(program, read_defaults(Path.cwd(), os.environ), arguments)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
) -> None:
    """What `warnings` calls: a notice of ours is one line for a person."""
    text = f"sim: {message}\n" if issubclass(category, Notice) else warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def _say(error: InputError) -> None:
    print(f"sim: {error}", file=sys.stderr)


def _is_somewhere() -> bool:
    """Whether the working folder exists."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True
