"""Judges measured: which dimensions a rater can tell apart, what our judges can be made to accept, how far a tagger agrees with people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.app.blocking import Interruption, finish
from sim.app.inquiry import Inquiry, ask_model
from sim.core.codebook import Codebook
from sim.core.errors import InputError
from sim.store.files import open_regular

if TYPE_CHECKING:
    from sim.analysis.trust.agreement import JudgedSentence
    from sim.core.spec import Limits, ModelSpec
    from sim.engine.one_model import OnDone, OnTraffic
    from sim.present.text.agreement import AgreementDocument
    from sim.present.text.attacks import AttackDocument
    from sim.present.text.response import ResponseDocument
    from sim.score.scorer import Tagger

AT_ONCE = 16
"""Texts that are judged at once."""
SENDS = "texts of personas and of shipped conversations"
"""What goes to the model that is measured."""
HELD_OUT_BY = "python -m tests.benchmarks.moves_tagger"
"""Prints how the offline tagger fares on whole replies that it was not made from."""


def rate_edits(
    rater: str = "offline/rater",
    *,
    api_base: str | None = None,
    api_key_env: str | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
) -> ResponseDocument:
    """Which dimensions a rater can tell apart: replies with one property changed, rated before and after. `sim calibrate --edits`.

    Ctrl-C keeps the calls in flight and gives back what there is.

    Args:
        rater: a model.
        api_base, api_key_env: where it is, and the environment variable that holds its key.
        max_cost, max_tokens, max_minutes: US dollars, tokens and minutes after which nothing new is asked.

    Returns:
        The response matrix: how often each rating moved when one property was changed; replies in `lost` were not rated.

    Raises:
        InputError: it cannot rate, or a host is refused.
        KeyboardInterrupt: Ctrl-C, a second time.
    """
    return ask_model(
        inquire_edits,
        rater,
        api_base=api_base,
        api_key_env=api_key_env,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_minutes=max_minutes,
        local_only=local_only,
        allow_hosts=allow_hosts,
        progress=progress,
    )


def attack_judges(
    judge: str = "offline/rater",
    *,
    api_base: str | None = None,
    api_key_env: str | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
) -> AttackDocument:
    """What our judges can be made to accept: texts that none should, before each judge, all played by one model. `sim calibrate --attack`.

    Ctrl-C keeps the calls in flight and gives back what there is.

    Args:
        judge: a model.
        api_base, api_key_env: where it is, and the environment variable that holds its key.
        max_cost, max_tokens, max_minutes: US dollars, tokens and minutes after which nothing new is asked.

    Returns:
        By judge, how many texts of each sort it accepted, with 95 % intervals, and which.

    Raises:
        InputError: it cannot judge, or a host is refused.
        KeyboardInterrupt: Ctrl-C, a second time.
    """
    return ask_model(
        inquire_attack,
        judge,
        api_base=api_base,
        api_key_env=api_key_env,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_minutes=max_minutes,
        local_only=local_only,
        allow_hosts=allow_hosts,
        progress=progress,
    )


def inquire_edits(rater: ModelSpec, limits: Limits, *, concurrency: int = AT_ONCE) -> Inquiry[ResponseDocument]:
    """Replies with one property changed, rated before and after: the response matrix of `rater`.

    Raises:
        InputError: it cannot rate.
    """
    from sim.analysis.trust.response import respond
    from sim.engine.edits import rate_scenes
    from sim.engine.preflight import check_rater
    from sim.llm.prompts import load_prompts
    from sim.present.text.response import response_document
    from sim.store.scenes import load_scenes

    check_rater(rater)
    scenes = load_scenes()

    async def ask(on_rated: OnDone, on_start: OnTraffic) -> ResponseDocument:
        rated = await rate_scenes(scenes, rater, load_prompts(), limits=limits, concurrency=concurrency, on_rated=on_rated, on_start=on_start)
        matrix, lost = respond(scenes, rated.readings), {f"{r.scene}/{r.part}": why for r, why in rated.lost.items()}
        return response_document(matrix, rater=rater.model, offline=rater.offline, replies=len(rated.readings), lost=lost, spent=rated.spent)

    return Inquiry({"the rater": rater}, SENDS, "rated", "replies", limits, ask, conversations=len(scenes))


def inquire_attack(judge: ModelSpec, limits: Limits, *, concurrency: int = AT_ONCE) -> Inquiry[AttackDocument]:
    """Vague, empty, off-topic, flattering, order-giving and wrong texts before our judges, all played by `judge`, and which they accept.

    Raises:
        InputError: it cannot judge.
    """
    from sim.engine.attack import face_attacks
    from sim.engine.preflight import check_rater
    from sim.llm.prompts import load_prompts
    from sim.present.text.attacks import attack_document
    from sim.score.registry import built_in_rubrics
    from sim.store.attacks import load_attacks
    from sim.store.library import load_codebook
    from sim.store.rubrics import load_rubrics
    from sim.store.scenes import load_scenes

    check_rater(judge)
    attacks, scenes, codebook = load_attacks(), load_scenes(), load_codebook()
    shipped = built_in_rubrics()
    rubrics = [rubric for name in attacks.rubrics for rubric in load_rubrics(shipped[name])]

    async def ask(on_faced: OnDone, on_start: OnTraffic) -> AttackDocument:
        prompts = load_prompts()
        found = await face_attacks(
            attacks, scenes, rubrics, codebook, judge, prompts, limits=limits, concurrency=concurrency, on_faced=on_faced, on_start=on_start
        )
        return attack_document(found, judge=judge.model, offline=judge.offline, cases=attacks.cases)

    return Inquiry({"the judge": judge}, SENDS, "judged", "texts", limits, ask, conversations=len(attacks.replies))


# --- a tagger against people --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence and the moves that people see in it."""

    sentence: str
    moves: frozenset[str]
    reply: str
    """The reply it stands in; the sentence itself where the file does not say."""


def measure_tagger(path: str | Path) -> AgreementDocument:
    """The offline tagger on the labelled sentences of a file, each on its own, and how far it agrees with their labels. `sim calibrate --tagger`.

    Args:
        path: JSONL, a line for each sentence: `{"sentence": …, "moves": […], "reply": …}`, `reply` optional.

    Raises:
        InputError: there is no such file, or it holds something else; names the line.
    """
    from sim.analysis.trust.agreement import agree
    from sim.present.text.agreement import AgreementDocument
    from sim.score.moves.offline import OfflineTagger, seen_in_training
    from sim.store.library import load_codebook

    codebook, tagger = load_codebook("mint"), OfflineTagger()
    labelled = read_labelled(Path(path), codebook)
    in_sample = sum(map(seen_in_training, (x.sentence for x in labelled)))

    async def tag() -> list[JudgedSentence]:
        return await _tag(tagger, labelled)

    judged = finish(tag, Interruption(lambda _: None))
    return AgreementDocument(
        tagger=tagger.id,
        version=tagger.version,
        codebook=codebook.id,
        file=str(path),
        refused=len(labelled) - len(judged),
        in_sample=in_sample,
        held_out_by=HELD_OUT_BY if in_sample else "",
        agreement=agree(judged, [m.id for m in (*codebook.moves, *codebook.beside)]),
    )


async def _tag(tagger: Tagger, labelled: Sequence[LabelledSentence]) -> list[JudgedSentence]:
    """What it says of each; those that it does not tag are left out."""
    from sim.analysis.trust.agreement import JudgedSentence
    from sim.core.event import Tags
    from sim.core.view import Turn

    found = [(x, (await tagger.score(Turn(user="", reply=x.sentence))).value) for x in labelled]
    return [JudgedSentence(x.reply, x.moves, tags.moves) for x, tags in found if isinstance(tags, Tags)]


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
