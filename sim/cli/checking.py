"""`sim check`: files validated before anything is spent."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from sim.cli.exit import BAD_INPUT, DONE
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.store.library import Checked


PLURALS = {"persona": "personas", "scenario": "scenarios", "study": "studies", "codebook": "codebooks", "people": "studies with people"}

SINGULARS = {"people": "study with people"}


def check(paths: list[Path], *, as_json: bool) -> int:
    """Validate files and folders; one line for each that is wrong."""
    from sim.store.library import check_paths

    targets: dict[Path, list[str]] = {}
    chosen = paths or [p for p in (Path("personas"), Path("scenarios"), Path("codebooks")) if p.is_dir()]
    found = [_demanding(f, targets) for f in check_paths(chosen)]
    if not found:
        raise InputError("there is nothing to check", mend="name files or folders, as in `sim check personas study.yaml`")
    wrong = [f for f in found if f.problem]
    if as_json:
        files = [
            {"path": str(f.path), "kind": f.kind, "problem": str(f.problem) if f.problem else None}
            | ({"targets": targets[f.path]} if f.path in targets else {})
            for f in found
        ]
        print(json.dumps({"files": files}))
        return BAD_INPUT if wrong else DONE
    for file in wrong:
        print(f"sim: {file.problem}", file=sys.stderr)
    kinds = {k: sum(f.kind == k and not f.problem for f in found) for k in PLURALS}
    if any(kinds.values()):
        print(", ".join(f"{n} {SINGULARS.get(kind, kind) if n == 1 else PLURALS[kind]}" for kind, n in kinds.items() if n) + " good")
    for path, ids in targets.items():
        print(f"{path}: {', '.join(ids)}")
    return BAD_INPUT if wrong else DONE


def _demanding(file: Checked, targets: dict[Path, list[str]]) -> Checked:
    """`file`, a study also held against the names that exist and the keys that are set; the ids of its targets go into `targets`."""
    from sim.run.demands import check_keys, check_names, check_tagger
    from sim.store.library import load_study

    if file.kind != "study" or file.problem:
        return file
    loaded = load_study(file.path)
    study = loaded.study
    try:
        check_names(study)
        check_tagger(study.tagger, loaded.codebook)
        check_keys(study)
    except InputError as error:
        return replace(file, problem=InputError(str(error), where=file.path))
    targets[file.path] = [t.id for t in study.targets]
    return file


def print_schema(kind: str) -> int:
    """The JSON Schema of one kind of file."""
    from sim.core.codebook import Codebook
    from sim.core.spec import Persona, Scenario, Study
    from sim.core.spec.people import PeopleStudy

    models: dict[str, type[BaseModel]] = {"persona": Persona, "scenario": Scenario, "study": Study, "codebook": Codebook, "people": PeopleStudy}
    print(json.dumps(models[kind].model_json_schema(), indent=2))
    return DONE
