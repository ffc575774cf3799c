"""Suites: the study that one makes of somebody's chatbot, and the verdict on the run that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.running import Prepared, prepare_loaded
from sim.core.errors import InputError, gather

if TYPE_CHECKING:
    from sim.analysis.verdicts.verdict import VerdictDocument
    from sim.app.runs import Run
    from sim.core.spec import ScorerInfo, Study
    from sim.store.library import LoadedStudy
    from sim.store.suite_file import SuiteFile


def prepare_suite(suite: str | Path, of: Study) -> Prepared:
    """The talks of a suite with the targets of `of`, ready for `run_study`; nothing is spent or written.

    Args:
        suite: the name of a built-in one, or the path of a file.
        of: names targets, models, limits and concurrency; its personas, scenarios and scorers are the suite's.

    Raises:
        InputError: there is no such suite, or something in it or in the study is wrong.
    """
    from sim.engine.scorers import keep_scorers
    from sim.store.rubrics import load_rubrics
    from sim.store.suite_file import load_suite, resolve_suite

    file = load_suite(suite)
    loaded = resolve_suite(file, of)
    study = loaded.study
    kept = keep_scorers(loaded.scorers, study.judge_by, seconds=study.limits.seconds("judge"), load_rubrics=load_rubrics)
    wrong = gather(section_faults(file, [s.info for s in kept]))
    if wrong:
        raise wrong
    return prepare_loaded(loaded)


def section_faults(file: SuiteFile, scorers: Sequence[ScorerInfo]) -> Iterable[InputError]:
    """What the sections of a suite ask for that nobody can tell, each with its line.

    Args:
        scorers: those that the suite names.
    """
    from sim.analysis.verdicts.verdict import read_section

    for i, section in enumerate(file.suite.sections):
        try:
            read_section(section, scorers)
        except InputError as error:
            line = file.document.find("sections", i, *error.at).line
            yield InputError(error.problem, mend=error.mend, where=file.document.path, line=line)


def suite_faults(file: SuiteFile) -> list[InputError]:
    """All that is wrong with a suite beyond its file: what it names, and gates that nobody can tell. Nobody's code is imported but the package's."""
    from sim.core.errors import split
    from sim.core.spec import ChatTargetSpec, ModelSpec, Study
    from sim.engine.plan import plan_trials
    from sim.engine.scorers import judge_faults, rubrics_of
    from sim.store.suite_file import resolve_suite

    nobody = ChatTargetSpec(id="target", model="offline/uses")
    of = Study(name=file.suite.id, targets=(nobody,), user=ModelSpec(model="offline/user"), personas=("*",), scenarios=("*",))
    try:
        loaded = resolve_suite(file, of)
        plan_trials(loaded.study, loaded.personas, loaded.scenarios)
    except InputError as error:
        return list(split(error))
    infos = _known_infos(loaded)
    faults = judge_faults(rubrics_of(loaded.scorers, loaded.study))
    return [*faults, *(section_faults(file, infos) if infos is not None else ())]


def _known_infos(loaded: LoadedStudy) -> list[ScorerInfo] | None:
    """What a suite's scorers say of themselves; None: one of them is somebody's own code, which only a run imports."""
    from sim.engine.scorers import keep_scorers
    from sim.score.registry import IN_PYTHON
    from sim.store.rubrics import load_rubrics

    if any(not f.rubric and f.place not in IN_PYTHON.values() for f in loaded.scorers):
        return None
    study = loaded.study
    return [s.info for s in keep_scorers(loaded.scorers, study.judge_by, seconds=study.limits.seconds("judge"), load_rubrics=load_rubrics)]


def judge_run(run: Run, *, targets: Sequence[str] = (), allow_offline: bool = False) -> VerdictDocument:
    """The verdict of the suite that made `run`.

    Args:
        targets: only these; empty: all.
        allow_offline: decide also what rests on an offline model's judgement of a real target, which otherwise cannot be told.

    Raises:
        InputError: no suite made it.
    """
    from sim.analysis.verdicts.verdict import judge_suite

    if run.study.suite is None:
        raise InputError(f"run '{run.name}' was not made by a suite", mend="make one with `sim run --suite quick --target …`")
    return judge_suite(run.source, run.study.suite, targets=targets, allow_offline=allow_offline)
