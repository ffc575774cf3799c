"""The pages of the guide that are made from the program itself: `python -m tests.guide_pages` writes them, and a test holds them to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sim.present.glossary import FILE, glossary
from sim.present.guide import PAGES

HEAD: Final = "<!-- Written by `python -m tests.guide_pages`: change what it is made from. -->\n"


def glossary_page() -> str:
    """Every printed word, a line each."""
    lines = [
        f"{HEAD}# Glossary\n",
        "Every word that commands and pages print. Definitions of figures are in [methods.md](methods.md), names of things in\n"
        f"[words.md](words.md). This page is made from `{FILE.name}`, which the report and the viewer read too.\n",
        "| word | also printed as | meaning |",
        "|---|---|---|",
        *(f"| {t.term} | {', '.join(t.also)} | {t.says} |" for t in glossary()),
    ]
    return "\n".join(lines) + "\n"


MADE: Final[Mapping[str, Callable[[], str]]] = {"glossary": glossary_page}
"""The text of each page by its name."""


def write_pages() -> None:
    """Write every page that is made."""
    for name, text in MADE.items():
        (PAGES / f"{name}.md").write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
