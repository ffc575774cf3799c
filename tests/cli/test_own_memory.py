"""Memory policies of a study's own, as a user runs them: checked without being run, killed and restored, and asked by probes."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.command import sim, sim_json, start
from tests.cli.journals import happened, rows
from tests.targets.chatbots import EXAMPLES
from tests.waiting import until

STUDY = """\
name: own
targets:
  - {id: bot, model: offline/uses, memory: [none, "policies/names.py:Names:20", "policies/store.py:StoreMemory:3"]}
user: {model: offline/user}
personas: [davi]
scenarios: [new-in-town]
probes: {facts: 3}
concurrency: 1
"""
SLOW = """\
import asyncio
from pathlib import Path
from store import StoreMemory

class Slow(StoreMemory):
    asked_in_the_third = 0

    async def recall(self, earlier, message):
        self.asked_in_the_third += len(earlier) == 2
        while self.asked_in_the_third == 2 and not Path("go-on").exists():
            await asyncio.sleep(0.01)
        return await super().recall(earlier, message)
"""


def project(folder: Path, study: str = STUDY) -> Path:
    (folder / "studies" / "policies").mkdir(parents=True)
    for name in ("names.py", "store.py"):
        shutil.copy(EXAMPLES / name, folder / "studies" / "policies")
    (folder / "studies" / "policies" / "slow.py").write_text(SLOW)
    path = folder / "studies" / "own.yaml"
    path.write_text(study)
    return path


def test_arms_of_own_policies_run_are_probed_and_are_read_without_their_code(tmp_path: Path) -> None:
    study = project(tmp_path)
    assert "1 study good" in sim("check", study, cwd=tmp_path).stdout
    done = sim("run", study, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / "studies")
    shown = {t["target"]: t for t in sim_json("show", "own", cwd=tmp_path)["targets"]}
    assert list(shown) == ["bot-none", "bot-names-20", "bot-store-memory-3"]
    memory = {target: t["memory"] for target, t in shown.items()}
    assert memory["bot-none"]["written"] == 0
    assert memory["bot-names-20"]["written"] < memory["bot-store-memory-3"]["written"] == 1
    assert 0 < memory["bot-store-memory-3"]["retrieved"] < 1
    assert [r["run"] for r in sim_json("list", cwd=tmp_path)["runs"]] == ["own"]
    assert sim("report", "own", cwd=tmp_path).returncode == 0
    refused = sim("resume", "own", cwd=tmp_path)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "target 'bot-names-20': there is no file 'studies/policies/names.py'" in refused.stderr


def test_a_policy_with_a_state_is_killed_and_restored_as_it_was(tmp_path: Path) -> None:
    arms = '[none, "policies/names.py:Names:20", "policies/store.py:StoreMemory:3"]'
    study = project(tmp_path, STUDY.replace(arms, '"policies/slow.py:Slow:3"'))
    process = start("run", study, cwd=tmp_path)
    run = tmp_path / "results" / "own"

    def in_the_third() -> bool:
        """In the middle of the third session, when two have been written down."""
        assert process.poll() is None, process.communicate()
        return (run / "run.db").exists() and any(r.kind == "target_replied" and r.session == 3 for r in rows(run))

    until(in_the_third, "the third session has begun")
    process.kill()
    process.communicate()
    (tmp_path / "go-on").touch()
    assert sim("run", study, "--name", "whole", cwd=tmp_path).returncode == 0
    done = sim("resume", "own", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert happened(run) == happened(tmp_path / "results" / "whole")
    assert sum(r.kind == "memory_written" for r in rows(run)) >= 3


def test_what_is_wrong_with_a_policy_is_found_before_the_run_in_one_line(tmp_path: Path) -> None:
    project(tmp_path)
    policies = tmp_path / "studies" / "policies"
    for memory, said in (
        ("policies/nams.py:Names:20", "own.yaml:3: no memory policy lies at 'policies/nams.py' (from studies); did you mean 'names.py'?"),
        ("policies/names.py:Nmes:20", "target 'bot': there is no 'Nmes'; did you mean 'Names'?"),
        ("nonee", "own.yaml:3: targets 1, memory: unknown memory policy 'nonee'; did you mean 'none'?"),
        ("policies/names.py:Names:0", "ends in '0', which is not a number from 1 to 1000"),
    ):
        (tmp_path / "studies" / "own.yaml").write_text(
            f'name: own\ntargets:\n  - {{id: bot, model: offline/uses, memory: "{memory}"}}\nuser: {{model: offline/user}}\n'
            "personas: [davi]\nscenarios: [new-in-town]\n"
        )
        for command in ("check", "run"):
            done = sim(command, "studies/own.yaml", cwd=tmp_path)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
            assert said in done.stderr
    (policies / "names.py").write_text("raise RuntimeError('not here')\nclass Names: ...\n")
    project_study = tmp_path / "studies" / "own.yaml"
    project_study.write_text(STUDY)
    assert sim("check", project_study, cwd=tmp_path).returncode == 0, "check runs nothing of it"
    done = sim("run", project_study, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "target 'bot-names-20': importing studies/policies/names.py raised RuntimeError: not here; mend the module" in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_policy_that_breaks_stops_its_trials_and_nothing_else(tmp_path: Path) -> None:
    study = project(tmp_path, STUDY.replace("policies/names.py:Names:20", "policies/bad.py:Bad"))
    (tmp_path / "studies" / "policies" / "bad.py").write_text(
        "from sim.targets.memory import Policy, Recalled\nclass Bad(Policy):\n"
        "    def recall(self, earlier, message):\n        return Recalled(1 / (3 - len(earlier)) and 'well')\n"
    )
    done = sim("run", study, "--json", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert "memory studies/policies/bad.py:Bad.recall raised ZeroDivisionError" in done.stderr
    shown = sim_json("show", "own", cwd=tmp_path)
    assert shown["trials"] == {"planned": 3, "finished": 2, "failed": 0, "stopped": 1}
