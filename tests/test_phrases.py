"""The texts that users read are plain English: the README, the guide, help, messages and pages have none of the phrases that are listed here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FOREIGN: Final = {
    "buys, bought: runs, asks for, gains": r"(?<!memory )(?<!scenario )(?<!^)\bbuys\b|\bbought\b(?! ear)",
    "stands: is": r"\b(?:stand|stands|stood) (?:beside|in|under|for|below|above|apart|there|before|behind)\b",
    "whoever: the person who, anybody who": r"\bwho(?:so)?ever\b",
    "is no X: is not an X": r"(?<!there )(?<!There )\b(?:is|are) no (?!longer|more\b|less\b|fewer|one\b|doubt|way\b|good\b)",
    "asked were: the goal was": r"\basked were\b",
    "said in its place: sections say": r"\bsaid in its place\b",
    "come on top: are not included": r"\bcomes? on top\b",
    "hold against: compare with": r"\b(?:hold|holds|held) (?:it|them|\w+ \w+|\w+) against\b|\bheld against\b",
    "go with: correlate with": r"\bhow (?:they|it) goe?s? with\b",
    "rightly: correctly": r"\banswer(?:s|ed)? rightly\b",
    "of one's own: your own": r"\bof (?:one's|somebody's) own\b",
    "as themself: as themselves": r"\bthemself\b",
    "in a line: linearly": r"\bgrows? in a line\b",
    "is told of: is reported": r"\b(?:are|is) told of\b",
}
"""What to write instead, and what finds it."""
GUIDE: Final = ROOT / "sim" / "guide"
PAGES: Final = (ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *sorted(GUIDE.glob("*.md")), *sorted(GUIDE.glob("*.yaml")))
LINES_OF_PERSONAS: Final = "usual.py"
"""Holds what personas say and are, which is theirs."""


def foreign(text: str) -> list[str]:
    return [f"{found[0]!r} ({mend})" for mend, pattern in FOREIGN.items() for found in re.finditer(pattern, text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_is_written_as_a_native_speaker_would(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert foreign(" ".join(prose.split())) == []


def test_messages_and_help_are_written_as_a_native_speaker_would() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {wrong}"
        for path in sorted((ROOT / "sim").rglob("*.py"))
        if path.name != LINES_OF_PERSONAS
        for line, text in _strings(path)
        for wrong in foreign(text)
    ]
    assert not found, "\n".join(found)


def test_pages_in_the_browser_are_written_as_a_native_speaker_would() -> None:
    files = [p for kind in ("*.js", "*.html") for p in (ROOT / "sim" / "present").rglob(kind) if "vendor" not in p.parts]
    assert files
    texts = {p: re.sub(r"/\*.*?\*/|//[^\n]*", "", p.read_text(encoding="utf-8"), flags=re.DOTALL) for p in files}
    assert [f"{p.name}: {wrong}" for p, text in texts.items() for wrong in foreign(text)] == []


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module (a word by itself is a name), without docstrings but for those of commands, which are their help."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.endswith("_command")):
        said -= {id(s.value) for s in function.body[:1] if isinstance(s, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip() and id(node) not in said:
            yield node.lineno, node.value
