"""`sim plan`: what a study takes and what it can tell, before anything is spent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.planning import plan as plan_study
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.present.text.planning import render_planning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.app import Prepared


def plan(
    study: str | Prepared,
    *,
    results: Path,
    as_json: bool,
    pilot: str | None = None,
    human: bool = False,
    require: Sequence[str] = (),
    margins: Sequence[str] = (),
    register: bool = False,
    hypotheses: Sequence[str] = (),
) -> int:
    """`sim plan STUDY`, and `sim run … --dry-run` of a study that was prepared with its flags."""
    document = plan_study(
        study, pilot=pilot, human=human, require=require, margins=margins, register=register, hypotheses=hypotheses, results=results
    )
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda _: render_planning(document))
    return DONE
