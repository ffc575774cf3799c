"""Who judges what was said: raters and taggers from their specs, and by what names their verdicts are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim.core.address import observer_id
from sim.core.panel import Panel
from sim.core.spec import RubricScorer, name_tagger
from sim.dialogue.judging import Judges
from sim.engine.preflight import check_rater, check_tagger
from sim.engine.scorers import build_scorers, check_judges, offline_scorers
from sim.llm.keys import check_credentials
from sim.score.checked import check_scorers
from sim.score.likability.rater import LikabilityRater
from sim.score.moves.model import ModelTagger
from sim.score.moves.offline import OfflineTagger

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.event import Role
    from sim.core.panel import Node
    from sim.core.spec import KeptScorer, ModelSpec, Study
    from sim.engine.clients import Clients
    from sim.score.scorer import Scorer, Tagger


def build_tagger(id: str, spec: ModelSpec, codebook: Codebook | None, clients: Clients) -> Tagger:
    """The tagger that `spec` names.

    Args:
        id: names its tags; see `sim.core.spec.name_tagger`.
        codebook: what a model tags with; the offline tagger has its own.
    """
    if spec.offline:
        return OfflineTagger()
    assert codebook is not None
    return ModelTagger(id, clients.get(spec), clients.prompts, codebook)


def tagger_version(spec: ModelSpec) -> str:
    """The version of the tagger that `spec` names."""
    return OfflineTagger.version if spec.offline else ModelTagger.version


@dataclass(frozen=True)
class Judging:
    """Who is to judge a run again: specs alone, nothing is built.

    Use `build_judging`.
    """

    raters: Mapping[str, ModelSpec]
    """By the part under which their ratings are kept."""
    tagger: ModelSpec | None
    tagger_part: str
    """The part under which tags are kept; also of those that are only looked at, where nobody is to tag."""
    codebook: Codebook
    scorers: tuple[KeptScorer, ...] = ()
    """Scorers of a study's own, as the run is to keep them."""
    rate_every: int = field(default=1, kw_only=True)
    """Of the exchanges of a session, the first and each that many after it are rated."""
    concurrency: int = field(default=16, kw_only=True)
    """Verdicts under way at once."""

    @property
    def panel(self) -> Panel:
        """What they are to judge."""
        tagger = self.tagger_part if self.tagger else ""
        return Panel.again(self.raters, tagger=tagger, scorers=(s.info for s in self.scorers), rate_every=self.rate_every)

    @property
    def parts(self) -> frozenset[str]:
        """The parts of all verdicts that can be bought."""
        return frozenset((*self.raters, *((self.tagger_part,) if self.tagger else ()), *(s.info.part for s in self.scorers)))

    @property
    def specs(self) -> dict[str, ModelSpec]:
        """Everybody's spec by what they are called among the parts of a study, the tagger last."""
        scorers = {f"the scorer {s.info.id}": s.model for s in self.scorers if isinstance(s, RubricScorer)}
        raters = {f"the rater {part}": spec for part, spec in self.raters.items()}
        return raters | scorers | ({"the tagger": self.tagger} if self.tagger else {})

    @property
    def priced(self) -> Iterator[tuple[Role, str, ModelSpec]]:
        """Everybody with the role of their calls and what they are called (`sim.engine.preflight.check_prices`)."""
        for name, spec in self.specs.items():
            yield "tagger" if name == "the tagger" else "judge" if name.startswith("the scorer") else "rater", name, spec

    @property
    def versions(self) -> dict[str, str]:
        """Version by part."""
        tagger = {self.tagger_part: tagger_version(self.tagger)} if self.tagger else {}
        return dict.fromkeys(self.raters, LikabilityRater.version) | tagger | {s.info.id: s.info.version for s in self.scorers}

    @property
    def offline(self) -> tuple[str, ...]:
        """The raters and scorers that are offline models. The offline tagger tags real replies and plays nobody."""
        return (*(part for part, spec in self.raters.items() if spec.offline), *offline_scorers(self.scorers))

    def check(self) -> None:
        """Refuse who cannot judge, or whose key the environment does not hold.

        Raises:
            InputError: see `sim.engine.preflight`.
        """
        for spec in self.raters.values():
            check_rater(spec)
        if self.tagger:
            check_tagger(self.tagger, self.codebook)
            check_credentials(self.tagger)
        check_judges(self.scorers)

    def build_judges(self, clients: Clients, study: Study) -> Judges:
        """All of them, ready to be asked about trials of `study`."""
        by_node: dict[Node, Mapping[str, Scorer[Any, Any]]] = {
            "rate_likability": {part: LikabilityRater(part, clients.get(spec), clients.prompts) for part, spec in self.raters.items()},
            "tag_moves": {self.tagger_part: build_tagger(self.tagger_part, self.tagger, self.codebook, clients)} if self.tagger else {},
            "judge": check_scorers(build_scorers(self.scorers, clients, seconds=study.limits.seconds("judge"))),
        }
        return Judges(by_node, study.seed, study.history_tokens)


def build_judging(
    study: Study,
    raters: Iterable[ModelSpec],
    tagger: ModelSpec | None,
    codebook: Codebook,
    own: Codebook,
    *,
    scorers: Iterable[KeptScorer] = (),
    concurrency: int,
) -> Judging:
    """Who judges a run of `study` again. A model that the study knows is the same judge, reached as the study says unless its spec says where.

    Args:
        raters: any that the study does not have is `observer:<model>`.
        tagger: None: nobody tags, and the tags of the study's own tagger are looked at.
        codebook: what is tagged with.
        own: the run's own.
    """
    parts: dict[str, ModelSpec] = {}
    for spec in raters:
        part, known = next(((p, s) for p, s in study.raters.items() if _same(s, spec)), (observer_id(spec.model), spec))
        parts[part] = known
    if tagger and _same(study.tagger, tagger):
        tagger = study.tagger
    name = name_tagger(tagger or study.tagger, other_codebook="" if codebook.id == own.id else codebook.id)
    return Judging(parts, tagger, name, codebook, tuple(scorers), rate_every=study.rate_every, concurrency=concurrency)


def _same(known: ModelSpec, named: ModelSpec) -> bool:
    return known.model == named.model and named.api_base in (None, known.api_base)
