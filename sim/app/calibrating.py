"""`sim.calibrate`: how far raters agree with people, or with each other, in one file or run or in several that are joined."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sim.app.runs import RESULTS
from sim.core.address import observed_by
from sim.core.errors import InputError, nearest
from sim.core.judgement import PEOPLE, Judgement, bare_name, is_person
from sim.core.scale import Scale

if TYPE_CHECKING:
    from sim.analysis.trust.calibration import Calibration, Unit
    from sim.analysis.trust.joining import Joined, Ratings
    from sim.present.text.calibration import CalibrationDocument, Part


@dataclass(frozen=True, slots=True)
class AgreementOptions:
    """What the flags ask for."""

    reference: str | None
    unit: Unit
    exclude_self: bool
    scales: Mapping[str, Scale]
    """By dimension, or '' for every other (`read_scales`)."""


def read_scales(flags: Sequence[str]) -> dict[str, Scale]:
    """What `--scale` declares: `0-6` for all, `empathy=0-6` for one dimension.

    Raises:
        InputError: a scale cannot be read, or two are declared for the same.
    """
    found: dict[str, Scale] = {}
    for flag in flags:
        dimension, mark, text = flag.rpartition("=")
        if mark and not dimension.strip():
            raise InputError(f"'{flag}' names no dimension", mend="write empathy=0-6, or 0-6 for all", where="--scale")
        try:
            scale = Scale.parse(text)
        except InputError as error:
            raise InputError(error.problem, mend=error.mend, where="--scale") from None
        if found.setdefault(dimension.strip(), scale) != scale:
            raise InputError(f"declares two scales for {dimension.strip() or 'all dimensions'}", mend="keep one", where="--scale")
    return found


def calibrate(
    *sources: str | Path,
    reference: str | None = None,
    unit: Unit = "item",
    exclude_self: bool = False,
    scales: Mapping[str, Scale] = MappingProxyType({}),
    results: str | Path = RESULTS,
) -> CalibrationDocument:
    """How far raters agree with people, or with each other, in files of ratings and in runs, which are joined by item and system.

    One judge on its own is measured by `sim.app.rate_edits`, `sim.app.attack_judges` and `sim.app.measure_tagger`.

    Args:
        sources: files of ratings (CSV or JSONL, with item, rater, dimension, score and perhaps system, scale and group), and runs by name or folder.
        reference: the rater the others are held against, such as "human"; left out: people where a run has any, else all are compared together.
        unit: what the agreement is on: "item", "system" or "talk".
        exclude_self: leave out each judge's ratings of its own system.
        scales: what files score on, by dimension, or under "" for every other; a column `scale` goes before.

    Returns:
        Agreement by dimension, with Krippendorff's alpha, correlations and their intervals (`guide/calibrating.md`).

    Raises:
        InputError: a source is not there or named twice, a file cannot be read, or there are no two raters.
    """
    named = [str(source) for source in sources]
    if not named:
        raise InputError("there is nothing to calibrate", mend="name a file of ratings, or a run")
    for i, source in enumerate(named):
        if any(Path(source) == Path(s) for s in named[:i]):
            raise InputError(f"'{source}' is named twice", mend="name each file or run once")
    wish = AgreementOptions(reference, unit, exclude_self, scales)
    if len(named) == 1 and not _is_file(named[0]):
        return _of_run(named[0], wish, Path(results))
    return _of_files(named, wish, Path(results))


def _is_file(source: str) -> bool:
    path = Path(source)
    return not path.is_dir() and bool(path.suffix or os.path.exists(path))


def _of_files(sources: Sequence[str], wish: AgreementOptions, results: Path) -> CalibrationDocument:
    from sim.analysis.trust.calibration import own_systems
    from sim.analysis.trust.joining import join_ratings
    from sim.present.text.calibration import calibration_document

    offline: list[bool] = []
    read = [_ratings_of_file(Path(s), wish) if _is_file(s) else _ratings_of_run(s, results, offline) for s in sources]
    joined = join_ratings(read, on="talk" if wish.unit == "talk" else "item")
    where = " and ".join(s.name for s in read)
    raters, systems = _names(joined.judgements)
    if not systems and (wish.exclude_self or wish.unit == "system"):
        flag = "--exclude-self" if wish.exclude_self else "--unit system"
        raise InputError("has no column 'system'", mend=f"{flag} takes one; add it, or leave the flag out", where=where)
    if len(raters) < 2:
        raise InputError(f"has one rater alone, '{raters[0]}', and agreement takes two", mend="add the ratings of another", where=where)
    _check_reference(wish.reference, raters, where)
    _check_scales(wish, joined)
    own = own_systems(raters, systems) if wish.exclude_self else {}
    table = _calibrate(joined.judgements, wish, own)
    return calibration_document(
        {"ratings": table},
        source=" + ".join(s.name for s in read),
        unit=wish.unit,
        offline=any(offline) or any((observed_by(r) or "").startswith("offline/") for r in raters),
        missing=joined.missing,
        notes=[*joined.notes, *_notes(wish, own, table)],
        scales=joined.scales,
        joined=joined.files,
    )


def _ratings_of_file(path: Path, wish: AgreementOptions) -> Ratings:
    from sim.analysis.trust.joining import Ratings
    from sim.store.ratings import load_ratings

    file = load_ratings(path, wish.scales)
    return Ratings(str(path), file.judgements, file.scales, file.lines, file.missing)


def _ratings_of_run(name: str, results: Path, offline: list[bool]) -> Ratings:
    """Everything that a run's raters and scorers said; whether offline models are among them is added to `offline`."""
    from sim.analysis.trust.joining import Ratings
    from sim.analysis.trust.judging import rate_run, scales_of
    from sim.app.runs import load_run

    run = load_run(name, results=results, words=False)
    scorers = tuple(run.folder.scorers.values())
    judgements = rate_run(run.study, run.trials, scorers)
    if not judgements:
        raise InputError(f"run '{run.name}' has no ratings yet", mend=f"let a model rate it: `sim score {run.name} --rater MODEL`")
    offline.append(bool(run.folder.header.offline))
    return Ratings(f"run {run.name}", judgements, scales_of(scorers))


def _of_run(name: str, wish: AgreementOptions, results: Path) -> CalibrationDocument:
    from sim.analysis.figures.people import summarise_people
    from sim.analysis.trust.families import rater_models
    from sim.analysis.trust.judging import judge_run, own_targets, scales_of
    from sim.app.runs import load_run
    from sim.present.text.calibration import calibration_document

    run = load_run(name, results=results, words=False)
    if wish.scales:
        raise InputError("is for files of ratings: a run knows its scales", mend="leave it out", where="--scale")
    judged = judge_run(run.study, run.trials)
    raters = judged.raters
    if len(raters) < 2:
        said = f"has {'one rater alone' if raters else 'no ratings yet'}, and agreement takes two"
        raise InputError(f"run '{run.name}' {said}", mend=f"let people rate it, or another model: `sim score {run.name} --rater MODEL`")
    reference = wish.reference or (PEOPLE if any(map(is_person, raters)) else None)
    _check_reference(reference, raters, f"run '{run.name}'")
    own = own_targets(run.study, raters) if wish.exclude_self else {}
    parts: dict[Part, tuple[Judgement, ...]] = {"talked": judged.talked, "read": judged.read}
    against = AgreementOptions(reference, wish.unit, wish.exclude_self, {})
    tables = {p: _calibrate(js, against, own) for p, js in parts.items() if _can_agree({j.rater for j in js}, reference)}
    if not tables:
        raise InputError(
            f"run '{run.name}' has no exchange that two raters judged",
            mend=f"let a second one rate the same exchanges: `sim score {run.name} --rater MODEL`",
        )
    notes = list(_notes(wish, own, *tables.values()))
    if "read" in tables and reference == PEOPLE and "self" in tables["read"].raters:
        notes.append("self was rated as the user: people who read calibrate observers; its own calibration takes people who talk")
    with run.folder.read_journal() as journal:
        people = summarise_people(run.trials, journal.forms())
    return calibration_document(
        tables,
        source=f"run {run.name}",
        unit=wish.unit,
        offline=any(m.offline for r, m in rater_models(run.study, raters).items() if r in raters),
        missing=judged.unscored,
        notes=notes,
        people=people,
        scales=scales_of(()),
    )


def _can_agree(raters: set[str], reference: str | None) -> bool:
    """Whether there are two of them, and the reference among them."""
    return len(raters) >= 2 and (reference is None or any(_stands_for(r, reference) for r in raters))


def _stands_for(rater: str, reference: str) -> bool:
    return rater == reference or rater.startswith(f"{reference}:")


def _calibrate(judgements: Sequence[Judgement], wish: AgreementOptions, own: Mapping[str, frozenset[str]]) -> Calibration:
    from sim.analysis.trust.calibration import calibrate_ratings

    return calibrate_ratings(judgements, reference=wish.reference, own=own, talks=wish.unit == "talk")


def _names(judgements: Sequence[Judgement]) -> tuple[list[str], list[str]]:
    return list(dict.fromkeys(j.rater for j in judgements)), list(dict.fromkeys(j.system for j in judgements if j.system))


def _check_reference(reference: str | None, raters: Sequence[str], where: object) -> None:
    if reference is None:
        return
    mine = [r for r in raters if _stands_for(r, reference)]
    if not mine:
        raise InputError(f"has no rater '{reference}'", mend=nearest(reference, raters), where=where)
    if len(mine) == len(raters):
        raise InputError(f"has no rater beside '{reference}'", mend="leave --reference out to see how far they agree with each other", where=where)


def _check_scales(wish: AgreementOptions, joined: Joined) -> None:
    """Refuse scales of what nobody rates."""
    rated = list(dict.fromkeys(j.dimension for j in joined.judgements))
    known = set(map(bare_name, rated))
    for dimension in wish.scales:
        if dimension and bare_name(dimension) not in known:
            raise InputError(f"nobody rates '{dimension}'", mend=nearest(dimension, rated), where="--scale")


def _notes(wish: AgreementOptions, own: Mapping[str, frozenset[str]], *tables: Calibration) -> list[str]:
    if not wish.exclude_self or any(t.excluded for t in tables):
        return []
    return ["--exclude-self left nothing out: " + ("no rater is a system" if not own else "no judge rated its own system")]
