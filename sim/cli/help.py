"""How `sim --help` looks: commands in groups, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from typer.core import TyperGroup

GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Try and run": {
        "try": "try your own chatbot: one exchange shown raw, a few checks, a talk",
        "run": "run a study; without a name, the offline demonstration",
        "resume": "go on with a run where it stopped",
        "limits": "say how many calls a run has in flight, and change it while it runs",
    },
    "Prepare": {
        "new": "begin a persona, scenario, scorer or study",
        "personas": "make, describe and check populations of personas",
        "check": "find every mistake in studies, personas, scenarios and rubrics",
        "plan": "say what a study costs and the smallest difference it can detect",
    },
    "Read": {
        "list": "list the runs",
        "show": "show what a run says, or the transcript of a trial",
        "report": "write a run as one HTML page",
        "view": "look at runs in the browser, live",
        "export": "write exchanges and tables for other programs",
    },
    "Decide": {
        "compare": "say what can be concluded, measure by measure",
        "gate": "decide on a release: 0 passes, 1 fails, 4 cannot tell",
        "baseline": "keep a run's figures in a small file, for later gates",
    },
    "Trust": {
        "score": "score conversations or runs that exist, with more scorers or other judges",
        "calibrate": "measure how far raters and taggers agree with people",
        "realism": "say how the simulated user's messages differ from people's",
    },
    "More": {
        "guide": "read the guide",
        "forget": "delete what was said in a run for good",
        "graph": "print the state machine as Mermaid",
    },
}
"""Every command, with what it does in a line."""

EXAMPLES: Final = """\
Examples:
  sim run                                   the offline demonstration
  sim try http://127.0.0.1:8000/chat        a first look at your chatbot
  sim run my-bot.yaml && sim show my-bot    a study, and what it says
  sim guide quickstart                      where to begin

`sim COMMAND --help` says all of a command.
"""


class GroupedHelp(TyperGroup):
    """The program itself, whose help lists commands by what people want."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the groups."""
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))
        formatter.write_paragraph()
        for line in EXAMPLES.splitlines():
            formatter.write(f"{line}\n")
