"""`sim limits`: how many calls a run that is under way has in flight, changed from another terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.exit import DONE
from sim.core.errors import InputError, nearest
from sim.core.spec.tuning import Tuning
from sim.store.runs import open_run
from sim.store.tuning import read_tuning, write_tuning

if TYPE_CHECKING:
    from sim.core.spec import Study


@dataclass(frozen=True)
class LimitsWish:
    """The command's flags."""

    calls: int | None
    model: str | None
    adapt: bool


def limits(run: str, wish: LimitsWish, *, results: Path, as_json: bool) -> int:
    """`sim limits`."""
    folder = open_run(run, results)
    tuning = read_tuning(folder.path)
    if wish.calls is not None and wish.adapt:
        raise InputError("--calls fixes what --adapt sets free", mend="leave one of them out")
    if wish.model is not None and wish.model not in (known := _models(folder.study)):
        raise InputError(f"run '{folder.name}' asks no model '{wish.model}'", mend=nearest(wish.model, known), where="--model")
    if wish.calls is not None or wish.adapt:
        tuning = _changed(tuning, wish)
        write_tuning(folder.path, tuning)
    if as_json:
        print(json.dumps({"run": folder.name, "running": folder.is_being_written(), **tuning.model_dump()}))
        return DONE
    own = folder.study.limits
    usual = f"{own.fixed_calls} to each model" if own.fixed_calls else f"found out while it goes on, up to {own.calls_at_once} to one host"
    print(f"{folder.name}: calls in flight: {f'{tuning.calls} to each model' if tuning.calls else usual}")
    for model, calls in tuning.models.items():
        print(f"  {model}: {calls}")
    if (wish.calls is not None or wish.adapt) and not folder.is_being_written():
        print(f"the run is not under way; `sim resume {folder.name}` begins with it")
    return DONE


def _changed(tuning: Tuning, wish: LimitsWish) -> Tuning:
    if wish.model is None:
        return Tuning(calls=wish.calls)
    others = {model: calls for model, calls in tuning.models.items() if model != wish.model}
    return Tuning(calls=tuning.calls, models=others if wish.calls is None else {**others, wish.model: wish.calls})


def _models(study: Study) -> list[str]:
    """What the journal calls whoever is asked over a network."""
    from sim.engine.preflight import priced_parts

    kinds = {"HttpTargetSpec": "http"}
    found = (getattr(spec, "model", None) or f"{kinds.get(type(spec).__name__, '')}/{getattr(spec, 'id', '')}" for _, _, spec in priced_parts(study))
    return list(dict.fromkeys(name for name in found if not name.startswith(("offline/", "/"))))
