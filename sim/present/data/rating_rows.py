"""Ratings as the table that `sim calibrate` reads: a row for each score, with the conversation that the item is a part of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from sim.core.judgement import NOT_APPLICABLE, Judgement

HEAD: Final = "item,system,rater,dimension,score,group\n"


def render_rows(judgements: Iterable[Judgement]) -> Iterator[str]:
    """The file's lines, the one that names the columns first."""
    yield HEAD
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for j in judgements:
        writer.writerow((j.item, j.system, j.rater, j.dimension, j.score if j.score == NOT_APPLICABLE else f"{j.score:.10g}", j.group))
        yield text.getvalue()
        text.seek(0)
        text.truncate()
