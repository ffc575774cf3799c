"""Rapport: does a chatbot become someone its user likes talking to, when that user keeps coming back?

    run = await sim.run_study("study.yaml")
    run = sim.load_run("results/first-look")

A run has trials, a trial has sessions, a session has exchanges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.api import Run, load_run, run_study

__all__ = ["Run", "load_run", "run_study"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in __all__:
        from sim import api

        return getattr(api, name)
    raise AttributeError(f"module 'sim' has no attribute '{name}'")
