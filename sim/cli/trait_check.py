"""`sim personas describe` and `sim personas check`: what personas cover, and whether they are played as they are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.app.users import describe_personas
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.cli.watched import carry_out

if TYPE_CHECKING:
    from sim.analysis.trust.expressed import ExpressionDocument
    from sim.app.inquiry import Inquiry
    from sim.cli.log_wish import LogWish
    from sim.llm.hosts import LocalOnly


def describe(patterns: Sequence[str], *, as_json: bool) -> int:
    """Print coverage and confounds of the personas that `patterns` name.

    Raises:
        InputError: they name none, or something in a file is wrong.
    """
    document = describe_personas(*patterns)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.population import render_coverage

    print_rendered(lambda _: render_coverage(document))
    return DONE


def check_traits(inquiry: Inquiry[ExpressionDocument], *, local_only: LocalOnly | None, log: LogWish, as_json: bool) -> int:
    """Ask, and print how far personas are played as told."""
    from sim.present.text.expressed import render_expression

    return carry_out(
        inquiry,
        local_only=local_only,
        log=log,
        as_json=as_json,
        said=lambda d: f"{d.asked:,} answers asked for",
        render=lambda d, _: render_expression(d),
    )
