"""`sim calibrate RATINGS|RUN`: how far raters agree with people, or with each other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.core.errors import InputError, nearest
from sim.core.judgement import PEOPLE, Judgement, is_person

if TYPE_CHECKING:
    from sim.analysis.calibration import Calibration, Unit
    from sim.present.calibration import CalibrationDocument, Part


@dataclass(frozen=True, slots=True)
class AgreementOptions:
    """What the flags ask for."""

    reference: str | None
    unit: Unit
    exclude_self: bool


def calibrate_by(source: str, wish: AgreementOptions, *, results: Path, as_json: bool) -> int:
    """Print the agreement of the raters in a file of ratings, or in a run."""
    from sim.present.calibration import render_calibration

    path = Path(source)
    document = _of_file(path, wish) if not path.is_dir() and (path.suffix or os.path.exists(path)) else _of_run(source, wish, results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render_calibration(document, width=width))
    return DONE


def _of_file(path: Path, wish: AgreementOptions) -> CalibrationDocument:
    from sim.analysis.calibration import own_systems
    from sim.present.calibration import calibration_document
    from sim.store.ratings import load_ratings

    file = load_ratings(path)
    raters, systems = _names(file.judgements)
    if not systems and (wish.exclude_self or wish.unit == "system"):
        flag = "--exclude-self" if wish.exclude_self else "--unit system"
        raise InputError("has no column 'system'", mend=f"{flag} takes one; add it, or leave the flag out", where=path)
    if len(raters) < 2:
        raise InputError(f"has one rater alone, '{raters[0]}', and agreement takes two", mend="add the ratings of another", where=path)
    _check_reference(wish.reference, raters, path)
    own = own_systems(raters, systems) if wish.exclude_self else {}
    table = _calibrate(file.judgements, wish.reference, own)
    return calibration_document(
        {"ratings": table}, source=str(path), unit=wish.unit, offline=False, missing=file.missing, notes=_notes(wish, own, table)
    )


def _of_run(name: str, wish: AgreementOptions, results: Path) -> CalibrationDocument:
    from sim.analysis.families import rater_models
    from sim.analysis.judging import judge_run, own_targets
    from sim.analysis.people import summarise_people
    from sim.api import load_run
    from sim.present.calibration import calibration_document

    run = load_run(name, results=results, words=False)
    judged = judge_run(run.study, run.trials)
    raters = judged.raters
    if len(raters) < 2:
        said = f"has {'one rater alone' if raters else 'no ratings yet'}, and agreement takes two"
        raise InputError(f"run '{run.name}' {said}", mend=f"let people rate it, or another model: `sim score {run.name} --rater MODEL`")
    reference = wish.reference or (PEOPLE if any(map(is_person, raters)) else None)
    _check_reference(reference, raters, f"run '{run.name}'")
    own = own_targets(run.study, raters) if wish.exclude_self else {}
    parts: dict[Part, tuple[Judgement, ...]] = {"talked": judged.talked, "read": judged.read}
    tables = {p: _calibrate(js, reference, own) for p, js in parts.items() if _can_agree({j.rater for j in js}, reference)}
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
    )


def _can_agree(raters: set[str], reference: str | None) -> bool:
    """Whether there are two of them, and the reference among them."""
    return len(raters) >= 2 and (reference is None or any(_stands_for(r, reference) for r in raters))


def _stands_for(rater: str, reference: str) -> bool:
    return rater == reference or rater.startswith(f"{reference}:")


def _calibrate(judgements: Sequence[Judgement], reference: str | None, own: Mapping[str, frozenset[str]]) -> Calibration:
    from sim.analysis.calibration import calibrate_ratings

    return calibrate_ratings(judgements, reference=reference, own=own)


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


def _notes(wish: AgreementOptions, own: Mapping[str, frozenset[str]], *tables: Calibration) -> list[str]:
    if not wish.exclude_self or any(t.excluded for t in tables):
        return []
    return ["--exclude-self left nothing out: " + ("no rater is a system" if not own else "no judge rated its own system")]
