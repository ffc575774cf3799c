"""The attacks on judges, as the package carries them."""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import InputError, nearest
from sim.core.spec.attacks import AttackFile
from sim.score.registry import built_in_rubrics
from sim.store.scenes import load_scenes
from sim.store.yaml_file import load_yaml

FILE = Path(__file__).parent.parent / "score" / "attacks.yaml"


def load_attacks(path: Path = FILE) -> AttackFile:
    """Every attack.

    Raises:
        InputError: the file is wrong, or names a scene or a rubric that there is not.
    """
    file = load_yaml(path, AttackFile)
    scenes = {s.scene.id for s in load_scenes()}
    for of in file.replies:
        if of.scene not in scenes:
            raise InputError(f"no scene is called '{of.scene}'", mend=nearest(of.scene, scenes), where=path)
    shipped = built_in_rubrics()
    for name in file.rubrics:
        if name not in shipped:
            raise InputError(f"no rubric is called '{name}'", mend=nearest(name, shipped), where=path)
    return file
