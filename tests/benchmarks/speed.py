"""How fast trials run against a local server: calls a second, CPU a call, memory, and wall time against the critical path.

python -m tests.benchmarks.speed            # every case, each in a process of its own
python -m tests.benchmarks.speed CASE       # one case, as a line of JSON

Every exchange makes four calls: user, target, rater, and a tagger that is asked like a model. The critical path of an exchange is
max(user, rater, tagger) + target.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import sim.app
import sim.engine.local
from sim.core.event import TaggedSentence, Tags
from sim.core.spec import Study
from sim.engine.recipe import Recipe
from sim.engine.staff import Parts
from sim.llm.client import CallLog, Client, Message, Request
from sim.score.scorer import Scored
from tests.server import Remote, serve

ROOT = Path(__file__).parents[2]
PERSONAS = ["davi", "nasreen", "thuy", "tore", "zuza"]


@dataclass(frozen=True)
class Case:
    """One thing to measure."""

    trials: int
    exchanges: int = 10
    latency: float = 20.0
    """Milliseconds of user, target and tagger."""
    rater: float = 1.0
    """The rater's latency as a multiple of that."""
    client: str = "direct"


CASES = {
    "50 trials": Case(50),
    "50 trials, rater 3x": Case(50, rater=3),
    "500 trials": Case(500),
    "500 trials, rater 3x": Case(500, rater=3),
    "1,000 trials": Case(1_000),
    "2,000 trials": Case(2_000),
    "1,000 trials, rater 3x": Case(1_000, rater=3),
    "50 trials at 500 ms": Case(50, latency=500),
    "LiteLLM, 20 trials": Case(20, client="litellm"),
}


class AskedTagger:
    """A tagger that costs one call a reply, as a model would; what it says is not used."""

    id = "offline"
    version = "asked"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def score(self, context: Any) -> Scored[Tags]:
        tab = CallLog()
        await tab.ask(self._client, Request("tagger", (Message("user", f"Tag: {context.reply}"),)))
        return Scored(Tags(sentences=(TaggedSentence(text=context.reply, moves=("advice",)),)), tab.calls, tab.timings)


class AskedParts(Parts):
    """The parts of a run with that tagger in place of the rule-based one."""

    def __init__(self, recipe: Recipe, *arguments: Any, **named: Any) -> None:
        super().__init__(recipe, *arguments, **named)
        self.__dict__["_tagger"] = AskedTagger(self._clients.get(recipe.study.user.model_copy(update={"model": "openai/tagger"})))


def study(case: Case, url: str, folder: Path) -> Study:
    """One session of the first scenario, as long as the case wants it."""
    scenario = yaml.safe_load((ROOT / "scenarios" / "new-in-town.yaml").read_text(encoding="utf-8"))
    scenario |= {"id": "short", "sessions": scenario["sessions"][:1]}
    scenario["sessions"][0]["exchanges"] = {"min": case.exchanges, "max": case.exchanges}
    (folder / "short.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    model = {"api_base": url, "client": case.client}
    return Study.model_validate(
        {
            "name": "speed",
            "targets": [{"id": "any", "model": "openai/any", **model}],
            "user": {"model": "openai/user", **model},
            "rater": {"model": "openai/rater", **model},
            "personas": PERSONAS,
            "scenarios": [str(folder / "short.yaml")],
            "seeds": case.trials // len(PERSONAS),
            "concurrency": case.trials,
            "limits": {"calls_at_once": 4_096},
            "controls": {"one_by_one": 0, "repeat": 0},
        }
    )


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(case: Case, server: Remote, folder: Path) -> dict[str, float]:
    """Warm up with five trials, then measure."""
    sim.engine.local.Parts = AskedParts  # type: ignore[misc]
    await sim.app.run_study(study(Case(5, exchanges=2, client=case.client), server.url, folder), results=folder / "warm")
    server.reset()
    if case.rater > 1:
        server.fault("slow", role="rater", seconds=case.latency / 1000 * (case.rater - 1))
    prepared = sim.app.prepare_study(study(case, server.url, folder))
    began, used = time.perf_counter(), cpu()
    run = await sim.app.run_study(prepared, results=folder / "runs", words=False)  # as `sim run` does
    wall, used = time.perf_counter() - began, cpu() - used
    stats = server.stats()
    assert run.status == "finished", run.status
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with run.folder.read_journal() as journal:
        repairs = sum(call.step != "first" for event in journal.all_events() for call in event.calls)
    path = case.exchanges * case.latency / 1000 * (1 + case.rater)
    return {
        "calls": stats["calls"],
        "repairs": repairs,
        "wall": wall,
        "per_second": stats["calls"] / wall,
        "cpu_ms": used / stats["calls"] * 1000,
        "path": wall / path,
        "peak_mb": peak,
    }


async def bare_litellm(server: Remote, *, calls: int, at_once: int) -> float:
    """CPU milliseconds of one `litellm.acompletion` with the messages that the LiteLLM case sends."""
    import os

    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    bodies = [r["body"] for r in server.requests()]

    async def work(mine: list[dict[str, Any]]) -> None:
        for body in mine:
            more = {k: body[k] for k in ("response_format", "seed") if k in body}
            await litellm.acompletion(model=f"openai/{body['model']}", messages=body["messages"], api_base=server.url, api_key="none", **more)

    async def everything(limit: int) -> None:
        chosen = bodies[:limit]
        await asyncio.gather(*(work(chosen[i::at_once]) for i in range(at_once)))

    await everything(at_once)
    used = cpu()
    await everything(calls)
    return (cpu() - used) / min(calls, len(bodies)) * 1000


def run_case(name: str) -> dict[str, float]:
    """Measure in this process."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder, serve(latency=case.latency, record=case.client == "litellm") as server:
        found = asyncio.run(measure(case, server, Path(folder)))
        if case.client == "litellm":
            found["bare_ms"] = asyncio.run(bare_litellm(server, calls=800, at_once=20))
        return found


def main() -> None:
    """Print the table."""
    print(f"{'case':<24} {'calls':>6} {'repairs':>7} {'wall s':>7} {'calls/s':>8} {'CPU ms/call':>12} {'x critical path':>16} {'peak MB':>8}")
    for name in CASES:
        done = subprocess.run([sys.executable, "-m", "tests.benchmarks.speed", name], capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            print(f"{name:<24} failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        f = json.loads(done.stdout)
        counts = f"{f['calls']:>6,} {f['repairs']:>7} {f['wall']:>7.2f} {f['per_second']:>8,.0f}"
        print(f"{name:<24} {counts} {f['cpu_ms']:>12.2f} {f['path']:>16.2f} {f['peak_mb']:>8.0f}", flush=True)
        if "bare_ms" in f:
            print(f"{'  bare LiteLLM':<24} {'':>30} {f['bare_ms']:>12.2f}   ours is {f['cpu_ms'] / f['bare_ms']:.2f} x", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(run_case(sys.argv[1])))
    else:
        main()
