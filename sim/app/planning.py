"""`sim.plan`: what a study takes and what it can tell, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.analysis.figures.measures import BY_ID
from sim.analysis.verdicts.arms import build_families
from sim.analysis.verdicts.chances import foresee, foresee_margin, level_spreads, margin_measure, required_measure
from sim.analysis.verdicts.power import ASSUMED, ASSUMED_LEVELS, Design, alternatives, by_scenarios, detectable, human_plan, pilot_spreads
from sim.analysis.verdicts.requirements import parse_margin, parse_requirement
from sim.app.registering import register_study
from sim.app.running import Prepared, prepare_study
from sim.app.runs import RESULTS, Run, load_run
from sim.core.errors import InputError
from sim.core.spec import ChatTargetSpec
from sim.engine.plan import Range
from sim.engine.staff import offline_parts
from sim.engine.tokens import forecast_tokens, pilot_usage
from sim.llm.prices import model_price
from sim.llm.prompts import load_prompts
from sim.present.text.planning import PlanDocument, RegistrationLine, RolePlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.analysis.figures.measures import Measure
    from sim.analysis.verdicts.arms import Arm
    from sim.analysis.verdicts.chances import Foreseen
    from sim.analysis.verdicts.power import Spreads
    from sim.analysis.verdicts.requirements import Requirement
    from sim.core.event import Role
    from sim.core.spec import ModelSpec, Study
    from sim.engine.tokens import RoleTokens
    from sim.llm.prices import Price

PEOPLE_AN_ITEM = (2, 3, 4)


def plan(
    study: Study | str | Path | Prepared,
    *,
    pilot: str | Path | Run | None = None,
    human: bool = False,
    require: Sequence[str] = (),
    margins: Sequence[str] = (),
    register: bool = False,
    hypotheses: Sequence[str] = (),
    results: str | Path = RESULTS,
) -> PlanDocument:
    """What a study takes (trials, calls, tokens, US dollars; each at least and at most) and the smallest difference it detects; nothing is spent.

    Args:
        study: a `Study`, the path of a study file, or the name of a built-in study.
        pilot: a smaller run whose tokens and spreads replace what is assumed.
        human: also what a calibration against people needs.
        require: requirements as for `sim.gate`: the chance that each passes, fails or stays open.
        margins: margins as for `sim.gate`: the chance that an equally good version passes.
        register: write beside the study what is planned, for `sim.compare` to hold its runs to.
        hypotheses: with it, planned comparisons as "a > b", "a != b" or "callback_scripted: a > b"; left out: every pair by the primary outcome.

    Raises:
        InputError: something in the study is wrong, a requirement or a hypothesis cannot be read, the pilot cannot tell, or the study is registered
            already.
    """
    if hypotheses and not register:
        raise InputError("is for a registration", mend="add --register", where="--hypothesis")
    asked, allowed = [parse_requirement(r) for r in require], [parse_margin(m) for m in margins]
    prepared = study if isinstance(study, Prepared) else prepare_study(study)
    before = pilot if isinstance(pilot, Run) or pilot is None else load_run(pilot, results=results, words=False)
    document = plan_document(prepared, pilot=before, human=human, require=asked, margins=allowed)
    if not register:
        return document
    registered = register_study(prepared, hypotheses=hypotheses)
    line = RegistrationLine(place=str(prepared.loaded.registration_place), sha256=registered.sha256)
    return document.model_copy(update={"registration": line})


def plan_document(
    prepared: Prepared,
    *,
    pilot: Run | None,
    human: bool,
    require: Sequence[Requirement] = (),
    margins: Sequence[tuple[str, float]] = (),
) -> PlanDocument:
    """Everything that is said of a study before it is run.

    Args:
        require: what its targets will have to live up to.
        margins: by measure, what a new version may lose against an older run of the same size.
    """
    study, forecast = prepared.loaded.study, prepared.forecast
    tokens = forecast_tokens(study, prepared.plans, load_prompts(), pilot=pilot_usage(pilot.trials) if pilot else None)
    roles = {role: _role(study, role, calls, tokens) for role, calls in forecast.by_role.items()}
    known = [r.cost for r in roles.values() if r.cost is not None]
    pairs = max(1, len(study.targets) * (len(study.targets) - 1) // 2)
    design = Design(personas=len(prepared.loaded.personas), scenarios=len(prepared.loaded.scenarios), seeds=len(study.seeds), pairs=pairs)
    # A suite decides by bars and counts, and its parts are no product of personas and scenarios.
    spreads = _spreads(pilot, BY_ID[study.primary]) if study.suite is None else None
    now = detectable(design, spreads) if spreads else None
    total = Range(min=sum(r.input.min + r.output.min for r in roles.values()), max=sum(r.input.max + r.output.max for r in roles.values()))
    return PlanDocument(
        study=study.name,
        offline=bool(offline_parts(study)),
        pilot=pilot.name if pilot else None,
        primary=study.primary,
        targets=len(study.targets),
        personas=design.personas,
        scenarios=design.scenarios,
        seeds=design.seeds,
        trials=forecast.trials,
        exchanges=forecast.exchanges,
        calls=forecast.calls,
        tokens=total,
        tokens_an_exchange=total.max / max(forecast.exchanges.max, 1),
        cost=(sum(c[0] for c in known), sum(c[1] for c in known)) if known else None,
        unknown_prices=tuple(dict.fromkeys(name for r in roles.values() for name in r.unknown_prices)),
        by_role=roles,
        spreads=spreads,
        detectable=now,
        bigger=alternatives(design, spreads) if spreads else {},
        by_scenarios=by_scenarios(now, spreads) if now and spreads else (),
        foreseen=_foreseen(pilot, design, require, margins),
        left_out=forecast.left_out,
        human=tuple(human_plan(k) for k in PEOPLE_AN_ITEM) if human else (),
    )


def _foreseen(pilot: Run | None, design: Design, require: Sequence[Requirement], margins: Sequence[tuple[str, float]]) -> tuple[Foreseen, ...]:
    means = [(required_measure(asked), asked) for asked in require]
    differences = [(margin_measure(measure), margin) for measure, margin in margins]
    return (
        *(foresee(asked, design, _levels(pilot, measure)) for measure, asked in means),
        *(foresee_margin(measure, margin, design, _spreads(pilot, measure)) for measure, margin in differences),
    )


def _arms(pilot: Run) -> tuple[Arm, ...]:
    (family,) = build_families([pilot.source], "target")
    return family.arms


def _levels(pilot: Run | None, measure: Measure) -> Spreads:
    """Of a target's own mean."""
    if pilot is None:
        return ASSUMED_LEVELS
    return _told(pilot, level_spreads(_arms(pilot), run=pilot.name, measure=measure), f"{measure.label} spreads")


def _spreads(pilot: Run | None, measure: Measure) -> Spreads:
    """Of the difference of two."""
    if pilot is None:
        return ASSUMED
    return _told(pilot, pilot_spreads(_arms(pilot), run=pilot.name, measure=measure), f"{measure.label} of two targets differs")


def _told(pilot: Run, found: Spreads | None, what: str) -> Spreads:
    if found is None:
        problem = f"pilot '{pilot.name}' does not tell how {what} over three personas"
        raise InputError(problem, mend="run it with more personas, or plan without it")
    return found


def _role(study: Study, role: Role, calls: Range, tokens: Mapping[tuple[Role, str], RoleTokens]) -> RolePlan:
    mine = {target: of for (r, target), of in tokens.items() if r == role}
    low = high = 0.0
    priced, unknown = False, []
    for target, of in mine.items():
        for name, price in _prices(study, role, target).items():
            if price is None:
                unknown.append(name)
                continue
            priced = True
            share = 1 / len(_prices(study, role, target))
            low += share * (of.input.min * price.input + of.output.min * price.output)
            high += share * (of.input.max * price.input + of.output.max * price.output)
    return RolePlan(
        calls=calls,
        input=_sum([of.input for of in mine.values()]),
        output=_sum([of.output for of in mine.values()]),
        cost=(low, high) if priced else None,
        unknown_prices=tuple(dict.fromkeys(unknown)),
        again=_sum([of.again for of in mine.values()]),
    )


def _prices(study: Study, role: Role, target: str) -> dict[str, Price | None]:
    """The models that play `role` with `target`, and what they cost; a chatbot of somebody's own has no known price."""
    spec = next(t for t in study.targets if t.id == target)
    if role in ("target", "probe") and isinstance(spec, ChatTargetSpec):
        return {model.model: model_price(model) for model in spec.speakers}
    if role in ("target", "memory", "probe"):
        return {spec.model: model_price(spec)} if isinstance(spec, ChatTargetSpec) else {spec.id: None}
    judges = [study.judge] if study.judge else []
    models: dict[Role, list[ModelSpec]] = {"user": [study.user], "tagger": [study.tagger], "rater": list(study.raters.values()), "judge": judges}
    return {m.model: model_price(m) for m in models[role]}


def _sum(ranges: list[Range]) -> Range:
    return Range(min=sum(r.min for r in ranges), max=sum(r.max for r in ranges))
