"""Exchanges in a job's summary: quoted as plain words, so that nothing a chatbot said is markup, a link or a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.present.words import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.verdicts.worst_exchanges import BadExchange

QUOTED, REASON = 220, 160
"""Characters of a message or a reply, and of a reason, that a verdict shows: the report and `sim show` have them whole."""


def place_of(bad: BadExchange) -> str:
    """Where an exchange stands: persona, scenario, session and exchange."""
    at = f"exchange {bad.exchange}" if bad.exchange else "asked afterwards"
    return f"{bad.persona}, {bad.scenario}, session {bad.session}, {at}"


def shortened(text: str, most: int = QUOTED) -> str:
    """`text` on one line, cut at a word where it is long; nothing in it steers a terminal."""
    line = safe(" ".join(text.split()))
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0].rstrip(" ,.;:") + " …"


def worst_in_markdown(title: str, worst: Sequence[BadExchange]) -> list[str]:
    """The lines of a section that is folded until somebody asks for it; nothing where nothing speaks against anybody."""
    if not worst:
        return []
    lines = ["", f"<details><summary>{title}</summary>", ""]
    for bad in worst:
        lines.append(f"- **{markdown_text(place_of(bad))}** ({markdown_text(bad.target)}): {markdown_text(shortened(bad.why, REASON))}")
        lines += [f"  - {markdown_text(who)}: {markdown_text(shortened(said))}" for who, said in (("user", bad.message), *bad.replies) if said]
    return [*lines, "", "</details>"]


def markdown_text(text: str) -> str:
    """`text` as plain words of a Markdown page: nothing in it is markup, a link, a mention or HTML."""
    escaped = "".join(f"\\{c}" if c in "\\`*_{}[]()#+!|~$-" else c for c in safe(" ".join(text.split())))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b").replace("://", ":\u200b//")
