"""What is planted in talks that are read from a log: a scenario's plants, by its id or file, or a file that holds nothing else."""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import InputError
from sim.core.spec.plants import Plants
from sim.store.library import load_scenario
from sim.store.yaml_file import build, read_yaml


def load_plants(name: str) -> Plants:
    """The plants that `name` holds: `secrets:`, `injections:` and `claims:` of a file, or those of a scenario.

    Raises:
        InputError: there is no such file or scenario, it plants nothing, or something in it is wrong.
    """
    path = Path(name)
    if path.is_file():
        document = read_yaml(path)
        if not isinstance(document.root.value, dict) or "sessions" not in document.root.children:
            return build(document, Plants)
    plants = load_scenario(name).plants
    if plants is None:
        raise InputError(f"scenario '{name}' plants nothing", mend="name one that has plants:, or a file with secrets:, injections: or claims:")
    return plants
