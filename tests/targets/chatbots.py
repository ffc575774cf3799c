"""The example chatbot in a process of its own, and targets of every kind to talk to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sim.core.ports import MemorySink
from sim.core.record import Trial
from sim.core.spec import CustomTargetSpec, Limits, TargetSpec
from sim.engine.plan import TrialPlan, plan_trials
from sim.engine.recipe import Recipe
from sim.engine.staff import Parts
from sim.llm.build import Shared
from sim.llm.prompts import load_texts
from sim.llm.traffic.passage import Traffic
from sim.targets.target import Target
from tests import examples
from tests.server import Server

EXAMPLES = Path(__file__).parent / "examples"
KEY = "hush-hush-4711"


@dataclass(frozen=True)
class Chatbot:
    """The chatbot as seen from outside."""

    url: str

    def log(self, path: str = "") -> list[dict[str, Any]]:
        """What came in under `path`, oldest first."""
        with urllib.request.urlopen(f"{self.url}/log", timeout=10) as answer:
            return [r for r in json.load(answer) if r["path"].startswith(path) and r["path"] != "/control"]

    def fail(self, *how: str) -> None:
        """Let the next messages go wrong."""
        request = urllib.request.Request(f"{self.url}/control", json.dumps({"failing": how}).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def chatbot(*flags: str, key: str = "") -> Iterator[Chatbot]:
    command = [sys.executable, str(EXAMPLES / "chatbot.py"), "0", *flags]
    environ = {**os.environ, "CHATBOT_KEY": key} if key else {k: v for k, v in os.environ.items() if k != "CHATBOT_KEY"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stdout is not None
        yield Chatbot(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def spec(**fields: Any) -> CustomTargetSpec:
    found: CustomTargetSpec = TypeAdapter(TargetSpec).validate_python({"id": "bot", **fields})
    return found


class Booth:
    """Targets of one run, made as a run makes them."""

    server: Server
    """What a chat model is asked at, where a test has set it."""

    def __init__(self, target: Any, *, nonce: str = "n", limits: Limits | None = None) -> None:
        limits = limits or Limits(retries=0, timeout=10)
        study = examples.study(targets=(target,), limits=limits)
        self.shared = Shared(Traffic(limits))
        recipe = Recipe(study=study, prompts=load_texts(), limits=limits, nonce=nonce)
        self.parts = Parts(recipe, self.shared, sink=MemorySink(), clock=lambda: 0.0)
        (self.plan,) = plan_trials(study, [examples.persona()], [examples.scenario()])

    def trial(self, seed: int = 1) -> tuple[TrialPlan, Trial]:
        plan = replace(self.plan, seed=seed)
        return plan, plan.blank()

    async def target(self, user: str = "a") -> Target:
        """The target of another trial for each user."""
        plan, blank = self.trial(seed=ord(user[0]))
        target = self.parts.target(plan)
        assert await target.restore(blank) == "all"
        return target
