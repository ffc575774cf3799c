"""`sim calibrate`: how far raters agree with people, which dimensions a rater can tell apart (`--edits`), what our judges can be made to accept
(`--attack`), and how far a tagger agrees with people (`--tagger`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.cli.watched import carry_out

if TYPE_CHECKING:
    from sim.analysis.trust.calibration import Unit
    from sim.cli.log_wish import LogWish
    from sim.core.scale import Scale
    from sim.core.spec import Limits, ModelSpec
    from sim.llm.hosts import LocalOnly


def calibrate_edits(rater: ModelSpec, limits: Limits, *, local_only: LocalOnly | None, concurrency: int, log: LogWish, as_json: bool) -> int:
    """Rate the edited replies and print the response matrix."""
    from sim.app.judges import inquire_edits
    from sim.present.text.response import render_response

    return carry_out(
        inquire_edits(rater, limits, concurrency=concurrency),
        local_only=local_only,
        log=log,
        as_json=as_json,
        said=lambda d: f"rated {d.replies:,} of {d.replies + len(d.lost):,} replies",
        render=lambda d, width: render_response(d, width=width),
    )


def calibrate_attack(judge: ModelSpec, limits: Limits, *, local_only: LocalOnly | None, concurrency: int, log: LogWish, as_json: bool) -> int:
    """Put constructed texts before the judges and print which were accepted."""
    from sim.app.judges import inquire_attack
    from sim.present.text.attacks import render_attacks

    return carry_out(
        inquire_attack(judge, limits, concurrency=concurrency),
        local_only=local_only,
        log=log,
        as_json=as_json,
        said=lambda d: f"judged {d.texts - sum(d.lost.values()):,} of {d.texts:,} texts",
        render=lambda d, _: render_attacks(d),
    )


def calibrate_by(
    sources: Sequence[str],
    *,
    reference: str | None,
    unit: Unit,
    exclude_self: bool,
    scales: Mapping[str, Scale],
    results: Path,
    as_json: bool,
) -> int:
    """Print the agreement of the raters in files of ratings and in runs."""
    from sim.app import calibrating
    from sim.present.text.calibration import render_calibration

    document = calibrating.calibrate(*sources, reference=reference, unit=unit, exclude_self=exclude_self, scales=scales, results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render_calibration(document, width=width))
    return DONE


def calibrate_tagger(path: Path, *, as_json: bool) -> int:
    """Tag the sentences of `path`, each on its own, and print the agreement with their labels."""
    from sim.app.judges import measure_tagger
    from sim.present.text.agreement import render_agreement

    document = measure_tagger(path)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda _: render_agreement(document))
    return DONE
