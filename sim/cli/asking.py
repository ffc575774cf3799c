"""What `sim score --rater` asks: a file's questions, the seven dimensions as the person who talked, or one question where nobody knows who that was.

A question is a rubric whichever way it comes, so that what raters say of a log is kept, resumed, shown and compared like what any scorer says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sim.core.errors import InputError
from sim.core.spec import RubricScorer
from sim.score.registry import built_in_rubrics
from sim.store.rubrics import load_rubrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sim.app import Run
    from sim.cli.scoring import ScoreOptions
    from sim.core.judgement import Judgement
    from sim.core.spec import KeptScorer, ModelSpec, Persona
    from sim.engine.judges import Judging

DEFAULT: Final = "liked"
"""The question that is asked where nobody knows who talked, and none is brought."""


@dataclass(frozen=True)
class Asked:
    """What the raters that `--rater` names are asked."""

    raters: tuple[ModelSpec, ...] = ()
    """Who rates on the seven dimensions."""
    scorers: tuple[RubricScorer, ...] = ()
    """The questions that are asked instead, each with who answers it."""
    by: Literal["ask", "persona", "default", "nobody"] = "nobody"
    said: str = ""
    """What is asked, and why, in a sentence; empty: nothing is."""

    def document(self) -> dict[str, Any]:
        """What `--json` says of it."""
        if self.by == "nobody":
            return {}
        names = [r.model for r in self.raters] or list(dict.fromkeys(s.model.model for s in self.scorers))
        return {"asked": {"by": self.by, "raters": names, "questions": [s.rubric.id for s in self.scorers], "said": self.said}}


def read_asked(wish: ScoreOptions, who: Persona | None) -> Asked:
    """What `--rater` and `--ask` come to.

    Args:
        who: the persona as whom raters rate; None: nobody knows who talked.

    Raises:
        InputError: a rater is none, or the file of questions is wrong.
    """
    from sim.cli.scoring import read_model

    if not wish.raters:
        return Asked()
    raters = tuple(read_model(rater, "--rater", wish) for rater in wish.raters)
    if wish.ask is None and who is not None:
        return Asked(raters, by="persona", said=f"Asked: the seven dimensions of likability, as {who.name}.")
    if len(raters) > 1:
        problem = "is asked a question that another rater is asked too, and a run holds one answer to it"
        raise InputError(problem, mend="ask each in a command of its own: it makes a run of its own", where=f"--rater {raters[1].model}")
    use = str(wish.ask) if wish.ask else DEFAULT
    rubrics = load_rubrics(wish.ask or built_in_rubrics()[DEFAULT])
    scorers = tuple(RubricScorer(use=use, rubric=rubric, model=raters[0]) for rubric in rubrics)
    if wish.ask:
        return Asked(scorers=scorers, by="ask", said=f"Asked: {', '.join(r.id for r in rubrics)} of {use}.")
    why = "nobody says who talked; --persona FILE asks the seven dimensions of likability, --ask FILE your own questions"
    return Asked(scorers=scorers, by="default", said=f"Asked: {DEFAULT}, “{rubrics[0].question}” ({why}).")


def write_asked(run: Run, judging: Judging, place: Path) -> int:
    """Write what the judges of `judging` said in `run` as a table of ratings; how many there are.

    Raises:
        InputError: it cannot be written, or must not be.
    """
    from sim.app.output import put
    from sim.present.data.rating_rows import HEAD, render_rows

    found = list(_said(run, judging.raters, judging.scorers))
    put(place, render_rows(found), alike=len(HEAD), flag="--ratings")
    return len(found)


def _said(run: Run, raters: Iterable[str], scorers: Iterable[KeptScorer]) -> Iterator[Judgement]:
    from sim.analysis.trust.judging import rate_run
    from sim.core.codebook import DIMENSIONS

    own, asked = frozenset(raters), {s.info.id for s in scorers}
    for judgement in rate_run(run.study, run.trials, run.folder.scorers.values()):
        if judgement.dimension in asked or (judgement.rater in own and judgement.dimension in DIMENSIONS):
            yield judgement
