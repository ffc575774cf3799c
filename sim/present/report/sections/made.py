"""How the run was made: enough to make it again, and to see what its figures hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.spec.target import ChatTargetSpec
from sim.present.report.document import RunFact
from sim.present.words import many, safe

if TYPE_CHECKING:
    from sim.core.spec import Study
    from sim.present.report.material import Material


def made_facts(of: Material) -> tuple[RunFact, ...]:
    """Names and values, in the order in which they are asked for."""
    header, study = of.header, of.study
    versions = ", ".join(f"{name} {version}" for name, version in header.versions.items())
    prompts = ", ".join(f"{name} {digest}" for name, digest in sorted(header.prompt_hashes.items()))
    personas = sorted({t.cast.persona.id for t in of.trials})
    scenarios = {t.cast.scenario.id: t.cast.scenario for t in of.trials}
    facts = [
        ("made", header.created.isoformat(timespec="minutes")),
        *((f"target {t}", described) for t, described in described_targets(study).items()),
        ("user", study.user.model),
        ("rater", (study.rater if isinstance(study.rater, str) else study.rater.model) + _how_often(study)),
        ("observers", ", ".join(f"{o.id}: {o.model}" for o in study.observers) or "none"),
        ("tagger", f"{study.tagger.model}, codebook {of.codebook.id}"),
        ("personas", f"{len(personas)}: {', '.join(personas)}"),
        ("scenarios", "; ".join(f"{i} ({safe(s.title)}, {many(len(s.sessions), 'session')})" for i, s in sorted(scenarios.items()))),
        ("seeds", f"{', '.join(map(str, header.seeds))}; study seed {study.seed}"),
        ("offline models play", ", ".join(header.offline) or "nothing"),
        ("scorers", ", ".join(f"{name} {version}" for name, version in header.scorers.items())),
        ("versions", versions),
        ("git revision", header.git_revision or "not made in a repository"),
        *((("registered", f"{r.plan.registered.isoformat()}, {r.file}, sha256 {r.sha256}"),) if (r := header.registered) else ()),
        ("spec hash", header.spec_hash),
        ("prompt hashes", prompts),
    ]
    return tuple(RunFact(name=name, value=safe(value)) for name, value in facts)


def _how_often(study: Study) -> str:
    """Which exchanges models rate, where it is not all of them."""
    return f", of the first exchange of each session and every {study.rate_every} after it" if study.rate_every > 1 else ""


def described_targets(study: Study) -> dict[str, str]:
    """Each target in a few words: model and memory, or what kind of chatbot."""
    found = {}
    for target in study.targets:
        if isinstance(target, ChatTargetSpec):
            found[target.id] = f"{target.model}, memory {target.memory}"
        else:
            kind = next(k for k in ("http", "callable", "graph", "log") if hasattr(target, k))
            found[target.id] = f"a chatbot of its own ({kind}), memory {target.memory}"
    return found
