"""`sim calibrate`: how far raters agree with people, which dimensions a rater can tell apart (`--edits`), what our judges can be made to accept
(`--attack`), and how far a tagger agrees with people (`--tagger`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.watched import Watch
from sim.core.codebook import Codebook
from sim.core.errors import InputError
from sim.core.spec import Limits, ModelSpec
from sim.store.files import open_regular

if TYPE_CHECKING:
    from sim.analysis.trust.calibration import Unit
    from sim.analysis.trust.response import ResponseMatrix
    from sim.cli.log_wish import LogWish
    from sim.core.scale import Scale
    from sim.engine.attack import FacedAttacks
    from sim.engine.edits import RatedScenes
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.present.text.response import ResponseDocument
    from sim.score.scorer import Tagger

SENDS = "texts of personas and of shipped conversations"
"""What goes to the model that is measured."""
HELD_OUT_BY = "python -m tests.benchmarks.moves_tagger"
"""Prints how the offline tagger fares on whole replies that it was not made from."""


def calibrate(rater: ModelSpec, limits: Limits, *, local_only: LocalOnly | None, concurrency: int, log: LogWish, as_json: bool) -> int:
    """Rate the edited replies and print the response matrix."""
    from sim.cli.reading import print_rendered
    from sim.engine.edits import rate_scenes
    from sim.engine.preflight import check_rater
    from sim.llm.prompts import load_prompts
    from sim.present.text.response import render_response
    from sim.store.scenes import load_scenes

    check_rater(rater)
    scenes = load_scenes()
    watch = Watch({"the rater": rater}, limits, local_only, log, sends=SENDS, doing="rated", what="replies")

    def rate(on_rated: Callable[[int, int], None], on_start: Callable[[Traffic], None]) -> Awaitable[RatedScenes]:
        return rate_scenes(scenes, rater, load_prompts(), limits=limits, concurrency=concurrency, on_rated=on_rated, on_start=on_start)

    rated = watch.run(rate, conversations=len(scenes))
    if rated is None:
        return INTERRUPTED
    watch.line.say(f"rated {len(rated.readings):,} of {len(rated.readings) + len(rated.lost):,} replies")
    from sim.analysis.trust.response import respond

    document = _document(rater, rated, respond(scenes, rated.readings))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render_response(document, width=width))
    return INTERRUPTED if watch.stopping.asked else INCOMPLETE if rated.lost else DONE


def calibrate_by(
    sources: Sequence[str],
    *,
    reference: str | None,
    unit: Unit,
    exclude_self: bool,
    scales: Mapping[str, Scale],
    results: Path,
    as_json: bool,
) -> int:
    """Print the agreement of the raters in files of ratings and in runs."""
    from sim.app import calibrating
    from sim.cli.reading import print_rendered
    from sim.present.text.calibration import render_calibration

    document = calibrating.calibrate(*sources, reference=reference, unit=unit, exclude_self=exclude_self, scales=scales, results=results)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render_calibration(document, width=width))
    return DONE


def calibrate_attack(judge: ModelSpec, limits: Limits, *, local_only: LocalOnly | None, concurrency: int, log: LogWish, as_json: bool) -> int:
    """Put constructed texts before the judges and print which were accepted."""
    from sim.cli.reading import print_rendered
    from sim.engine.attack import face_attacks
    from sim.engine.preflight import check_rater
    from sim.llm.prompts import load_prompts
    from sim.present.text.attacks import attack_document, render_attacks
    from sim.score.registry import built_in_rubrics
    from sim.store.attacks import load_attacks
    from sim.store.library import load_codebook
    from sim.store.rubrics import load_rubrics
    from sim.store.scenes import load_scenes

    check_rater(judge)
    attacks, scenes, codebook = load_attacks(), load_scenes(), load_codebook()
    shipped = built_in_rubrics()
    rubrics = [rubric for name in attacks.rubrics for rubric in load_rubrics(shipped[name])]
    watch = Watch({"the judge": judge}, limits, local_only, log, sends=SENDS, doing="judged", what="texts")

    def face(on_faced: Callable[[int, int], None], on_start: Callable[[Traffic], None]) -> Awaitable[FacedAttacks]:
        prompts = load_prompts()
        return face_attacks(
            attacks, scenes, rubrics, codebook, judge, prompts, limits=limits, concurrency=concurrency, on_faced=on_faced, on_start=on_start
        )

    found = watch.run(face, conversations=len(attacks.replies))
    if found is None:
        return INTERRUPTED
    document = attack_document(found, judge=judge.model, offline=judge.offline, cases=attacks.cases)
    lost = sum(document.lost.values())
    watch.line.say(f"judged {len(found.outcomes) - lost:,} of {len(found.outcomes):,} texts")
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda _: render_attacks(document))
    return INTERRUPTED if watch.stopping.asked else INCOMPLETE if lost else DONE


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence and the moves that people see in it."""

    sentence: str
    moves: frozenset[str]
    reply: str
    """The reply it stands in; the sentence itself where the file does not say."""


def calibrate_tagger(path: Path, *, as_json: bool) -> int:
    """Tag the sentences of `path`, each on its own, and print the agreement with their labels."""
    from sim.score.moves.offline import OfflineTagger, seen_in_training
    from sim.store.library import load_codebook

    codebook = load_codebook("mint")
    labelled = read_labelled(path, codebook)
    in_sample = sum(map(seen_in_training, (x.sentence for x in labelled)))
    return asyncio.run(_calibrate(path, labelled, OfflineTagger(), codebook, in_sample=in_sample, as_json=as_json))


async def _calibrate(path: Path, labelled: Sequence[LabelledSentence], tagger: Tagger, codebook: Codebook, *, in_sample: int, as_json: bool) -> int:
    from sim.analysis.trust.agreement import JudgedSentence, agree
    from sim.cli.reading import print_rendered
    from sim.core.event import Tags
    from sim.core.view import Turn
    from sim.present.text.agreement import AgreementDocument, render_agreement

    found = [(x, (await tagger.score(Turn(user="", reply=x.sentence))).value) for x in labelled]
    judged = [JudgedSentence(x.reply, x.moves, tags.moves) for x, tags in found if isinstance(tags, Tags)]
    document = AgreementDocument(
        tagger=tagger.id,
        version=tagger.version,
        codebook=codebook.id,
        file=str(path),
        refused=len(found) - len(judged),
        in_sample=in_sample,
        held_out_by=HELD_OUT_BY if in_sample else "",
        agreement=agree(judged, [m.id for m in (*codebook.moves, *codebook.beside)]),
    )
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda _: render_agreement(document))
    return DONE


def read_labelled(path: Path, codebook: Codebook) -> list[LabelledSentence]:
    """The lines of a JSONL file: `{"sentence": …, "moves": […], "reply": …}`, `reply` optional, other keys ignored, blank lines skipped.

    Raises:
        InputError: there is no such file, nothing in it, or a line that cannot be used; it names the line.
    """
    try:
        with open_regular(path) as file:
            lines = file.read().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", mend="name a JSONL file of labelled sentences", where=path) from None
    known = {m.id for m in (*codebook.moves, *codebook.beside)}
    labelled = [_labelled(line, known, path, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not labelled:
        raise InputError(
            "holds no sentence", mend='write a line for each, such as {"sentence": "How are you?", "moves": ["questioning"]}', where=path
        )
    return labelled


def _labelled(line: str, known: set[str], path: Path, number: int) -> LabelledSentence:
    def wrong(problem: str, mend: str = "") -> InputError:
        return InputError(problem, mend=mend, where=path, line=number)

    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise wrong("is not JSON", "write one object on a line") from None
    if not isinstance(row, dict):
        raise wrong("is not an object", 'write {"sentence": "…", "moves": […]}')
    for key in ("sentence", "moves"):
        if key not in row:
            raise wrong(f"has no `{key}`", 'write {"sentence": "…", "moves": […]}')
    sentence, moves, reply = row["sentence"], row["moves"], row.get("reply")
    if not isinstance(sentence, str) or not sentence.strip():
        raise wrong("`sentence` is not text")
    if not isinstance(moves, list) or not all(isinstance(m, str) for m in moves):
        raise wrong("`moves` is not a list of names", "write [] for a sentence that makes none")
    if not (reply is None or isinstance(reply, str)):
        raise wrong("`reply` is not text")
    for move in moves:
        if move not in known:
            raise wrong(f"'{move}' is not a move of the codebook", f"write one of {', '.join(sorted(known))}")
    return LabelledSentence(sentence, frozenset(moves), reply or sentence)


def read_rater(model: str, *, api_base: str | None, api_key_env: str | None, flag: str = "--rater") -> ModelSpec:
    """The rater that the flags describe, or whatever other model `flag` names.

    Raises:
        InputError: a flag has a value that cannot be.
    """
    given = {"model": model, "api_base": api_base, "api_key_env": api_key_env}
    flags = {"model": flag, "api_base": "--api-base", "api_key_env": "--api-key-env"}
    try:
        return ModelSpec.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "model"
        such = "offline/rater" if flag == "--rater" else "offline/user"
        mend = f"write it as provider/name, such as openai/gpt-5 or {such}" if name == "model" and "pattern" in first["type"] else ""
        said = f"'{model}' is not a model's name" if mend else str(first["msg"]).removeprefix("Value error, ")
        raise InputError(said, mend=mend, where=flags[name]) from None


def _document(rater: ModelSpec, rated: RatedScenes, matrix: ResponseMatrix) -> ResponseDocument:
    from sim.present.text.response import ResponseDocument, Took

    spent = rated.spent
    return ResponseDocument(
        rater=rater.model,
        offline=rater.offline,
        replies=len(rated.readings),
        lost={f"{r.scene}/{r.part}": why for r, why in rated.lost.items()},
        took=Took(calls=spent.calls, tokens=spent.tokens, cost=spent.cost, unknown_costs=spent.unknown_costs),
        matrix=matrix,
    )
