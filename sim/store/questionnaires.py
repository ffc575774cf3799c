"""Where questionnaires for the target are found: the one that comes with the package by its id, any other by the path of its file.

The IPIP-NEO-120 (Johnson 2014) is in the public domain; its items are read from the one table that the package has of them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from sim.core.errors import InputError, gather, nearest, split
from sim.core.inventory import OPTIONS
from sim.core.spec import Scenario
from sim.core.spec.questionnaire import Questionnaire, QuestionnaireItem, QuestionnaireUse
from sim.store.yaml_file import Document, build, read_yaml

if TYPE_CHECKING:
    from sim.core.spec import SessionSpec

IPIP: Final = "ipip-neo-120"
ASKS: Final = (
    "How accurately does this describe you, as you generally are?",
    "Think of how you usually are. How well does the following fit you?",
)


@cache
def ipip() -> Questionnaire:
    """The 120 items, by the five domains that they belong to."""
    table = files("sim") / "dialogue" / "inventory" / "ipip_neo_120.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    items = tuple(
        QuestionnaireItem(id=f"i{row['item']}", text=f"{row['text']}.", scale=row["domain"].lower().replace(" ", "-"), reverse=row["key"] == "-")
        for row in rows
    )
    source = "IPIP-NEO-120 (Johnson 2014), International Personality Item Pool, ipip.ori.org; public domain"
    return Questionnaire(id=IPIP, title="Big Five in 120 items", source=source, asks=ASKS, options=OPTIONS, items=items)


def find_questionnaires(scenarios: Iterable[Scenario], base: Path) -> tuple[Scenario, ...]:
    """`scenarios` with every questionnaire that their sessions name, in full.

    Args:
        base: the folder of the study, which paths are seen from.

    Raises:
        InputError: everything that names none, or one that is wrong.
    """
    faults: list[InputError] = []
    found = tuple(_filled(s, base, faults) for s in scenarios)
    wrong = gather(faults)
    if wrong:
        raise wrong
    return found


def _filled(scenario: Scenario, base: Path, faults: list[InputError]) -> Scenario:
    if not any(s.questionnaire and s.questionnaire.form is None for s in scenario.sessions):
        return scenario
    return scenario.model_copy(update={"sessions": tuple(_sessions(scenario, base, faults))})


def _sessions(scenario: Scenario, base: Path, faults: list[InputError]) -> Iterator[SessionSpec]:
    for number, session in enumerate(scenario.sessions, 1):
        use = session.questionnaire
        if use is not None and use.form is None:
            try:
                session = session.model_copy(update={"questionnaire": _in_full(use, base)})
            except InputError as error:
                place = f"scenario '{scenario.id}' session {number}"
                faults += [InputError(f"{place}: {e.problem}", mend=e.mend, where=e.where, line=e.line) for e in split(error)]
        yield session


def _in_full(use: QuestionnaireUse, base: Path) -> QuestionnaireUse:
    form = ipip() if use.use == IPIP else _at_path(use.use, base)
    try:
        whole = QuestionnaireUse(**{**dict(use), "form": form})
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]).removeprefix("Value error, "), mend="name scales that it has") from None
    if not whole.items:
        raise InputError(f"nothing is left of questionnaire '{form.id}'", mend="name other scales")
    return whole


def _at_path(path: str, base: Path) -> Questionnaire:
    file = base / path
    if not path.endswith((".yaml", ".yml")):
        raise InputError(f"no questionnaire is named '{path}'", mend=f"{nearest(path, [IPIP])}; or write the path of a file, my-questionnaire.yaml")
    if not file.is_file():
        raise InputError(f"no questionnaire lies at '{path}'", mend=nearest(file.name, [f.name for f in sorted(file.parent.glob("*.y*ml"))]))
    return build_questionnaire(read_yaml(file))


def build_questionnaire(document: Document) -> Questionnaire:
    """The questionnaire that a file holds.

    Raises:
        InputError: everything that is wrong with it, each with its line.
    """
    form = build(document, Questionnaire)
    if form.id == IPIP:
        line = document.find("id").line
        raise InputError(
            f"'{IPIP}' is the id of the one that comes with the package", mend="give this one another id", where=document.path, line=line
        )
    return form
