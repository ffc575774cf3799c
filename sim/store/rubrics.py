"""Files of rubrics: one question, or several that share what is written once. What a file says in short is written out before a rubric is made of it.

    reads: talk                      a word for what one answer is about: reply, talk or conversation, person
    scale: 0-6                       levels whose ends alone are told; names in order, as poor|fair|good, are labels
    questions:                       several: each a sentence, or keys of its own beside or instead of those above
      understood: Did the chatbot understand what the person was after?

Every complaint keeps the line where the file says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from sim.core.errors import InputError, gather
from sim.core.scale import HIGHEST, LOWEST, Scale
from sim.core.spec.rubric import Rubric
from sim.score.registry import built_in_rubrics
from sim.store.yaml_file import Document, Node, Step, build, read_yaml

SEVERAL: Final = "questions"
"""The key that holds several."""
SHORT: Final = "scale"
READS: Final[Mapping[str, str]] = {"reply": "exchange", "talk": "session", "conversation": "session", "person": "trial"}
"""What people call what a rubric reads."""


def load_rubrics(path: Path) -> tuple[Rubric, ...]:
    """The rubrics in `path`, in its order.

    Raises:
        InputError: all that is wrong in it, or a rubric is called like one of the package and says something else.
    """
    return read_rubrics(read_yaml(path))


def read_rubrics(document: Document) -> tuple[Rubric, ...]:
    """The rubrics that `document` describes.

    Raises:
        InputError: see `load_rubrics`.
    """
    found: list[Rubric] = []
    faults: list[InputError] = []
    for one in _apart(document):
        try:
            found.append(_own(build(_written_out(one), Rubric), one))
        except InputError as error:
            faults.append(error)
    # What the questions share is wrong once, however many they are: `gather` says each line once.
    wrong = gather(faults)
    if wrong:
        raise wrong
    return tuple(found)


def _own(rubric: Rubric, document: Document) -> Rubric:
    """`rubric`, if it does not take the name of another one."""
    shipped = built_in_rubrics().get(rubric.id)
    if shipped and shipped.resolve() != document.path.resolve() and (rubric,) != load_rubrics(shipped):
        problem = f"rubric '{rubric.id}' comes with the package and says something else there"
        raise InputError(problem, mend="give this one another id", where=document.path, line=document.find("id").line)
    return rubric


def _apart(document: Document) -> list[Document]:
    """A document for each question, with what all of them share; one alone is what it is.

    Raises:
        InputError: there are no questions where there should be.
    """
    several = document.root.children.get(SEVERAL)
    if several is None:
        return [document]
    if not isinstance(several.value, dict) or not several.children:
        raise InputError(
            f"{SEVERAL}: holds no question", mend="write a line for each, such as `clear: Is it clear?`", where=document.path, line=several.line
        )
    for key, mend in (("id", f"each question has its own: it is the key under {SEVERAL}:"), ("question", f"write it under {SEVERAL}:")):
        if key in document.root.children:
            raise InputError(f"'{key}' is beside {SEVERAL}:", mend=mend, where=document.path, line=document.root.children[key].line)
    shared = {key: node for key, node in document.root.children.items() if key != SEVERAL}
    return [replace(document, root=_question(str(id), node, shared)) for id, node in several.children.items()]


def _question(id: str, node: Node, shared: Mapping[Step, Node]) -> Node:
    """A rubric of what all share and what is the question's own, which goes before."""
    own: dict[Step, Node] = dict(node.children) if isinstance(node.value, dict) else {"question": node}
    kinds = ("levels", "labels", "yes", "no", SHORT)
    if any(kind in own for kind in kinds):
        shared = {key: of for key, of in shared.items() if key not in (*kinds, "good")}
    return _mapping({"id": Node(id, node.line, id), **shared, **own}, node.line)


def _written_out(document: Document) -> Document:
    """`document` without its short forms."""
    if not isinstance(document.root.value, dict):
        return document
    children = dict(document.root.children)
    reads = children.get("reads")
    if reads and isinstance(reads.value, str) and reads.value in READS:
        children["reads"] = replace(reads, value=READS[reads.value], raw=READS[reads.value])
    short = children.pop(SHORT, None)
    if short:
        twin = next((key for key in ("levels", "labels", "yes", "no") if key in children), None)
        if twin:
            raise InputError(f"{SHORT}: and {twin}: both say what the answers are", mend="keep one", where=document.path, line=short.line)
        key, answers = _answers(short, document.path)
        children[key] = _mapping({k: Node(text, short.line, text) for k, text in answers.items()}, short.line)
    return replace(document, root=_mapping(children, document.root.line))


def _answers(short: Node, path: Path) -> tuple[str, dict[Step, str]]:
    """The key and the content that a scale is short for.

    Raises:
        InputError: it is no scale.
    """
    try:
        scale = Scale.of_names(map(str, short.value)) if isinstance(short.value, list) else Scale.parse(short.raw or str(short.value))
        if not (scale.low.is_integer() and scale.high.is_integer()):
            raise InputError(f"'{scale}' has ends that are not whole", mend="a model chooses among whole levels: write them as 0-6")
    except InputError as error:
        raise InputError(f"{SHORT}: {error.problem}", mend=error.mend, where=path, line=short.line) from None
    if scale.names:
        return "labels", {name: name for name in scale.names}
    return "levels", {f"{scale.low:.0f}": LOWEST, f"{scale.high:.0f}": HIGHEST}


def _mapping(children: Mapping[Step, Node], line: int) -> Node:
    return Node({str(k): n.value for k, n in children.items()}, line, children=children, size=1 + sum(n.size for n in children.values()))
