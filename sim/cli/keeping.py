"""What `sim score LOG` keeps: the log as a run, judged by what `--scorer` and `--rater` name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sim.app.logs import tags_of
from sim.app.output import demand_room
from sim.app.scoring import find_named
from sim.cli.asking import read_asked
from sim.cli.exit import DONE, INTERRUPTED
from sim.cli.rescoring import FORCED, asked_of, complete, ending, found_document, print_found, tell_written
from sim.cli.scoring import read_model
from sim.core.errors import InputError
from sim.core.spec import ModelSpec, RubricScorer
from sim.engine.judges import build_judging
from sim.engine.preflight import check_rater
from sim.engine.scorers import check_judges
from sim.llm.prompts import load_texts
from sim.present.data.rating_rows import HEAD
from sim.store.library import load_persona
from sim.store.log_run import JUDGE, LogIntake, find_log_run, known_person
from sim.store.plants import load_plants

if TYPE_CHECKING:
    from sim.app import Run
    from sim.cli.scoring import ScoreOptions
    from sim.core.codebook import Codebook
    from sim.core.spec import Rubric, ScorerUse
    from sim.engine.judges import Judging
    from sim.engine.marking import Marked
    from sim.store.runs import RunFolder


class Kept:
    """A log on its way into a run. A context manager: a run is made by `keep` or not at all.

    Args:
        results: where runs are kept.

    Raises:
        InputError: a scorer or the persona does not exist or is wrong, or the name is taken.
    """

    def __init__(self, path: Path, wish: ScoreOptions, codebook: Codebook, *, results: Path) -> None:
        self._wish = wish
        self._codebook = codebook
        if wish.ratings:
            demand_room(wish.ratings, HEAD, flag="--ratings")
        self._persona = load_persona(wish.persona) if wish.persona else None
        self._plants = load_plants(wish.plants) if wish.plants else None
        self._scorers = find_named(wish.scorers, _judge_by, model=read_model(wish.model, "--model", wish) if wish.model else None)
        self._asked = read_asked(wish, self._persona)
        self._folder = find_log_run(results, wish.name, path, by=wish.by, fits=self._fits)
        """None: no run holds this log yet."""
        if self._folder:
            self._asked = asked_of(wish, self._folder)
        for spec in self._asked.raters:
            check_rater(spec)
        check_judges((*self._scorers, *self._asked.scorers))
        if self._folder and wish.tagger and not wish.tagger.startswith("offline"):
            problem = f"run '{self._folder.name}' holds this log already"
            raise InputError(problem, mend=f"score that: sim score {self._folder.name} --tagger {wish.tagger}", where=path)
        if self._folder is None and wish.name and (results / wish.name).exists():
            raise InputError(f"there is a run '{wish.name}' already, of something else", mend="choose another --name", where=results)
        self._intake = None if self._folder else LogIntake(results, path, by=wish.by)
        self._run: Run | None = None

    def _fits(self, run: RunFolder) -> bool:
        """Whether the log's run is of the person and the plants that are named, and the same model has answered what is asked."""
        if (self._persona or not self._wish.name) and known_person(run) != self._persona:
            return False
        if run.spec.scenarios[0].plants != self._plants:
            return False
        known = ((run.scorers.get(s.info.id), s) for s in self._asked.scorers)
        return bool(self._wish.name) or not any(isinstance(k, RubricScorer) and k.rubric == s.rubric and k.model != s.model for k, s in known)

    def __enter__(self) -> Self:
        if self._intake:
            self._intake.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._intake:
            self._intake.__exit__()

    def take(self, marked: Marked) -> None:
        """One conversation."""
        if self._intake:
            self._intake.add(marked.talk, [tags_of(r, m) for r, m in zip(marked.talk.replies, marked.marks, strict=True)])

    def keep(self, tagger: ModelSpec) -> None:
        """Make the run, unless there is one.

        Raises:
            InputError: it cannot be written.
        """
        if self._intake:
            self._folder = self._intake.keep(
                self._wish.name, tagger=tagger, codebook=self._codebook, persona=self._persona, prompts=load_texts(), plants=self._plants
            )

    @property
    def folder(self) -> RunFolder:
        """The run that the log has become."""
        assert self._folder is not None
        return self._folder

    @property
    def _judging(self) -> Judging:
        scorers = (*self._scorers, *self._asked.scorers)
        book = self.folder.codebook
        return build_judging(self.folder.study, self._asked.raters, None, book, book, scorers=scorers, concurrency=self._wish.concurrency)

    def score(self) -> int:
        """Have the run judged; the exit status."""
        judging = self._judging
        if not judging.parts:
            return DONE
        for scorer in judging.scorers:
            self.folder.accept_scorer(scorer)
        absent, stopped = complete(self.folder, judging, self._wish)
        return INTERRUPTED if stopped == FORCED else ending(absent, stopped)

    def document(self) -> dict[str, Any]:
        """What `--json` adds to the log's moves."""
        return {"run": self.folder.name, **found_document(self._loaded, self._judging, self._asked)}

    def print(self) -> None:
        """What was found, and how to look at it."""
        print_found(self._loaded, self._judging, self._asked)
        print(f"Kept as run '{self.folder.name}': sim show {self.folder.name}; sim view")

    def write(self) -> None:
        """The table of ratings, if one is wanted.

        Raises:
            InputError: it cannot be written.
        """
        tell_written(self._loaded, self._judging, self._wish)

    @property
    def _loaded(self) -> Run:
        from sim.app import load_run

        if self._run is None:
            self._run = load_run(self.folder.path, words=False)
        return self._run


def _judge_by(use: ScorerUse, rubric: Rubric) -> ModelSpec:
    return use.model or rubric.model or JUDGE
