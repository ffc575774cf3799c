"""Whoever plays a persona fills in a questionnaire in role: the 120 items of the IPIP-NEO-120 (Johnson 2014, public domain), one by one or as a form.

One item is a sheet by itself, a form is a sheet of many. An answer is one of five options; what does not fit is asked for once more, and what still
does not fit has no answer, with the reason.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sim.core.event import Unscored
from sim.core.inventory import OPTIONS, InventoryItem, InventorySheet
from sim.llm.client import Message, Request, Schema
from sim.llm.shapes import an_object, one_of
from sim.score.repair import Misfit, ask_each
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.llm.client import Client
    from sim.llm.prompts import Prompts

VOTING: Final = "liberalism"
"""The facet with items on how somebody votes; asked only on request."""


@cache
def load_items() -> tuple[InventoryItem, ...]:
    """All items, in the order of the questionnaire."""
    text = (files("sim.dialogue.inventory") / "ipip_neo_120.csv").read_text(encoding="utf-8")
    return tuple(
        InventoryItem(number=int(row["item"]), text=row["text"], facet=row["facet"], domain=row["domain"], reverse=row["key"] == "-")
        for row in csv.DictReader(text.splitlines())
    )


class Interviewer:
    """Asks one model in the roles of personas."""

    def __init__(self, client: Client, prompts: Prompts) -> None:
        self._client = client
        self._prompts = prompts

    async def ask(self, sheet: InventorySheet) -> Scored[Mapping[int, int | Unscored]]:
        """The answers from 1 to 5, by item, as they were given: not yet in the direction of the facet.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        numbers = tuple(str(item.number) for item in sheet.items)
        system = self._prompts.render("inventory_system", persona=sheet.persona)
        asked = self._prompts.render("inventory", items=sheet.items, options=sheet.options)
        first = Request(
            "user",
            (Message("system", system), Message("user", asked)),
            _schema(sheet, numbers),
            inputs=sheet,
            seed=sheet.seed % 2**31,
        )
        scored = await ask_each(
            self._client,
            first,
            numbers,
            _read,
            schema=lambda left: _schema(sheet, left),
            again=lambda problems, left: self._prompts.render("inventory_repair", problems=problems, order=left, options=sheet.options),
        )
        return Scored({int(number): answer for number, answer in scored.value.items()}, scored.calls, scored.timings)


def _read(number: str, raw: JsonValue) -> int:
    """The option that was chosen.

    Raises:
        Misfit: none was.
    """
    said = raw.strip().strip(".").casefold() if isinstance(raw, str) else ""
    if said not in OPTIONS:
        raise Misfit(f"{number}: the answer must be one of {'; '.join(OPTIONS)}")
    return OPTIONS.index(said) + 1


def _schema(sheet: InventorySheet, numbers: Sequence[str]) -> Schema:
    return Schema("questionnaire", an_object({number: one_of(sheet.options) for number in numbers}))
