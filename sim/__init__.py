"""Rapport: does a chatbot become someone its user likes talking to, when that user keeps coming back?

    run = sim.run("study.yaml")          # to its end, in a script or a notebook
    run = sim.load_run("first-look")     # or one that there is
    run = sim.resume("first-look")       # only what is missing is run and paid for
    run.frame("trials")                  # or "sessions", "exchanges": polars or pandas
    print(sim.compare(run))              # who is liked more, and how sure that is
    sim.gate(run, "likability >= 3.5")   # passed, failed, or inconclusive

A run has trials (one persona, scenario, target and seed), a trial has sessions, and
a session has exchanges: a message of the simulated user and the reply, with its
ratings. What is wrong with what you give raises `InputError`, in one line that says
how to mend it. Before a run: `plan`, `try_bot`, `new_personas`, `describe_personas`,
`check_personas`; after it: `report`, `score_run`, `calibrate`, `realism`; `load_log`
makes a run of conversations that exist.

In asynchronous code, `await sim.run_study(…)` and `await sim.resume_run(…)` do what
`run` and `resume` do. Your own scorer gives back `Assessment`, `NotApplicable` or
`Unscored`; your own chatbot may be a `CustomTarget`. More: `sim guide python`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.app.running import resume_run, run_study
    from sim.app.runs import Run, load_run
    from sim.app.shown import compare, gate
    from sim.app.start import resume, run
    from sim.core.errors import InputError
    from sim.core.event import Assessment, NotApplicable, Unscored
    from sim.core.spec import Study
    from sim.targets.custom import CustomTarget

__all__ = [
    "Assessment",
    "CustomTarget",
    "InputError",
    "NotApplicable",
    "Run",
    "Study",
    "Unscored",
    "calibrate",
    "check_personas",
    "compare",
    "describe_personas",
    "gate",
    "load_log",
    "load_run",
    "new_personas",
    "plan",
    "realism",
    "report",
    "resume",
    "resume_run",
    "run",
    "run_study",
    "score_run",
    "try_bot",
]
__version__ = "0.1.0"

_HOMES = {
    "Assessment": "core.event",
    "CustomTarget": "targets.custom",
    "InputError": "core.errors",
    "NotApplicable": "core.event",
    "Run": "app.runs",
    "Study": "core.spec",
    "Unscored": "core.event",
    "calibrate": "app.calibrating",
    "check_personas": "app.users",
    "compare": "app.shown",
    "describe_personas": "app.users",
    "gate": "app.shown",
    "load_log": "app.logs",
    "load_run": "app.runs",
    "new_personas": "app.populating",
    "plan": "app.planning",
    "realism": "app.users",
    "report": "app.reporting",
    "resume": "app.start",
    "resume_run": "app.running",
    "run": "app.start",
    "run_study": "app.running",
    "score_run": "app.scoring",
    "try_bot": "app.trying",
}
"""The module of each name: nothing is imported before it is asked for, so that `import sim` takes no time."""


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"sim.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'sim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
