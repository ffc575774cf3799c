"""A paragraph on methods, written from a run's record: what was simulated, which statistics were used, what was not validated.

Every sentence stands on something the run holds, and is left out where it does not. Works are cited by the keys of `sim.present.paper.references`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.analysis.figures.estimates import EXACT, FEWEST_FOR_INTERVAL, FEWEST_SCENARIOS
from sim.analysis.figures.measures import MEASURES
from sim.analysis.figures.table import population
from sim.analysis.verdicts.compare import ALPHA
from sim.core.judgement import is_person
from sim.core.spec.target import ChatTargetSpec
from sim.present.paper.latex import escape
from sim.present.report.sections.made import described_targets
from sim.present.words import HEADINGS, OFFLINE_MARK, many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.verdicts.registered import RunRegistration
    from sim.core.record import Trial
    from sim.core.spec import ModelSpec, Study
    from sim.store.header import Header

PROGRAM = "rapport-sim"
_CITE = re.compile(r"\[@(\w+)\]")


def render_methods(
    study: Study, header: Header, summary: RunSummary, trials: Sequence[Trial], *, codebook: str, registration: RunRegistration | None
) -> str:
    """The paragraph as LaTeX, with `\\cite` for each work.

    Args:
        codebook: the id of that which moves were tagged by.
        registration: what was registered before the run.
    """
    sentences = write_methods(study, header, summary, trials, codebook=codebook, registration=registration)
    head = f"% Methods, written from run '{summary.run}' by `sim export --format methods`; `--format bibtex` writes the references.\n"
    return head + "\n".join(_CITE.sub(r"~\\cite{\1}", _escape(s)) for s in sentences) + "\n"


def cited(sentences: Sequence[str]) -> tuple[str, ...]:
    """The keys of the works that they cite."""
    return tuple(dict.fromkeys(key for s in sentences for key in _CITE.findall(s)))


def _escape(sentence: str) -> str:
    parts = re.split(r" ?(\[@\w+\])", sentence)
    return "".join(part if _CITE.fullmatch(part) else escape(part) for part in parts)


def write_methods(
    study: Study, header: Header, summary: RunSummary, trials: Sequence[Trial], *, codebook: str, registration: RunRegistration | None
) -> tuple[str, ...]:
    """Its sentences, with `[@key]` where a work is cited."""
    return tuple(
        s
        for s in (
            *_design(study, header, summary, trials),
            *_models(study, summary),
            *_measures(study, summary, trials, codebook),
            *_statistics(study, summary),
            *_registered(registration, summary),
            *_not_validated(summary, trials),
            _made_with(study, header),
        )
        if s
    )


# --- what was simulated -------------------------------------------------------------------------------------------


def _design(study: Study, header: Header, summary: RunSummary, trials: Sequence[Trial]) -> Iterator[str]:
    version = header.versions.get(PROGRAM, "")
    personas = {t.cast.persona.id for t in trials}
    scenarios = {t.cast.scenario.id: t.cast.scenario for t in trials}
    lengths = sorted({len(s.sessions) for s in scenarios.values()})
    sessions = many(lengths[0], "session") if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]} sessions"
    done = summary.trials
    made = f"on {header.created.day} {header.created:%B %Y}"
    program = f"Rapport [@rapport]{f' (version {version})' if version else ''}"
    if study.played_by == "log":
        yield f"Conversations were read from a log and scored with {program} {made}; nothing was simulated."
    else:
        who = "People, in the place of simulated users," if study.played_by == "people" else "Simulated users"
        yield f"{who} talked with {many(len(study.targets), 'chatbot')} in {program} {made}."
        yield (
            f"The design crosses {many(len(study.targets), 'target')}, {many(len(personas), 'persona')}, {many(len(scenarios), 'scenario')} of "
            f"{sessions} ({', '.join(sorted(scenarios))}) and {many(len(study.seeds), 'seed')}: {many(done.planned, 'trial')}."
        )
    exchanges = sum(t.exchanges for t in summary.targets)
    failed = f", {done.failed:,} failed" if done.failed else ""
    missing = done.planned - done.finished - done.failed
    absent = f", {missing:,} did not come to an end" if missing else ""
    if study.played_by != "log":
        yield f"{done.finished:,} trials finished{failed}{absent}, with {many(exchanges, 'answered exchange')}."
    if summary.left_out:
        yield f"{many(len(summary.left_out), 'pair')} of persona and scenario that do not suit each other were not run."
    stressed = sorted({name for t in study.targets for name in t.stress})
    if stressed:
        yield f"In further arms of each target the user's messages were disturbed: {', '.join(stressed)}."
    if any(t.swap for t in study.targets):
        yield "In further arms of each target the user's identity was swapped, with all else the same."


def _models(study: Study, summary: RunSummary) -> Iterator[str]:
    yield f"Targets were {'; '.join(f'{t}: {about}' for t, about in described_targets(study).items())}."
    yield from _drawn(study)
    if study.played_by == "model":
        yield f"The simulated user was played by {study.user.model}, from a persona's profile and the situation of each session."
    if summary.offline_note == OFFLINE_MARK:
        yield "Offline models took part: the run checks the instrument and says nothing of any real model."
    elif summary.offline_note:
        yield f"{summary.offline_note[:1].upper()}{summary.offline_note[1:]}."
    cut = sum(t.cut for t in summary.targets)
    if cut:
        yield f"{many(cut, 'reply', 'replies')} {'was' if cut == 1 else 'were'} cut off for length."


def _drawn(study: Study) -> Iterator[str]:
    """The temperatures of the models that are not offline."""
    models: list[tuple[str, ModelSpec]] = [(t.id, t) for t in study.targets if isinstance(t, ChatTargetSpec)]
    if study.played_by == "model":
        models.append(("the user", study.user))
    models += [("the rater" if name == study.primary_rater else name, m) for name, m in study.raters.items() if name != "self"]
    known: dict[str, list[str]] = {}
    for name, model in models:
        if not model.offline:
            temperature = (model.sampling or study.sampling).temperature
            known.setdefault("the provider's default" if temperature is None else f"{temperature:g}", []).append(name)
    if known:
        yield f"Temperature was {'; '.join(f'{value} for {_listed(names)}' for value, names in known.items())}."


# --- what was measured --------------------------------------------------------------------------------------------


def _measures(study: Study, summary: RunSummary, trials: Sequence[Trial], codebook: str) -> Iterator[str]:
    if any(t.likability.n for t in summary.targets):
        every = "every reply" if study.rate_every == 1 else f"the first reply of each session and every {study.rate_every}th after it"
        if study.primary_rater == "self":
            who = f"the model that played the user ({study.user.model}), in a call of its own"
        else:
            who = study.raters[study.primary_rater].model
        yield (
            f"After LikeBench [@likebench], {every} was rated from 1 to 5 on seven dimensions by {who}, which saw nothing later and no "
            "target's name; three of the dimensions apply only where the user's message gives occasion."
        )
        others = [name for name in study.raters if name != study.primary_rater]
        if others:
            yield f"Beside it rated {_listed(others)}."
        yield f"The primary outcome was {_PRIMARY[study.primary]}."
    people = sorted({r for t in trials for e in t.exchanges for r in e.ratings if is_person(r)})
    if people:
        count = sum(any(is_person(r) for r in e.ratings) for t in trials for e in t.exchanges)
        yield f"{many(len(people), 'person', 'people')} rated {many(count, 'exchange')} in the same words."
    if any(t.repetition.moves_per_reply is not None for t in summary.targets):
        source = " of MINT [@mint]" if codebook == "mint" else f" '{codebook}'"
        yield f"Discourse moves of each reply were tagged by {study.tagger.model} with the codebook{source}."
    if study.probes is not None and any(t.memory.probes for t in summary.targets):
        judge = f", else by {study.judge.model}" if study.judge else "; what they did not decide counted as wrong"
        yield (
            f"Memory was probed after each session, each question on a copy of the target that was then discarded: up to {study.probes.facts} "
            f"facts, as {', '.join(study.probes.kinds)}. Answers were graded by accepted answers{judge}."
        )
    if summary.played_by == "model" and any(t.validity.messages for t in summary.targets):
        shares = [(t.target, t.validity.critical) for t in summary.targets if t.validity.critical is not None]
        if shares:
            told = ", ".join(f"{target} {100 * value:.1f} %" for target, value in shares)
            yield f"Rules checked the simulated user's messages; share with a critical flag: {told}."


_PRIMARY = {
    "fixed_set": "the mean of the four dimensions that always apply",
    "likability": "the mean of all seven dimensions",
    "without_callback": "the mean of the dimensions other than callback",
}


# --- statistics ---------------------------------------------------------------------------------------------------


def _statistics(study: Study, summary: RunSummary) -> Iterator[str]:
    people = max((t.likability.n_personas for t in summary.targets), default=0)
    if people >= FEWEST_FOR_INTERVAL:
        over = "personas and scenarios" if summary.scenarios >= FEWEST_SCENARIOS else "personas"
        yield (
            f"The persona is the unit of analysis; seeds are averaged within persona and scenario. 95 % intervals are t intervals by the jackknife "
            f"over {over} and speak of {population(summary.scenarios)}."
        )
    if sum(not t.stress and not t.swap for t in study.targets) > 1 and people:
        flips = "all sign flips" if people <= EXACT else "random sign flips"
        yield (
            f"Targets were compared by the mean paired difference, with p from {flips} by persona and from the interval, the larger of both, "
            f"two-sided at {ALPHA:.2f}, adjusted by Holm over all pairs, and over all pairs and measures for measures other than the primary outcome."
        )
    if any(t.memory.accuracy.interval for t in summary.targets):
        yield "Shares of right answers have Clopper–Pearson intervals on the effective sample size [@korngraubard] given the spread between personas."


def _registered(registration: RunRegistration | None, summary: RunSummary) -> Iterator[str]:
    if registration is None:
        if len(summary.targets) > 1:
            yield "The study was not registered before it was run."
        return
    of = registration.registered
    if registration.why_exploratory:
        told = f"A registration of {of.plan.registered.isoformat()} exists (sha256 {of.sha256}), but {registration.why_exploratory}"
        yield f"{told}; all comparisons are exploratory."
        return
    labels: dict[str, str] = {m.id: m.label for m in MEASURES} | dict(HEADINGS)
    planned = "; ".join(f"{h.id}, {h.claim} ({labels.get(h.measure, h.measure)})" for h in of.plan.hypotheses)
    yield (
        f"The study was registered on {of.plan.registered.isoformat()}, before it was run (sha256 of the registration {of.sha256}): {planned}. "
        "p of these comparisons is adjusted by Holm over them alone; every other comparison is exploratory."
    )


# --- what was not validated ---------------------------------------------------------------------------------------


def _not_validated(summary: RunSummary, trials: Sequence[Trial]) -> Iterator[str]:
    if not any(t.likability.n for t in summary.targets):
        return
    people = any(is_person(r) for t in trials for e in t.exchanges for r in e.ratings)
    if people:
        yield "How far the rater agrees with them is not said here; `sim calibrate` gives it, as intraclass correlations [@shroutfleiss]."
    else:
        yield "No person rated these conversations: whether people would order the targets alike was not validated."
    yield "Personas are a fixed set and no sample of people."
    if summary.edited:
        yield f"Files of the run were edited after it was made: {', '.join(summary.edited)}."


def _made_with(study: Study, header: Header) -> str:
    git = f", git revision {header.git_revision}" if header.git_revision else ""
    python = f", Python {header.versions['python']}" if "python" in header.versions else ""
    return (
        f"The run's record holds every persona, scenario and prompt in full (specification hash {header.spec_hash}{git}{python}; "
        f"study seed {study.seed}, seeds {', '.join(map(str, header.seeds))})."
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
