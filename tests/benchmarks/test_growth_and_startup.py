"""The short form of the benchmarks beside this file."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.benchmarks.journal_growth import measure
from tests.cli.command import environment, sim
from tests.cli.small import project

PROBE = """\
import json, sys
from sim.cli.app import run_app
for command in sys.argv[1:]:
    status = run_app(command.split())
    print(json.dumps([command, status, [m for m in ("langgraph", "litellm", "scipy", "aiohttp", "openai") if m in sys.modules]]), file=sys.stderr)
"""
READING = ("--help", "list", "check", "check small.yaml", "export small", "show small", "show small keeps", "show small --json")
"""Those that may import SciPy come last: one interpreter runs them all, and what one imports is there in every later one."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("startup")
    assert sim("run", project(folder), cwd=folder).returncode == 0
    return folder


def test_a_journal_grows_by_the_same_for_each_exchange() -> None:
    # A journal grows by pages of 4 kB, so that fewer exchanges would measure pages.
    short, middle, long = measure(50), measure(100), measure(250)
    assert long.further(middle)[0] == pytest.approx(middle.further(short)[0], rel=0.1)


@pytest.fixture(scope="module")
def read(folder: Path) -> dict[str, tuple[int, set[str]]]:
    """By reading command its exit status, and what has been imported when it ends."""
    done = subprocess.run([sys.executable, "-c", PROBE, *READING], cwd=folder, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    return {command: (status, set(loaded)) for command, status, loaded in told}


@pytest.mark.parametrize("command", READING)
def test_a_reading_command_imports_neither_state_machine_nor_model_library(command: str, read: dict[str, tuple[int, set[str]]]) -> None:
    status, loaded = read[command]
    assert status == 0
    assert not loaded & {"langgraph", "litellm", "openai", "aiohttp"}
    assert "scipy" not in loaded or command.startswith("show small")


HEAVY = ("litellm", "scipy", "altair", "ray", "polars", "pandas", "vl_convert", "mlflow", "wandb")
"""Not OpenTelemetry: LangGraph's langsmith imports it wherever it is installed."""
TRIED = f"""\
import json, sys
from sim.cli.app import run_app
status = run_app(sys.argv[1:])
print(json.dumps([status, [m for m in {HEAVY} if m in sys.modules]]), file=sys.stderr)
"""


class _Bot(BaseHTTPRequestHandler):
    """A chatbot that says how many characters it was sent."""

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"reply": f"That was {len(said)} characters, and I am glad that you told me about it."}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.mark.whole
def test_a_user_of_one_http_chatbot_imports_nothing_heavy(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    curl = f'curl http://127.0.0.1:{server.server_address[1]}/chat -d \'{{"message": "hi"}}\''
    command = [sys.executable, "-c", TRIED, "try", "--curl", curl]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300)
    server.shutdown()
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
