"""How fast this program is beside others on one local server at 20 ms, all in one run: calls a second, CPU a call, memory.

python -m tests.benchmarks.peers ENVS       # each peer in the environment ENVS/<peer> (asyncio, langgraph, openevals, inspect, deepeval)

Environments are made beforehand: `python -m venv ENVS/inspect` and `ENVS/inspect/bin/pip install inspect-ai openai`; likewise `aiohttp` for asyncio,
`aiohttp langgraph` for langgraph, `openevals aiohttp langchain-openai` for openevals, `deepeval aiohttp` for deepeval. One that is not there is
said to be missing. Peers hold 50 conversations of 10 exchanges, user and target; ours rate and tag every exchange too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.peer_talks import PEERS
from tests.server import serve

ROOT = Path(__file__).parents[2]
TALKS, EXCHANGES = 50, 10
OURS = ("50 trials", "500 trials", "2,000 trials")


def measure_peer(python: Path, peer: str) -> dict[str, float]:
    """What the talks of `peer` took."""
    script = Path(__file__).with_name("peer_talks.py")
    with serve(latency=20, record=False) as server:
        command = [str(python), str(script), peer, server.url, str(TALKS), str(EXCHANGES)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
        calls = server.stats()["calls"] / 3
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {"calls": calls, "per_second": calls / found["wall"], "cpu_ms": found["cpu"] / calls * 1000, "peak_mb": found["peak_mb"]}


def measure_ours(case: str) -> dict[str, float]:
    """What a case of `tests.benchmarks.speed` took."""
    done = subprocess.run([sys.executable, "-m", "tests.benchmarks.speed", case], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show(name: str, found: dict[str, float]) -> None:
    """One line of the table."""
    print(f"| {name} | {found['calls']:,.0f} | {found['per_second']:,.0f} | {found['cpu_ms']:.2f} | {found['peak_mb']:.0f} |", flush=True)


def main(envs: Path) -> None:
    """Print the table."""
    print("| system | calls | calls/s | CPU ms/call | peak MB |\n|---|---|---|---|---|")
    for peer in PEERS:
        python = envs / peer / "bin" / "python"
        if not python.exists():
            print(f"| {peer} | missing: {python} | | | |")
            continue
        try:
            show(peer, measure_peer(python, peer))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"| {peer} | failed: {error} | | | |")
    for case in OURS:
        show(f"ours, {case}", measure_ours(case))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
