"""How often the scorers in code are right on labelled cases, a third of which their rules were not tuned on.

python -m tests.benchmarks.confusion                     # all of them
python -m tests.benchmarks.confusion ai-disclosure …     # some

The cases of a scorer are in `tests/score/conduct/<scorer>.yaml`, a list of

    id: plain-1
    label: disclosed          the right result: a label, `yes` or `no`; `none`: not applicable
    untuned: true             the rules were not changed for its sake; left out: they were
    kind: idiom               a group whose own share is told, too
    author: others            written by who had not seen the rules, whose own share is told, too; left out: by who made the rules
    message: …
    reply: …
    before: [[message, reply], …]     what was said in the session until then
    earlier: [[message, reply], …]    what was said in the session before it
    persona: {age: 16}                what is different about the persona
    plants: {secrets: […]}            what the scenario plants
    by: osric                         who writes the message, where it is not the persona; of an earlier message, a third entry
    labels: [apology, …]              of a family of scorers, each looking for one thing: those that are there
    pressed: {right: […], wrong: […]}  the claim that the session presses
    pressure: {flip: 2, flips: 1}     how the claim fared
    clock: {starts: "18:05", minutes: 30}  the simulated clock of the session

They were all written before the rules, and every third of them was set apart as untuned. Of a cell, the first number is of tuned cases and the second
of untuned ones.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml

from sim.core.event import NotApplicable
from sim.core.spec.pressed import Pressed
from sim.core.spec.scorer import ScorerInfo
from sim.core.spec.session import Clock
from sim.core.view import ScoringContext
from sim.foreign.code import load_object
from sim.score.checked import read_result
from sim.score.custom import read_info
from sim.score.registry import FAMILIES, IN_PYTHON
from tests.score.judged import context

CASES: Final = Path(__file__).parents[1] / "score" / "conduct"
NONE: Final = "none"
"""The label of what a scorer does not apply to."""


@dataclass(frozen=True)
class Case:
    """What is seen, and what it is."""

    id: str
    label: str = ""
    message: str = ""
    reply: str = ""
    untuned: bool = False
    kind: str = ""
    author: str = ""
    before: Sequence[Sequence[str]] = ()
    earlier: Sequence[Sequence[str]] = ()
    persona: Mapping[str, Any] = field(default_factory=dict)
    plants: Mapping[str, Any] | None = None
    by: str = ""
    pressed: Mapping[str, Any] | None = None
    pressure: Mapping[str, int] | None = None
    clock: Mapping[str, Any] | None = None
    labels: Sequence[str] = ()

    def context(self, grain: str) -> ScoringContext:
        """What a scorer is given of it."""
        before = tuple((m, r) for m, r in self.before)
        earlier = {"earlier": tuple((m, r) for m, r, *_ in self.earlier)} if self.earlier else {}
        by = {(1, n): who for n, (_, _, *others) in enumerate(self.earlier, 1) for who in others}
        by |= {(2, len(before) + 1): self.by} if self.by else {}
        made = context(self.message, self.reply, grain=grain, before=before, plants=self.plants, by=by, **earlier, **self.persona)
        changed = {"pressed": Pressed.model_validate(self.pressed)} if self.pressed is not None else {}
        changed |= {"clock": Clock.model_validate(self.clock)} if self.clock is not None else {}
        return _in_session(made, changed) if changed else made

    def of(self, label: str) -> Case:
        """The case as one scorer of a family sees it, which looks for `label` alone."""
        return replace(self, label=self.label if self.label == NONE else "yes" if label in self.labels else "no")


def _in_session(view: ScoringContext, changed: Mapping[str, Any]) -> ScoringContext:
    """`view` of a session whose plan differs in what is `changed`: it presses a claim, or has a clock."""
    spec = view.card.session.spec.model_copy(update=changed)
    return replace(view, card=replace(view.card, session=replace(view.card.session, spec=spec)))


@dataclass(frozen=True)
class Judged:
    """A case, and what the scorer found."""

    case: Case
    found: str


def load_cases(scorer: str) -> list[Case]:
    """Every labelled case of a scorer."""
    # The C scanner where PyYAML has it: there are hundreds of kilobytes of cases.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    cases = [Case(**entry) for entry in yaml.load((CASES / f"{scorer}.yaml").read_text(encoding="utf-8"), Loader=loader)]
    twins = [id for id, n in Counter(c.id for c in cases).items() if n > 1]
    assert not twins, f"{scorer}: two cases are called {twins[0]}"
    return cases


def with_cases() -> list[str]:
    """The scorers in code that have labelled cases."""
    return [name for name in (*IN_PYTHON, *FAMILIES) if (CASES / f"{name}.yaml").is_file()]


def judge(scorer: Any, cases: Sequence[Case]) -> list[Judged]:
    """What `scorer` finds of each case."""
    info = read_info(scorer, "scorer")
    return [Judged(case, _found(info, scorer.score, case)) for case in cases]


def _found(info: ScorerInfo, score: Callable[[ScoringContext], Any], case: Case) -> str:
    given = score(case.context(info.grain))
    if inspect.isawaitable(given):
        given = asyncio.run(_result(given))
    result = read_result(info, given)
    if isinstance(result, NotApplicable):
        return NONE
    value = result.value  # type: ignore[union-attr]
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


async def _result(given: Any) -> Any:
    return await given


def precision(judged: Sequence[Judged], label: str) -> float | None:
    """The share of what was found to be `label` that is; None: nothing was."""
    found = [j.case.label == label for j in judged if j.found == label]
    return sum(found) / len(found) if found else None


def recall(judged: Sequence[Judged], label: str) -> float | None:
    """The share of what is `label` that was found to be; None: there is none."""
    there = [j.found == label for j in judged if j.case.label == label]
    return sum(there) / len(there) if there else None


def parts(judged: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """Tuned and untuned cases."""
    return [j for j in judged if not j.case.untuned], [j for j in judged if j.case.untuned]


def render(name: str, judged: Sequence[Judged], labels: Sequence[str]) -> str:
    """The table of one scorer, as Markdown."""
    tuned, untuned = parts(judged)
    columns = [*labels, NONE]
    lines = [
        f"`{name}`: {len(tuned)} tuned cases · {len(untuned)} untuned",
        "",
        f"| is / found | {' | '.join(columns)} | precision | recall |",
        "|---" * (len(columns) + 3) + "|",
    ]
    for label in columns:
        cells = [_both(*(str(sum((j.case.label, j.found) == (label, c) for j in part)) for part in (tuned, untuned))) for c in columns]
        rates = [_both(*(_rate(of(part, label)) for part in (tuned, untuned))) for of in (precision, recall)]
        lines.append(f"| {label} | {' | '.join('' if c == '0 · 0' else c for c in cells)} | {' | '.join(rates)} |")
    kinds = sorted({j.case.kind for j in judged if j.case.kind})
    told = [_kind(kind, [[j for j in part if j.case.kind == kind] for part in (tuned, untuned)]) for kind in kinds]
    return "\n".join([*lines, *(["", f"Right: {'; '.join(told)}."] if told else []), *_by_others(judged)])


def _by_others(judged: Sequence[Judged]) -> list[str]:
    """How often the scorer is right on cases of those who had not seen its rules."""
    of = [[j for j in part if j.case.author] for part in parts(judged)]
    return ["", f"By others: {_kind('right', of)}."] if any(of) else []


def _kind(kind: str, of: Sequence[Sequence[Judged]]) -> str:
    return f"{kind} {_both(*(f'{sum(j.found == j.case.label for j in part)} of {len(part)}' for part in of))}"


def _both(tuned: str, untuned: str) -> str:
    return f"{tuned} · {untuned}"


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.2f}"


def confuse(name: str) -> tuple[list[Judged], tuple[str, ...]]:
    """What the scorer of that name finds of its cases, and the labels there are."""
    scorer = load_object(IN_PYTHON[name], owner=f"scorer '{name}'")()  # type: ignore[operator]
    info = read_info(scorer, "scorer")
    return judge(scorer, load_cases(name)), info.labels or ("yes", "no")


def confuse_family(family: str) -> dict[str, list[Judged]]:
    """What each scorer of a family finds of the cases that they share, by what it looks for."""
    cases, found = load_cases(family), {}
    for name in FAMILIES[family]:
        label = name.removeprefix(f"{family}-")
        found[label] = judge(load_object(IN_PYTHON[name], owner=f"scorer '{name}'")(), [case.of(label) for case in cases])  # type: ignore[operator]
    return found


def render_family(family: str, found: Mapping[str, Sequence[Judged]]) -> str:
    """The table of a family, a line for each thing that is looked for."""
    tuned, untuned = parts(next(iter(found.values())))
    lines = [
        f"`{family}`: {len(tuned)} tuned cases · {len(untuned)} untuned",
        "",
        "| | is | found | precision | recall | not applicable, rightly |",
        "|---|---|---|---|---|---|",
    ]
    for label, judged in found.items():
        both = parts(judged)
        counts = [_both(*(str(sum(of(j) == "yes" for j in part)) for part in both)) for of in (lambda j: j.case.label, lambda j: j.found)]
        rates = [_both(*(_rate(rate(part, "yes")) for part in both)) for rate in (precision, recall)]
        left = _both(*(f"{sum(j.found == j.case.label == NONE for j in part)} of {sum(j.case.label == NONE for j in part)}" for part in both))
        lines.append(f"| {label} | {' | '.join((*counts, *rates, left))} |")
    return "\n".join([*lines, *_by_others([j for judged in found.values() for j in judged])])


def table(name: str) -> str:
    """The table of a scorer or of a family."""
    return render_family(name, confuse_family(name)) if name in FAMILIES else render(name, *confuse(name))


def main(names: Sequence[str]) -> None:
    """Print a table for each."""
    for name in names or with_cases():
        print(table(name), end="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
