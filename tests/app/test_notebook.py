"""A notebook is executed as Jupyter does it: run, load, compare and frame in cells, inside the kernel's own event loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.cli.small import project

ROOT = Path(__file__).parents[2]
CELLS = (
    "import asyncio, sim\nassert asyncio.get_running_loop().is_running()\nrun = sim.run('small.yaml')\nrun",
    "run = sim.load_run('small')\nrun.frame('trials').shape",
    "sim.compare(run)",
    "sim.gate(run, 'failed == 0')",
    "print((await sim.run_study('small.yaml', name='awaited')).status)",
)


@pytest.mark.whole
def test_a_notebook_runs_loads_compares_and_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    done: Any = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    nbformat.validate(done)
    shown = [{o.output_type: o for o in cell.outputs} for cell in done.cells]
    results = [of["execute_result"].data for of in shown if "execute_result" in of]
    run, shape, compared, gate = results
    assert run["text/plain"] == "<run small: keeps, drops · 2 of 2 trials finished · finished>"
    assert run["text/html"].count("<table>") == 1
    assert shape["text/plain"].startswith("(2, ")
    assert "keeps" in compared["text/html"]
    assert "gate passed" in gate["text/html"]
    assert shown[4]["stream"].text == "finished\n"
