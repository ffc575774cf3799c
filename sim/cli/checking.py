"""`sim check`: files validated before anything is spent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from sim.cli.app import BAD_INPUT, DONE
from sim.core.errors import InputError


def check(paths: list[Path], *, as_json: bool) -> int:
    """Validate files and folders; one line for each that is wrong."""
    from sim.store.library import check_paths

    found = check_paths(paths or [p for p in (Path("personas"), Path("scenarios")) if p.is_dir()])
    if not found:
        raise InputError("there is nothing to check", mend="name files or folders, as in `sim check personas study.yaml`")
    wrong = [f for f in found if f.problem]
    if as_json:
        print(json.dumps({"files": [{"path": str(f.path), "kind": f.kind, "problem": f.problem} for f in found]}, ensure_ascii=False))
        return BAD_INPUT if wrong else DONE
    for file in wrong:
        print(f"sim: {file.problem}", file=sys.stderr)
    kinds = {k: sum(f.kind == k and not f.problem for f in found) for k in ("persona", "scenario", "study")}
    plural = {"persona": "personas", "scenario": "scenarios", "study": "studies"}
    print(", ".join(f"{n} {kind if n == 1 else plural[kind]}" for kind, n in kinds.items() if n) + " good" if any(kinds.values()) else "none good")
    return BAD_INPUT if wrong else DONE


def print_schema(kind: str) -> int:
    """The JSON Schema of personas, scenarios or studies."""
    from sim.core.spec import Persona, Scenario, Study

    models: dict[str, type[BaseModel]] = {"persona": Persona, "scenario": Scenario, "study": Study}
    print(json.dumps(models[kind].model_json_schema(), indent=2))
    return DONE
