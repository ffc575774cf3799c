"""The scenes of the response matrix, as the package carries them."""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import InputError, nearest
from sim.core.spec import Persona
from sim.core.spec.edits import SceneFile
from sim.core.spec.twins import refuse_twins
from sim.core.text import contains
from sim.score.likability.scenes import Staged
from sim.store.library import built_in
from sim.store.yaml_file import load_yaml


def load_scenes() -> tuple[Staged, ...]:
    """Every scene with its persona, by persona and then as the file has them.

    Raises:
        InputError: a file is wrong, or a fact that bears on a message was not told in an earlier talk.
    """
    folder = Path(__file__).parent.parent / "score" / "edits"
    staged: list[Staged] = []
    for path in sorted(folder.glob("*.yaml")):
        file = load_yaml(path, SceneFile)
        persona = load_yaml(built_in("persona") / f"{file.persona}.yaml", Persona)
        for scene in file.scenes:
            one = Staged(scene, persona)
            _check(one, path)
            staged.append(one)
    refuse_twins("scene", [s.scene.id for s in staged])
    return tuple(staged)


def _check(staged: Staged, path: Path) -> None:
    facts = {f.id: f for f in staged.persona.facts}
    said = "\n".join(m.text for talk in staged.scene.earlier for m in talk.messages if m.role == "user")
    for name in staged.scene.facts:
        if name not in facts:
            raise InputError(f"scene '{staged.scene.id}' speaks of unknown fact '{name}'", mend=nearest(name, facts), where=path)
        if not any(contains(said, answer) for answer in facts[name].answers):
            raise InputError(f"scene '{staged.scene.id}': fact '{name}' is told in no earlier talk", mend="tell it there", where=path)
