"""The report as one file: no network, a strict content policy, every text as text.

The policy names the file's own scripts and style by their hashes and allows nothing else: no markup that a model wrote could run, were it ever to
become markup. Templates escape by themselves; data stands in blocks that no browser executes.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sim.analysis.figures.by_trial import summarise_trial
from sim.core.codebook import LABELS
from sim.present.colours import TARGET_COLOURS, target_styles
from sim.present.glossary import glossary
from sim.present.report.forest import draw_forest
from sim.present.report.talks import index_data, pack, talk_data
from sim.present.report.told import chips, told
from sim.present.words import SHORT

if TYPE_CHECKING:
    from jinja2 import Environment

    from sim.present.report.document import ReportDocument
    from sim.present.report.material import Material

VENDORED = ("vendor/vega.min.js", "vendor/vega-lite.min.js", "vendor/vega-interpreter.js")
COLOURED = ("report.css", "brief.css")
SCRIPTS = ("base.js", "charts.js", "tables.js", "talks.js", "talk.js", "page.js")
"""In the order in which they are loaded."""


def render_page(document: ReportDocument, of: Material, *, live: bool = False) -> str:
    """`document` and all conversations of the run as one HTML file.

    Args:
        live: the page is served by the viewer and asks it, and nobody else, for what is new.
    """
    said = of.source.table.said.found
    begun = [t for t in of.trials if t.sessions]
    figures = {t.id: summarise_trial(t, rater=of.rater) for t in begun}
    return fill(
        "page.html",
        scripts=(*VENDORED, *SCRIPTS, *(("live.js",) if live else ())),
        styles=("report.css", "forest.css"),
        connects=live,
        document=document,
        colours=document.colours,
        forest=draw_forest(document),
        glossary=[(t.term, t.also, t.says.replace("*", "")) for t in glossary()],
        page_data=data_block(page_data(document, of)),
        index=pack(index_data(of.trials, study=of.study, codebook=of.codebook, said=said, figures=figures)),
        talks=[(t.id, pack(talk_data(t, of.study, said, figures[t.id]))) for t in begun],
    )


def page_data(document: ReportDocument, of: Material) -> dict[str, JsonValue]:
    """What the scripts need besides the conversations: figures, colours, and the names of dimensions and moves."""
    short: dict[str, JsonValue] = {k: v for k, v in SHORT.items()}
    labels: dict[str, JsonValue] = {k: v for k, v in LABELS.items()}
    figures: list[JsonValue] = [f.model_dump(mode="json", include={"id", "spec", "rows", "columns"}) for f in document.figures]
    return {
        "figures": figures,
        "theme": theme_of(document.colours),
        "words": {"short": short, "labels": labels, "moves": [m.id for m in of.codebook.tagged]},
    }


def fill(template: str, *, scripts: Sequence[str], styles: Sequence[str], connects: bool = False, **values: object) -> str:
    """A template of `static` with scripts and style inlined, and the policy that allows just these, and if it `connects` asking its own server."""
    from markupsafe import Markup

    sources = [read_static(s) for s in scripts]
    sheet = "".join(map(read_static, styles))
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            policy=content_policy(sources, [sheet]) + ("; connect-src 'self'" if connects else ""),
            style=Markup(sheet),
            scripts=[Markup(s) for s in sources],
        )
        .lstrip()
    )


def content_policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A Content-Security-Policy under which only these scripts and styles run: no eval, no network, no frames, no forms that go anywhere."""
    run, look = (" ".join(f"'sha256-{_digest(source)}'" for source in sources) for sources in (scripts, styles))
    return f"default-src 'none'; script-src {run or chr(39) + 'none' + chr(39)}; style-src {look}; img-src data:; base-uri 'none'; form-action 'none'"


def data_block(data: JsonValue) -> object:
    """`data` as JSON that can stand in a script block: nothing in it ends the block or opens another."""
    from markupsafe import Markup

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@cache
def read_static(name: str) -> str:
    """A file of `static`; one of those that have names of targets, with their colours before it."""
    text = (resources.files(__package__) / "static" / name).read_text(encoding="utf-8")
    return target_styles() + text if name in COLOURED else text


@cache
def theme() -> dict[str, JsonValue]:
    """Vega-Lite's configuration in light and dark, with the colours of targets in it."""
    found: dict[str, JsonValue] = json.loads(read_static("theme.json"))
    for look, config in found.items():
        config["range"]["category"] = list(TARGET_COLOURS[look])  # type: ignore[call-overload, index]
    return found


def theme_of(colours: Mapping[str, int]) -> dict[str, JsonValue]:
    """The same with the colours of a run's targets, in the order of the study, which is that of the charts' scales."""
    found = copy.deepcopy(theme())
    for look, config in found.items():
        config["range"]["category"] = [TARGET_COLOURS[look][place] for place in colours.values()]  # type: ignore[call-overload, index]
    return found


def _digest(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(loader=FunctionLoader(read_static), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"told": told, "chips": chips}
    return made
