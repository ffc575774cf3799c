"""`sim.compare` and `sim.gate`: what runs say beside each other and whether one may be released, as values that print and show themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.app.comparing import compare_runs, gate_run
from sim.app.runs import RESULTS, Run, load_run
from sim.app.suites import judge_run

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import By
    from sim.analysis.verdicts.compare import CompareDocument
    from sim.analysis.verdicts.gate import GateDocument
    from sim.analysis.verdicts.gate_checks import Check, Verdict
    from sim.analysis.verdicts.verdict import VerdictDocument
    from sim.present.data.frames import Library


@dataclass(frozen=True, repr=False)
class ComparedRuns:
    """What can be concluded from one run or several; in a notebook, its sentences and one table."""

    document: CompareDocument
    """Everything, as `sim compare --json` prints it."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """A paragraph for each pair of sides: who is liked more, by how much, and how sure that is."""
        return self.document.sentences

    def frame(self, library: Library = "polars") -> Any:
        """A row for each pair of sides and measure, the primary outcome first, as a polars or pandas frame (`sim.present.data.pair_rows.COLUMNS`).

        Raises:
            InputError: the library is not installed.
        """
        from sim.present.data.frames import build_frame
        from sim.present.data.pair_rows import COLUMNS, pair_rows

        return build_frame(pair_rows(self.document), {name: kind for name, (kind, _) in COLUMNS.items()}, library)

    def __repr__(self) -> str:
        sides = dict.fromkeys(arm.arm for arm in self.document.arms)
        return f"<comparison of {' and '.join(self.document.runs)} by {self.document.by}: {', '.join(sides)}>"

    def __str__(self) -> str:
        return "\n\n".join((*self.document.memory, *self.sentences))

    def _repr_html_(self) -> str:
        from sim.present.notebook import comparison_html

        return comparison_html(self.document)


@dataclass(frozen=True, repr=False)
class GateResult:
    """Whether a run may be released; in a notebook, the verdict and every check."""

    document: GateDocument | VerdictDocument
    """Everything, as `sim gate --json` prints it; of a suite's run, the suite's verdict."""

    @property
    def verdict(self) -> Verdict:
        """`passed`, `failed`, or `inconclusive`: it cannot be told yet."""
        return self.document.verdict

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.verdict == "passed"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Each requirement of each target, with what was observed, its 95 % interval and its own verdict."""
        from sim.analysis.verdicts.gate import GateDocument

        if isinstance(self.document, GateDocument):
            return self.document.checks
        return tuple(row.check for section in self.document.sections for row in section.rows if row.check is not None)

    def __repr__(self) -> str:
        verdicts = [c.verdict for c in self.checks]
        counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
        return f"<gate on {self.document.run}: {self.verdict} · {counts}>"

    def _repr_html_(self) -> str:
        from sim.analysis.verdicts.gate import GateDocument
        from sim.present.notebook import gate_html, suite_html

        return gate_html(self.document) if isinstance(self.document, GateDocument) else suite_html(self.document, self.checks)


def compare(runs: str | Path | Run | Sequence[str | Path | Run], *, by: By = "target", results: str | Path = RESULTS) -> ComparedRuns:
    """Compare the targets of one run, or of several: every measure paired by persona and scenario, with 95 % intervals, p, effects and a verdict.

    Args:
        runs: one or several, each by name under `results`, by folder, or as a `Run`; of runs that share targets the first is the older version.
        by: what the sides are: "target", "memory", "persona-type", "scenario" or "stress".

    Returns:
        Differences of likability are in points of its scale from 1 to 5, those of other measures in their own units.

    Raises:
        InputError: there is no such run, a run is named twice, or there are no two sides to compare.
    """
    listed = [runs] if isinstance(runs, str | Path | Run) else list(runs)
    return ComparedRuns(compare_runs(listed, by=by, results=results))


def gate(
    run: str | Path | Run,
    *require: str,
    targets: Sequence[str] = (),
    baseline: str | Path | None = None,
    margins: Sequence[str] = (),
    allow_offline: bool = False,
    results: str | Path = RESULTS,
) -> GateResult:
    """Decide whether the targets of a run may be released: each requirement passes, fails, or cannot be told yet.

    Args:
        run: its name under `results`, its folder, or the `Run` itself.
        require: such as "likability >= 3.5" or "said_before <= 0.05"; without any, and of a suite's run, the suite's own gates.
        targets: only these; empty: every target must pass.
        baseline: an older run, or the file that `sim baseline` kept of one.
        margins: with `baseline`, what the new version may lose against it, such as "likability=0.2".
        allow_offline: decide also what rests on an offline model's judgement of a real target, which otherwise cannot be told.

    Raises:
        InputError: there is no such run, a requirement cannot be read or speaks of something unknown, or nothing is required.
    """
    loaded = run if isinstance(run, Run) else load_run(run, results=results, words=False)
    if loaded.study.suite is not None and not (require or margins or baseline):
        return GateResult(judge_run(loaded, targets=targets, allow_offline=allow_offline))
    return GateResult(
        gate_run(loaded, require=require, targets=targets, baseline=baseline, margins=margins, allow_offline=allow_offline, results=results)
    )
