"""A model that tags discourse moves: one structured call a reply, its sentences numbered, its labels those of the codebook.

Models skip, join, divide and renumber sentences. What comes back is laid against the sentences by its number and its words together, so that a
shifted count harms nothing; only what then still has no marks is asked for once more, and at the second answer the numbers decide.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from sim.core.errors import LOST, CallFailed
from sim.core.event import TaggedSentence, Tagging, Tags, Unscored
from sim.core.seeds import derive
from sim.core.text import normalise
from sim.llm.client import CallLog, Completion, JsonSchema, Message, Request, Schema
from sim.llm.reading import CLASH
from sim.llm.shapes import a_list, a_text, an_object, one_of
from sim.score.repair import Misfit
from sim.score.scorer import Scored
from sim.score.text.sentences import split_sentences

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.codebook import Codebook
    from sim.core.view import Turn
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts

AT_ONCE = 30
"""Sentences in one call; a longer reply takes several. With thirty entries a schema stays under the thousand choices that OpenAI allows."""
KEPT_FROM = 0.5
"""Confidence from which a move counts as made; the prompt asks for none below."""
ALIKE = 90.0
"""Ratio (0 to 100, of rapidfuzz) from which two texts are taken for the same sentence."""
MOST_ROWS = 2 * AT_ONCE
"""Stretches of sentences in one answer."""
MOST_MOVES = 4
"""Moves that one sentence makes, of those that are asked for; an answer with more is read all the same."""
_OPENING = 80
"""Characters of a sentence's first words."""
FEWEST = 4
"""Characters below which a text is not looked for inside another."""


Marks = dict[str, float]
"""Confidence by move, in 0 to 1."""


class ModelTagger:
    """A model that tags with one codebook.

    Args:
        id: see `sim.core.spec.name_tagger`.
        codebook: its moves, those beside them too, are all the labels there are.
    """

    version = "1"

    def __init__(self, id: str, client: Client, prompts: Prompts, codebook: Codebook) -> None:
        self.id = id
        self._client = client
        self._prompts = prompts
        self._moves = tuple(m.id for m in codebook.tagged)
        self._system = Message("system", prompts.render("tag_system", moves=codebook.tagged))

    async def score(self, context: Turn) -> Scored[Tagging]:
        """The moves of `context.reply`, sentence by sentence; a reply without a sentence makes none, and no call.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        tab = CallLog()
        tagged: list[TaggedSentence] = []
        whole = split_sentences(context.reply)
        for start in range(0, len(whole), AT_ONCE):
            sentences = whole[start : start + AT_ONCE]
            found = await self._mark(context.user, sentences, tab)
            if isinstance(found, Unscored):
                return Scored(found, tab.calls, tab.timings)
            tagged += map(_tagged, sentences, found)
        return Scored(Tags(sentences=tuple(tagged)), tab.calls, tab.timings)

    async def _mark(self, user: str, sentences: Sequence[str], tab: CallLog) -> list[Marks] | Unscored:
        """Ask once, ask again for the sentences without fitting marks, and give up on the reply where some still have none."""
        messages = (self._system, Message("user", self._prompts.render("tag", user=user, sentences=sentences)))
        first = Request("tagger", messages, _schema(self._moves, tuple(range(1, len(sentences) + 1))), seed=derive("tag", user, *sentences) % 2**31)
        marks: dict[int, Marks] = {}
        problems: list[str] = []
        request = first
        for step in ("first", "repair"):
            try:
                answer = await tab.ask(self._client, request)
            except CallFailed as failed:
                if failed.cause in LOST:
                    raise
                return Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)
            wanted = [i for i in range(len(sentences)) if i not in marks]
            found, problems = read_marks(answer, sentences, self._moves, wanted=wanted, by_number=step == "repair")
            marks |= found
            missing = [i + 1 for i in range(len(sentences)) if i not in marks]
            if not missing:
                return [marks[i] for i in range(len(sentences))]
            if step == "first":
                said = self._prompts.render("tag_repair", problems=problems, numbers=missing)
                more = (*messages, Message("assistant", answer.text or "(nothing)"), Message("user", said))
                request = Request(first.role, more, _schema(self._moves, tuple(missing)), seed=first.seed, step="repair")
        return Unscored(cause="schema", reason="; ".join(problems)[:500])


def read_marks(
    answer: Completion, sentences: Sequence[str], moves: Sequence[str], *, wanted: Sequence[int] | None = None, by_number: bool = False
) -> tuple[dict[int, Marks], list[str]]:
    """The marks of each sentence, by its place from 0, and what is wrong with the answer, in words for the model.

    Args:
        wanted: places that are asked for; what is said of others is left alone. None: all.
        by_number: whether an entry under a sentence's own number is believed where its words are those of another sentence, and no other entry's
            words are that sentence's: a model that has been asked twice copies words no better at the third time.
    """
    places = range(len(sentences)) if wanted is None else wanted
    rows = _rows(answer.value)
    if rows is None:
        return {}, [CLASH if answer.clash else 'the answer is not one JSON object with "sentences", an entry under the number of each']
    problems = [f"your answer has {len(rows)} entries; write {MOST_ROWS} at most"] if len(rows) > MOST_ROWS else []
    rows = rows[:MOST_ROWS]
    good: list[_Row] = []
    spoilt: set[int] = set()
    for number, raw in enumerate(rows, 1):
        try:
            good.append(_row(raw, moves))
        except Misfit as misfit:
            problems.append(f"entry {number} of your answer: {misfit}")
            # Where one stretch of a sentence is spoilt, what is said of the rest of it is no whole answer.
            if isinstance(raw, dict):
                spoilt |= set(_Row(_index(raw), str(raw.get("text") or ""), {}).lies_in(sentences, ())[0])
    if any(row.index == 0 for row in good):
        good = [row if row.index is None else replace(row, index=row.index + 1) for row in good]
    found: dict[int, Marks] = {}
    numbered: list[tuple[int, _Row]] = []
    for row in good:
        lies_in, by_words = row.lies_in(sentences, found)
        if by_words:
            for place in lies_in:
                _add(found, place, row.marks)
            if by_number and row.index is not None:
                numbered.append((row.index - 1, row))
        else:
            numbered += [(place, row) for place in lies_in]
    # A number whose words stand nowhere is believed only where nothing better is known: the sentence may be made up.
    told = frozenset(found)
    for place, row in numbered:
        if place not in told:
            _add(found, place, row.marks)
    found = {place: marks for place, marks in found.items() if place in places and place not in spoilt}
    problems += [f"sentence {place + 1} is missing" for place in places if place not in found and place not in spoilt]
    return found, problems


def _rows(value: JsonValue) -> list[JsonValue] | None:
    """The entries of an answer, those under a number with it as their index; a list of entries, which models write as well, as it stands."""
    entries = value.get("sentences") if isinstance(value, dict) else None
    if isinstance(entries, dict):
        return [{"index": number, **entry} if isinstance(entry, dict) else entry for number, entry in entries.items()]
    return entries if isinstance(entries, list) else None


def _add(found: dict[int, Marks], place: int, marks: Marks) -> None:
    """Several stretches of one sentence together: each move at its highest confidence."""
    known = found.setdefault(place, {})
    for move, confidence in marks.items():
        known[move] = max(confidence, known.get(move, 0.0))


@dataclass(frozen=True, slots=True)
class _Row:
    """What a model says of a stretch of the reply."""

    index: int | None
    """The number it gives, from 1; None: none that can be read."""
    text: str
    """The words it gives."""
    marks: Marks

    def lies_in(self, sentences: Sequence[str], claimed: Collection[int]) -> tuple[list[int], bool]:
        """The places it speaks of, and whether its words say so: by number where the words agree, else by the words, else by number alone.

        Args:
            claimed: places spoken of before; of several with the same words, one that is not among them is taken, and the nearest to the number.
        """
        numbered = [self.index - 1] if self.index is not None and 1 <= self.index <= len(sentences) else []
        text = _bare(self.text)
        if not text:
            return numbered, False
        plain = [_bare(s) for s in sentences]
        if numbered and plain[numbered[0]] == text:
            return numbered, True
        near = sorted(range(len(plain)), key=lambda i: (i in claimed, abs(i + 1 - (self.index or 1))))
        same = [i for i in near if plain[i] == text] or [i for i in near if fuzz.ratio(plain[i], text) >= ALIKE]
        if same:
            return same[:1], True
        joined = [i for i, p in enumerate(plain) if _within(p, text)]
        if joined and 2 * sum(len(plain[i]) for i in joined) > len(text):
            return joined, True
        # Of sentences that contain the words, the numbered one; else the nearest.
        parts = [i for i in (*numbered, *near) if _within(text, plain[i])]
        return (parts[:1], True) if parts else (numbered, False)


def _bare(text: str) -> str:
    return normalise(text).strip(" .…")


def _within(part: str, whole: str) -> bool:
    """Whether `part` stands in `whole`, a letter or two aside."""
    if len(part) < FEWEST or len(part) > len(whole):
        return False
    return part in whole or fuzz.partial_ratio(part, whole) >= ALIKE


def _row(raw: JsonValue, moves: Sequence[str]) -> _Row:
    """One entry of a tagger's list.

    Raises:
        Misfit: it is none.
    """
    if not isinstance(raw, dict):
        raise Misfit("must be an object with text and moves")
    text, listed, index = raw.get("text"), raw.get("moves"), _index(raw)
    if not isinstance(listed, list):
        raise Misfit("moves must be a list, empty where the sentence makes none")
    if not isinstance(text, str):
        raise Misfit("text must hold the sentence's words")
    marks: Marks = {}
    for one in listed:
        move = one.get("move") if isinstance(one, dict) else None
        if not isinstance(one, dict) or move not in moves:
            raise Misfit(f"each move must be an object with move and confidence, and move one of: {', '.join(moves)}")
        marks[str(move)] = max(_confidence(one.get("confidence")), marks.get(str(move), 0.0))
    return _Row(index, text, marks)


def _index(raw: dict[str, JsonValue]) -> int | None:
    value = raw.get("index")
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _confidence(value: JsonValue) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise Misfit("confidence must be a number from 0 to 1") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Misfit("confidence must be a number from 0 to 1")
    return float(value)


def _tagged(sentence: str, marks: Marks) -> TaggedSentence:
    """`sentence` with the moves that were found more likely than not, in alphabetical order."""
    kept = sorted((move, confidence) for move, confidence in marks.items() if confidence >= KEPT_FROM)
    return TaggedSentence(text=sentence, moves=tuple(m for m, _ in kept), confidences=tuple(c for _, c in kept))


@lru_cache(maxsize=1024)
def _schema(moves: tuple[str, ...], numbers: tuple[int, ...]) -> Schema:
    """An entry under the number of each sentence: where decoding is constrained, a weak model can neither leave one out nor go on without end."""
    # Bounds of numbers are refused by some providers' strict modes; a list of choices is taken by all.
    confidence: JsonSchema = {"type": "number", "enum": [n / 10 for n in range(11)]}
    marks = a_list(an_object({"move": one_of(moves), "confidence": confidence}), MOST_MOVES)
    entry = an_object({"text": a_text(_OPENING), "moves": marks})
    return Schema("moves", an_object({"sentences": an_object({str(number): entry for number in numbers})}))
