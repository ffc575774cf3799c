"""For tests of chatbots: run a small study against a callable, and assert requirements.

    def test_my_bot(rapport):
        run = rapport.run(answer, personas=["davi", "zuza"], scenarios=["new-in-town"])
        run.require("said_before <= 0.1", "words <= 120", "failed == 0")

`answer` takes what a callable target takes: `messages` or `message`, and what else it names of `user_id`, `session_id` and `key`; or it is a class
with `reply` and `new_session`. A requirement that cannot be told fails the test and says how many personas would settle it; a failure names the run's
folder and the exchange that speaks most against what is required. `run.not_worse("baseline.json", "said_before=0.05")` compares with what
`sim baseline` kept of an older run. Nothing heavy is imported before the fixture is used.

Users and raters are offline models unless said otherwise: fill in `user={"model": "openai/gpt-5"}` for scores that say something of the chatbot.
Without that, requirements on counts, moves, words and memory are decided, and those on likability fail as not to be told; `allow_offline=True` lets
the offline model decide them, which checks that the test itself works.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sim.analysis.verdicts.gate import GateDocument
    from sim.app import Run

TARGET = "target"
"""The id that the callable goes by."""


@dataclass(frozen=True)
class TestedRun:
    """A run that a test has made."""

    __test__ = False  # not a test, though its name begins like one

    run: Run

    def gate(self, *requirements: str, baseline: str | Path | None = None, margins: Sequence[str] = (), allow_offline: bool = False) -> GateDocument:
        """The verdicts, without asserting anything.

        Args:
            baseline: an older run, or a file that `sim baseline` wrote; it goes with `margins`.
            margins: how much of a measure may be lost against it, as `likability=0.2`.
            allow_offline: decide also what an offline model says of the chatbot, which is not evidence.
        """
        from sim.app import gate_run

        return gate_run(self.run, require=requirements, baseline=baseline, margins=margins, allow_offline=allow_offline)

    def require(self, *requirements: str, allow_offline: bool = False) -> None:
        """Assert that every requirement passes; see `sim gate --help` for how they are written.

        Args:
            allow_offline: as in `gate`.
        """
        __tracebackhide__ = True
        self._demand(self.gate(*requirements, allow_offline=allow_offline), requirements)

    def not_worse(self, baseline: str | Path, *margins: str, allow_offline: bool = False) -> None:
        """Assert that nothing is lost against `baseline` but what `margins` allow, as `said_before=0.05`.

        Args:
            baseline: a file that `sim baseline` wrote of a run of this test, or such a run.
            allow_offline: as in `gate`.
        """
        __tracebackhide__ = True
        self._demand(self.gate(baseline=baseline, margins=margins, allow_offline=allow_offline), ())

    def _demand(self, document: GateDocument, requirements: Sequence[str]) -> None:
        __tracebackhide__ = True
        wrong = [c for c in document.checks if c.verdict != "passed"]
        if wrong:
            lines = [f"{c.verdict}: {c.requirement} (observed {'nothing' if c.observed is None else f'{c.observed:.3g}'}; {c.detail})" for c in wrong]
            pytest.fail("\n".join([*lines, *self._worst(requirements), f"the run: {self.run.folder.path}"]), pytrace=False)

    def _worst(self, requirements: Sequence[str]) -> list[str]:
        """The exchange that speaks most against what is required, and the command that shows its talk; nothing where none does."""
        from sim.analysis.verdicts.requirements import parse_requirement
        from sim.analysis.verdicts.worst_exchanges import worst_exchanges

        source = self.run.source
        asked = [parse_requirement(r, source.scorers) for r in requirements]
        worst = worst_exchanges(source, source.target_ids, asked, (), stubs=True)[:1]
        return [
            f"worst: {w.persona}, session {w.session}, exchange {w.exchange}: {w.why}\n  user: {w.message}\n  bot: {w.reply}\n"
            f"  sim show {shlex.quote(str(self.run.folder.path))} {w.trial}"
            for w in worst
        ]


class Rapport:
    """The fixture `rapport`."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._made = 0

    def run(
        self,
        target: Callable[..., object],
        *,
        personas: Sequence[str] = ("*",),
        scenarios: Sequence[str] = ("new-in-town",),
        seeds: int = 1,
        **study: Any,
    ) -> TestedRun:
        """Run a study of one target, the callable, to its end.

        Args:
            study: further keys of a study, such as `user={"model": "openai/gpt-5"}` or `concurrency=4`.
        """
        from sim.app import run_study
        from sim.core.spec import Study

        self._made += 1
        name = f"test-{self._made}"
        module = ModuleType(f"rapport_test_target_{id(self)}_{self._made}")
        module.target = target  # type: ignore[attr-defined]
        sys.modules[module.__name__] = module
        asked = Study.model_validate(
            {
                "name": name,
                "targets": [{"id": TARGET, "callable": f"{module.__name__}:target"}],
                "user": {"model": "offline/user"},
                "personas": list(personas),
                "scenarios": list(scenarios),
                "seeds": seeds,
                **study,
            }
        )
        try:
            # In a thread of its own, so that a test may be async itself.
            with ThreadPoolExecutor(1) as pool:
                made = pool.submit(lambda: asyncio.run(run_study(asked, name=name, results=self._results))).result()
        finally:
            del sys.modules[module.__name__]
        return TestedRun(made)


@pytest.fixture
def rapport(tmp_path: Path) -> Rapport:
    """Runs small studies in the test's own folder."""
    return Rapport(tmp_path / "rapport")
