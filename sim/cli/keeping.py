"""What `sim score LOG` keeps: the log as a run, scored by what `--scorer` names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sim.cli.exit import DONE, INTERRUPTED
from sim.cli.rescoring import FORCED, complete, ending, find_named, print_scorers, scorer_document
from sim.core.errors import InputError
from sim.core.event import TaggedSentence, Tags, Unscored
from sim.core.logged import Labels
from sim.core.spec import ModelSpec
from sim.llm.prompts import load_texts
from sim.run.judges import build_judging
from sim.store.library import load_persona
from sim.store.log_run import JUDGE, LogIntake, find_log_run

if TYPE_CHECKING:
    from sim.api import Run
    from sim.cli.scoring import ScoreOptions
    from sim.core.codebook import Codebook
    from sim.core.event import Tagging
    from sim.core.logged import LoggedReply
    from sim.core.spec import Rubric, ScorerUse
    from sim.run.marking import Mark, Marked
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
        self._persona = load_persona(wish.persona) if wish.persona else None
        self._scorers = find_named(wish, wish.scorers, _judge_by)
        self._folder = find_log_run(results, wish.name, path, by=wish.by)
        """None: no run holds this log yet."""
        if self._folder and wish.tagger and not wish.tagger.startswith("offline"):
            problem = f"run '{self._folder.name}' holds this log already"
            raise InputError(problem, mend=f"score that: sim score {self._folder.name} --tagger {wish.tagger}", where=path)
        if self._folder is None and wish.name and (results / wish.name).exists():
            raise InputError(f"there is a run '{wish.name}' already, of something else", mend="choose another --name", where=results)
        self._intake = None if self._folder else LogIntake(results, path, by=wish.by)
        self._run: Run | None = None

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
            self._intake.add(marked.talk, [_tags(r, m) for r, m in zip(marked.talk.replies, marked.marks, strict=True)])

    def keep(self, tagger: ModelSpec) -> None:
        """Make the run, unless there is one.

        Raises:
            InputError: it cannot be written.
        """
        if self._intake:
            self._folder = self._intake.keep(self._wish.name, tagger=tagger, codebook=self._codebook, persona=self._persona, prompts=load_texts())

    @property
    def folder(self) -> RunFolder:
        """The run that the log has become."""
        assert self._folder is not None
        return self._folder

    def score(self) -> int:
        """Have the run scored; the exit status."""
        if not self._scorers:
            return DONE
        folder = self.folder
        for scorer in self._scorers:
            folder.accept_scorer(scorer)
        book = folder.codebook
        judging = build_judging(folder.study, (), None, book, book, scorers=self._scorers, concurrency=self._wish.concurrency)
        absent, stopped = complete(folder, judging, self._wish)
        return INTERRUPTED if stopped == FORCED else ending(absent, stopped)

    def document(self) -> dict[str, Any]:
        """What `--json` adds to the log's moves."""
        return {"run": self.folder.name, **scorer_document(self._loaded, self._scorers)}

    def print(self) -> None:
        """What the scorers found, and how to look at it."""
        if self._scorers:
            print_scorers(self._loaded, self._scorers)
        print(f"Kept as run '{self.folder.name}': sim show {self.folder.name}; sim view")

    @property
    def _loaded(self) -> Run:
        from sim.api import load_run

        if self._run is None:
            self._run = load_run(self.folder.path, words=False)
        return self._run


def _judge_by(use: ScorerUse, rubric: Rubric) -> ModelSpec:
    return use.model or rubric.model or JUDGE


def _tags(reply: LoggedReply, mark: Mark) -> Tagging | None:
    """What the run keeps of a mark; None: the reply has none."""
    match mark:
        case Tags() | Unscored():
            return mark
        case Labels(moves, None):
            return Tags(sentences=(TaggedSentence(text=reply.text, moves=tuple(sorted(moves))),))
        case Labels(_, sentences) if sentences is not None:
            # The log does not say which words each sentence has.
            return Tags(sentences=tuple(TaggedSentence(text="", moves=moves) for moves in sentences))
    return None
