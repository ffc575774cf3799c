"""What the newest versions allowed differ in from the pins: `differences.py CONSTRAINTS REPORT`, of which REPORT is pip's own of a dry run.

Prints a line for each package that differs, `name pin → newest`; nothing where all are the pins, for a second run of the tests could then
show nothing new.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

OURS = "rapport-sim"


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(constraints: str) -> dict[str, str]:
    """Versions by package."""
    lines = (line.split(" ")[0].partition("==") for line in constraints.splitlines() if line.strip() and not line.startswith("#"))
    return {normal(name): version for name, _, version in lines}


def newest(report: str) -> dict[str, str]:
    """Versions by package of what pip would install, without the package of this tree."""
    of = (item["metadata"] for item in json.loads(report)["install"])
    return {normal(m["name"]): m["version"] for m in of if normal(m["name"]) != OURS}


def differences(pinned: dict[str, str], found: dict[str, str]) -> list[str]:
    """A line for each package that differs, by name; a pin of what is no longer asked for changes nothing."""
    return [f"{name} {pinned.get(name, 'none')} → {version}" for name, version in sorted(found.items()) if pinned.get(name) != version]


if __name__ == "__main__":
    constraints, report = (Path(file).read_text(encoding="utf-8") for file in sys.argv[1:])
    sys.stdout.writelines(f"{line}\n" for line in differences(pins(constraints), newest(report)))
