"""`sim compare RUN… --raters`: do conclusions hang on the rater, or on the simulated user?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app import Run, load_run
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered

if TYPE_CHECKING:
    from sim.present.text.raters import SwapDocument


def compare_raters_of(runs: Sequence[str], *, results: Path, as_json: bool) -> int:
    """Print rater against rater in each run, and run against run, which differ in their user."""
    from sim.present.text.raters import render_swaps

    document = _document([load_run(run, results=results, words=False) for run in runs])
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda _: render_swaps(document))
    return DONE


def _document(runs: Sequence[Run]) -> SwapDocument:
    from sim.analysis.trust.raters import compare_raters, compare_simulators
    from sim.present.text.raters import SwapDocument, UserSwap

    return SwapDocument(
        offline=any(run.folder.header.offline for run in runs),
        raters={run.name: compare_raters(run.study, run.trials) for run in runs},
        users=tuple(
            UserSwap(
                one=a.name,
                other=b.name,
                user=a.study.user.model,
                other_user=b.study.user.model,
                rater=a.study.raters[a.study.primary_rater].model,
                other_rater=b.study.raters[b.study.primary_rater].model,
                swap=compare_simulators(a.trials, b.trials, rater=a.study.primary_rater, other_rater=b.study.primary_rater),
            )
            for a, b in combinations(runs, 2)
        ),
    )
