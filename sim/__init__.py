"""Rapport: does a chatbot become someone its user likes talking to, when that user keeps coming back?

    run = await sim.run_study("study.yaml")
    run = sim.load_run("results/first-look")

A run has trials, a trial has sessions, a session has exchanges. A scorer of your own gives back an `Assessment`, or `NotApplicable`
(`sim/guide/scorers.md`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.app import Run, load_run, run_study
    from sim.core.event import Assessment, NotApplicable, Unscored

__all__ = ["Assessment", "NotApplicable", "Run", "Unscored", "load_run", "run_study"]
__version__ = "0.1.0"

_RESULTS = ("Assessment", "NotApplicable", "Unscored")


def __getattr__(name: str) -> object:
    if name in _RESULTS:
        from sim.core import event

        return getattr(event, name)
    if name in __all__:
        from sim import app

        return getattr(app, name)
    raise AttributeError(f"module 'sim' has no attribute '{name}'")
