"""What later versions are held against: a run that is still there, or a small file that keeps one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sim.app.runs import RESULTS, Run, load_run
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.verdicts.baseline import Baseline

WRITE = "write it with `sim baseline RUN --out FILE`"


def keep_run_baseline(run: str | Path, *, results: str | Path = RESULTS) -> Baseline:
    """What is kept of a run for later versions: figures by persona, scenario and session, and no words.

    Raises:
        InputError: there is no such run, or it is not finished.
    """
    from sim.analysis.verdicts.baseline import keep_baseline

    loaded = load_run(run, results=results, words=False)
    if loaded.status != "finished":
        mend = f"`sim resume {loaded.name}` goes on with it"
        raise InputError(f"run '{loaded.name}' is {loaded.status}, and nothing passes against an unfinished baseline", mend=mend)
    return keep_baseline(loaded.source, loaded.conditions)


def load_baseline(baseline: str | Path, *, results: str | Path = RESULTS) -> Run | Baseline:
    """The run called `baseline`, or the baseline in the file of that name.

    Raises:
        InputError: there is neither, or the file holds something else.
    """
    path = Path(baseline)
    if not path.is_file():
        return load_run(baseline, results=results, words=False)
    from sim.analysis.verdicts.baseline import VERSION, Baseline

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", where=path, line=error.lineno, mend=WRITE) from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not a baseline that can be read ({type(error).__name__})", where=path, mend=WRITE) from error
    if isinstance(found, dict) and found.get("kind") == "rapport-baseline" and found.get("version") != VERSION:
        raise InputError(f"a baseline of version {found.get('version')}, and this program reads version {VERSION}", where=path, mend=WRITE)
    try:
        return Baseline.model_validate(found, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(f"not a baseline: {place}: {first['msg']}", where=path, mend=WRITE) from error
