"""`sim check`: files validated before anything is spent, and the schemas that they follow."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.defaults import in_force, read_defaults, written
from sim.cli.exit import BAD_INPUT, DONE
from sim.core.errors import InputError
from sim.core.spec import left_out
from sim.present.words import not_suited

if TYPE_CHECKING:
    from sim.cli.defaults import Default
    from sim.core.spec import Study
    from sim.engine.reach import Door
    from sim.store.check import CheckedFile
    from sim.store.library import LoadedStudy


PLURALS = {
    "persona": "personas",
    "scenario": "scenarios",
    "study": "studies",
    "codebook": "codebooks",
    "rubric": "rubrics",
    "people": "studies with people",
    "suite": "suites",
    "registration": "registrations",
    "questionnaire": "questionnaires",
}

SINGULARS = {"people": "study with people"}


def check(paths: list[Path], *, reach: bool, as_json: bool) -> int:
    """Validate files and folders; a line for each mistake, and for each study what it takes.

    Args:
        reach: look also whether everybody is there that a study talks to.
    """
    from sim.store.check import check_paths

    chosen = paths or [p for p in (Path("personas"), Path("scenarios"), Path("codebooks")) if p.is_dir()]
    found = [_demanding(f) for f in check_paths(chosen)]
    doors: dict[Path, tuple[Door, ...]] = {}
    if reach:
        doors = {f.path: _doors(f.study) for f in found if f.study and not f.problems}
        found = [f.with_problems(d.fault for d in doors.get(f.path, ()) if d.fault) for f in found]
    if not found:
        raise InputError("there is nothing to check", mend="name files or folders, as in `sim check personas study.yaml`")
    wrong = any(f.problems for f in found)
    defaults = in_force(read_defaults(Path.cwd(), os.environ))
    if as_json:
        print(json.dumps({"files": [_entry(f, doors.get(f.path)) for f in found], "defaults": [_default(d) for d in defaults]}))
        return BAD_INPUT if wrong else DONE
    for line in dict.fromkeys(str(p) for f in found for p in f.problems):
        print(f"sim: {line}", file=sys.stderr)
    kinds = {k: sum(f.kind == k and not f.problems for f in found) for k in PLURALS}
    if any(kinds.values()):
        print(", ".join(f"{n} {SINGULARS.get(kind, kind) if n == 1 else PLURALS[kind]}" for kind, n in kinds.items() if n) + " good")
    for d in defaults:
        print(f"default {f'of sim {d.command} ' if d.command else ''}--{d.key} {written(d.value)} ({d.place})")
    for file in found:
        if file.loaded and not file.problems:
            print(f"{file.path}: {_takes(file.loaded)}")
            for note in file.loaded.notes:
                print(f"  {note}")
            if said := not_suited(left_out(file.loaded.study, file.loaded.personas, file.loaded.scenarios)):
                print(f"  {said}")
        if file.filled:
            print(f"{file.path}: filled in {'; '.join(file.filled)}")
        for door in doors.get(file.path, ()):
            if not door.problem:
                print(f"  {door.who} is there, at {door.address}")
    return BAD_INPUT if wrong else DONE


def _default(of: Default) -> dict[str, Any]:
    return {"key": of.key, "value": of.value, "where": of.where, "line": of.line, "command": of.command or None}


def _takes(loaded: LoadedStudy) -> str:
    """What a study takes: "25 personas: 1 local, 24 built-in; 1 scenario, built-in; targets warm, cold"."""
    parts = []
    for kind in ("persona", "scenario"):
        counts = _counts(loaded, kind)
        total = sum(counts.values())
        some = [f"{n} {where}" for where, n in counts.items() if n]
        parts.append(f"{total} {kind if total == 1 else PLURALS[kind]}{': ' + ', '.join(some) if len(some) > 1 else ', ' + some[0].split()[1]}")
    for name, ids in (("target", [t.id for t in loaded.study.targets]), ("scorer", [s.use for s in loaded.study.asked_scorers])):
        if ids:
            parts.append(f"{name}{'s' * (len(ids) > 1)} {', '.join(ids)}")
    return "; ".join(parts)


def _counts(loaded: LoadedStudy, kind: str) -> dict[str, int]:
    found = Counter(o.built_in for o in loaded.origins if o.kind == kind)
    return {"local": found[False], "built-in": found[True]}


def _doors(study: Study) -> tuple[Door, ...]:
    from sim.engine.reach import look

    return asyncio.run(look(study))


def _entry(file: CheckedFile, doors: tuple[Door, ...] | None) -> dict[str, Any]:
    """One file in the JSON document; `doors` that were tried at, where any were."""
    problems = [
        {"file": str(p.where or file.path), "line": p.line, "problem": p.problem, "mend": p.mend or None, "text": str(p)} for p in file.problems
    ]
    entry: dict[str, Any] = {"path": str(file.path), "kind": file.kind, "problem": problems[0]["text"] if problems else None, "problems": problems}
    if file.loaded and not problems:
        loaded = file.loaded
        entry |= {
            "targets": [t.id for t in loaded.study.targets],
            "scorers": [s.use for s in loaded.study.asked_scorers],
            "personas": _counts(loaded, "persona"),
            "scenarios": _counts(loaded, "scenario"),
        }
        entry["notes"] = list(loaded.notes)
        entry["left_out"] = [pair.model_dump() for pair in left_out(loaded.study, loaded.personas, loaded.scenarios)]
    if file.kind == "persona" and not problems:
        entry["filled"] = list(file.filled)
    if doors is not None:
        entry["reached"] = [{"who": d.who, "address": d.address, "problem": d.problem} for d in doors]
    return entry


def _demanding(file: CheckedFile) -> CheckedFile:
    """`file`, a study also held against the names that exist and the keys that are set."""
    if file.suite:
        from sim.app.suites import suite_faults

        return file.with_problems(suite_faults(file.suite))
    if not file.study:
        return file
    from sim.engine.preflight import file_faults, study_faults, swap_faults
    from sim.engine.scorers import judge_faults, rubrics_of

    found = study_faults(file.loaded.study if file.loaded else file.study, resolved=file.loaded is not None)
    if file.loaded:
        found += file_faults(file.study, file.loaded.codebook, file.loaded.scenarios)
        found += swap_faults(file.loaded.study, file.loaded.personas, file.loaded.scenarios)
        found += judge_faults(rubrics_of(file.loaded.scorers, file.study))
    return file.with_problems(found)


def put_schema(kind: str, folder: Path | None) -> int:
    """Print the JSON Schema of one kind of file, or write it into `folder` and say where."""
    from sim.app.schemas import schema_text, write_schema

    print(schema_text(kind) if folder is None else write_schema(kind, folder), end="" if folder is None else "\n")
    return DONE
