"""A run as it is read: its trials, its figures, what it was made with; and what is forgotten of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sim.app.registering import registration_of
from sim.core.errors import InputError, nearest
from sim.core.fold import fold
from sim.core.record import RunStatus, Trial
from sim.core.spec import Study
from sim.engine.plan import TrialPlan
from sim.present.data.plans import plans_of
from sim.present.words import many
from sim.store.runs import RunFolder, open_run

if TYPE_CHECKING:
    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.verdicts.arms import RunSource
    from sim.core.event import Event
    from sim.core.spec import KeptScorer
    from sim.present.data.frames import Library

Rows = Literal["exchanges", "sessions", "trials", "answers", "trait-truth"]
"""What a row of a frame or an export is about."""
RESULTS = Path("results")
"""Where runs are kept unless said otherwise."""


@dataclass(frozen=True, repr=False)
class Run:
    """One execution of a study, as its journal tells: `for trial in run.trials: for session in trial.sessions: for exchange in session.exchanges`.

    At the end of a notebook's cell it shows what it says in sentences and one table.
    """

    folder: RunFolder
    plans: tuple[TrialPlan, ...]
    trials: tuple[Trial, ...]
    """All planned trials, in the order of the plan; those not begun have no sessions."""
    status: RunStatus

    @property
    def name(self) -> str:
        """The run's folder name."""
        return self.folder.name

    @property
    def study(self) -> Study:
        """What was asked for."""
        return self.folder.study

    def frame(self, rows: Rows = "exchanges", library: Library = "polars") -> Any:
        """A row for each exchange, session, trial, answer to a questionnaire, or target that plays a character, as a polars or pandas data frame.

        Rows are ordered by trial and session. Scores are from 1 to 5 and null where nothing was scored; shares are from 0 to 1; a date is the
        simulated one. What each column holds is said by `sim.present.data.exports.COLUMNS`, and by `COARSE` in `sim.present.data.coarse_rows`.

        Raises:
            InputError: the library is not installed, or there are no such rows.
        """
        from sim.present.data.coarse_rows import COARSE
        from sim.present.data.frames import build_frame, exchanges_frame

        scorers, codebook, offline = self.source.scorers, self.folder.codebook, self.folder.header.offline
        told: dict[str, Any] = {"study": self.study, "run": self.name, "offline": offline, "codebook": codebook, "scorers": scorers}
        if rows == "exchanges":
            return exchanges_frame(self.trials, library, **told)
        if rows in COARSE:
            columns, made = COARSE[rows]
            return build_frame(made(self.trials, **told), {name: kind for name, (kind, _) in columns(scorers).items()}, library)
        raise InputError(f"there are no rows of '{rows}'", mend=nearest(rows, get_args(Rows)))

    def __repr__(self) -> str:
        finished = sum(t.finished for t in self.trials)
        targets = ", ".join(t.id for t in self.study.targets)
        return f"<run {self.name}: {targets} · {finished} of {many(len(self.trials), 'trial')} finished · {self.status}>"

    def _repr_html_(self) -> str:
        from sim.present.notebook import run_html

        return run_html(self.summary, self.source)

    @cached_property
    def summary(self) -> RunSummary:
        """The run in figures."""
        from sim.analysis.figures.summary import summarise
        from sim.store.call_count import read_unaccounted

        return summarise(
            self.study,
            self.trials,
            run=self.name,
            status=self.status,
            offline=self.folder.header.offline,
            codebook=self.folder.codebook,
            later=self.folder.codebooks.values(),
            edited=self.folder.edited,
            unaccounted=read_unaccounted(self.folder.path, running=self.status == "running"),
            table=self.source.table,
            scorers=self.source.scorers,
            skipped=self.folder.left_out,
            registration=self.source.registration,
        )

    @cached_property
    def source(self) -> RunSource:
        """The run as something to compare."""
        from sim.analysis.verdicts.arms import RunSource

        offline = self.folder.header.offline
        scorers = tuple(s.info for s in self.folder.scorers.values())
        return RunSource(
            self.name,
            self.study,
            self.folder.codebook,
            self.trials,
            status=self.status,
            offline=offline,
            scorers=scorers,
            registration=registration_of(self.folder, finished=self.status == "finished"),
        )

    @cached_property
    def conditions(self) -> dict[str, str]:
        """What its scores depend on beside the target, as hashes by name."""
        from sim.analysis.verdicts.versions import conditions

        folder = self.folder
        return conditions(folder.study, folder.personas, folder.scenarios, folder.codebook, folder.header.prompt_hashes)


def load_run(run: str | Path, *, results: str | Path = RESULTS, words: bool = True) -> Run:
    """Read a run, finished or not, also while another process writes to it. Imports no model library and runs no code of the study.

    Args:
        words: False leaves out what raters and taggers wrote (reasons, quotes, sentences), which no figure needs: a large run then takes a tenth of
            the time and memory.

    Raises:
        InputError: there is no such run, or its files are damaged.
    """
    if words:
        return load_run_and_events(run, results=results)[0]
    folder = open_run(run, Path(results))
    return read_digest(folder, plans_of(folder))


def load_run_and_events(run: str | Path, *, results: str | Path = RESULTS, scorers: Iterable[KeptScorer] = ()) -> tuple[Run, dict[str, list[Event]]]:
    """As `load_run`, and with it the events that it was folded from, by trial."""
    folder = open_run(run, Path(results))
    return read_whole(folder, plans_of(folder, scorers=scorers))


def forget_run(run: str | Path, *, trial: str | None = None, results: str | Path = RESULTS) -> tuple[str, ...]:
    """Delete for good the texts in a run's journal, and keep its counts, scores, moves and costs. Its `study.yaml` stays as it is.

    Args:
        trial: the id of the one trial to forget; None: all that have begun.

    Returns:
        The ids of the trials that were forgotten.

    Raises:
        InputError: there is no such run or trial, or another program has the journal open.
        RunLocked: another process is writing to it.
    """
    folder = open_run(run, Path(results))
    with folder.write_journal() as journal:
        begun = journal.trials()
        if trial is not None and trial not in begun:
            raise InputError(f"run '{folder.name}' holds no text of trial '{trial}'", mend=nearest(trial, begun))
        forgotten = begun if trial is None else (trial,)
        journal.forget(forgotten)
    return forgotten


def read_whole(folder: RunFolder, plans: tuple[TrialPlan, ...]) -> tuple[Run, dict[str, list[Event]]]:
    """The run with all of its words, and the events it was folded from, by trial."""
    from sim.engine.collector import rare_collection

    with rare_collection():
        events = folder.load_events()
        trials = tuple(fold(p.blank(), events.get(p.id, ())) for p in plans)
    return Run(folder, plans, trials, "running" if folder.is_being_written() else _status(trials)), events


def read_digest(folder: RunFolder, plans: tuple[TrialPlan, ...]) -> Run:
    """The run without what judges wrote."""
    from sim.engine.collector import rare_collection

    with rare_collection():
        trials = folder.read_lean(p.blank() for p in plans)
    return Run(folder, plans, trials, "running" if folder.is_being_written() else _status(trials))


def _status(trials: Iterable[Trial]) -> RunStatus:
    return "finished" if all(t.finished or t.failed or t.forgotten for t in trials) else "incomplete"
