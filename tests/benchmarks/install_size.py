"""How much the plain install takes on disk, and what each extra adds, reckoned from the packages that are installed here.

python -m tests.benchmarks.install_size

A package counts with all of its files; what is not installed here is named and not counted, so run it where all extras are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LARGEST = 5
"""Packages named one by one."""


def needed(requirements: Iterable[str], missing: set[str]) -> set[str]:
    """All packages that `requirements` bring, by name; those that are not installed go to `missing`."""
    found: set[str] = set()
    waiting = [(Requirement(r), "") for r in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        asked = ["", *requirement.extras]
        try:
            own = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            missing.add(name)
            continue
        if name not in found or requirement.extras:
            found.add(name)
            waiting += [(Requirement(r), e) for r in own for e in asked if f"{name}[{e}]{r}" not in _SEEN]
            _SEEN.update(f"{name}[{e}]{r}" for r in own for e in asked)
    return found


_SEEN: set[str] = set()


def size(name: str) -> int:
    """Bytes of one package's files."""
    return sum(path.stat().st_size for f in metadata.files(name) or () if (path := Path(str(f.locate()))).is_file())


def main() -> None:
    """Print a line for the plain install and one for each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    missing: set[str] = set()
    plain = needed(project["dependencies"], missing)
    _line("plain", plain, missing)
    for extra, requirements in project["optional-dependencies"].items():
        if extra not in ("all", "test"):
            _SEEN.clear()
            missing = set()
            _line(extra, needed(requirements, missing) - plain, missing)


def _line(title: str, names: set[str], missing: set[str]) -> None:
    sizes = {name: size(name) for name in names}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
    told = ", ".join(f"{name} {sizes[name] / 1e6:.0f}" for name in largest)
    absent = f"; not installed here: {', '.join(sorted(missing))}" if missing else ""
    print(f"{title:<8} {sum(sizes.values()) / 1e6:>5.0f} MB in {len(sizes)} packages ({told}{absent})")


if __name__ == "__main__":
    main()
