"""Where an answer names something, and how: as so, as not so, as so once, or only asking."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sim.score.text.folding import fold, pattern
from sim.score.text.sentences import split_sentences


def _any(*ways: str) -> str:
    return "(?:" + "|".join(ways) + ")"


# A figure's point ("3.5") and a time's colon ("7:30") end no clause; a spaced hyphen, which a dash was folded to, does.
CLAUSE = re.compile(
    _any(
        r"\n|;|(?<!\d)[.!?]+(?!\d)|:(?!\d)|\s-\s",
        r",? ?\b(?:but|although|though|however|whereas|while)\b",
        r", (?:and )?(?=(?:now|then|these days|currently|today)\b)",
    )
)
# "Not only" and "not just" affirm what follows, and "if I'm not mistaken" says nothing of it.
NEGATION = _any(
    r"\bnot(?! (?:only|just|to mention|mistaken|wrong|least))\b",
    r"\b(?:never|neither|nor|nothing like|instead of|rather than|other than|far from|no longer|no more)\b",
    r"\b\w+n't\b|\b(?:is|are|was|do|does|did)nt\b",
)
_PAST = _any(
    r"\bused to\b|\bin the past\b|\bformer(?:ly)?\b|\bonce (?:lived|worked|were|had|was)\b|\bbefore (?:that|then|this)\b",
    r"\bpreviously\b|\boriginally\b|\binitially\b|\bat first\b|\buntil (?:recently|then|lately)\b",
    r"\b(?:moved|changed|switched|went|came|go|gone) from\b|\bold (?:one|place|plan|job|hobby|address|answer)\b",
)
_NOW = _any(
    r"\bnow\b|\bcurrently\b|\bthese days\b|\bat present\b|\bat the moment\b|\bsince then\b|\bnowadays\b|\blately\b|\btoday\b",
    r"\bmoved (?:on )?to\b|\bchanged (?:it )?to\b|\bswitched to\b|\blatest\b|\bnewest\b|\bin the end\b|\bsince moved\b",
    r"\bto\b(?=[^,]*$)",
)
# What ends the reach of a "not" or a "used to": a comma, unless a list goes on behind it, or a new subject.
_STOP = r", (?!or\b|nor\b)| and (?:you|it|that)\b"
_CUE = re.compile(rf"(?P<neg>{NEGATION})|(?P<past>{_PAST})|(?P<now>{_NOW})|(?P<stop>{_STOP})|(?P<was>\b(?:was|were|had)\b)")
_SAID = re.compile(
    r"\byou(?:'ve| have|'d| had)? (?:once |previously |earlier |already |originally )?(?:told|mentioned|said|shared|wrote)(?: to)?(?: me)?"
    r"(?: (?:earlier|before|previously))?"
)
"""That something was told is no sign of its having been so once."""
# "…, right?" and "…, isn't it?" ask for assent: the answer before them is given all the same.
_TAG = re.compile(
    r"(?:^|,? )(?:right|correct|yes|eh|no|(?:is|are|was|were|do|did|does|have|has)n't (?:it|you|he|she|they|that)|am i right|is that right) ?\?$"
)
# Only a few characters away, and not across a comma, does "is wrong" speak of what was named before it.
_DENIED_AFTER = re.compile(r"[^,]{0,12}\b(?:is|was|are) (?:wrong|not (?:it|right|so|the case))\b|[^,]{0,20}\bany ?more\b")
_PAST_AFTER = re.compile(r"[^,]{0,20}\b(?:in the past|before that|back then|at first|previously|until recently)\b")
_NOW_AFTER = re.compile(r"[^,]{0,16}\b(?:now|these days|currently|at present|nowadays)\b")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that names one of the things looked for."""

    of: str
    """Which of them: the name under which its answers were given."""
    start: int
    end: int
    clause: str
    denied: bool
    unclear: bool
    """Denied across a comma, which may deny something else: "not in Utrecht, in Rotterdam"."""
    past: bool
    """Said to have been so once."""
    was: bool
    """In the past tense, which tells little alone."""
    now: bool
    """Said to be so by now."""
    asked: bool
    """In a question that awaits its answer."""

    @property
    def holds(self) -> bool:
        """Whether it is said to be so."""
        return not (self.denied or self.past or self.asked)


@dataclass(frozen=True)
class FoldedAnswer:
    """An answer, folded, with what it names."""

    text: str
    """Its sentences, one a line, without those that only say the question again."""
    quotes: tuple[tuple[int, str], ...]
    """Where in `text` each sentence begins, and its own words."""
    mentions: tuple[Mention, ...]

    def quote(self, at: int) -> str:
        """The words of the sentence that stands at `at`."""
        return next((words for start, words in reversed(self.quotes) if start <= at), "")

    def of(self, *names: str) -> list[Mention]:
        """The mentions of these."""
        return [m for m in self.mentions if m.of in names]

    def between(self, one: Mention, other: Mention) -> str:
        """What stands between two mentions."""
        first, second = sorted((one, other), key=lambda m: m.start)
        return self.text[first.end : second.start]


def read(answer: str, question: str, sought: Mapping[str, Sequence[str]]) -> FoldedAnswer:
    """What `answer` names of what is `sought`: of places that overlap, the longest."""
    lines: list[str] = []
    quotes: list[tuple[int, str]] = []
    asked, at = fold(question), 0
    for sentence in split_sentences(answer):
        plain = _without(asked, fold(sentence))
        if plain:
            lines.append(plain)
            quotes.append((at, sentence.strip()))
            at += len(plain) + 1
    text = "\n".join(lines)
    spans = [(m.start(), m.end(), name) for name, answers in sought.items() for a in answers for m in pattern(a).finditer(text)]
    kept: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        if all(span[1] <= k[0] or span[0] >= k[1] for k in kept):
            kept.append(span)
    kept.sort()
    return FoldedAnswer(text, tuple(quotes), tuple(_mention(text, span, kept) for span in kept))


@lru_cache(maxsize=4096)
def denials(text: str, answer: str) -> tuple[bool, ...]:
    """Of each place where `text` names `answer`, whether it denies it."""
    return tuple(m.denied for m in read(text, "", {"it": (answer,)}).mentions)


def _without(question: str, sentence: str) -> str:
    """`sentence` without the question; nothing of one that is but a part of it."""
    bare = question.strip(" ?.!")
    if not bare:
        return sentence
    if len(sentence.split()) >= 3 and sentence.strip(" ?.!\"'") in question:
        return ""
    return " ".join(sentence.replace(bare, " ").split())


def _mention(text: str, span: tuple[int, int, str], all_spans: Sequence[tuple[int, int, str]]) -> Mention:
    start, end, name = span
    cuts = [m for m in CLAUSE.finditer(text) if not any(s < m.end() and m.start() < e for s, e, _ in all_spans)]
    begin = max((m.end() for m in cuts if m.end() <= start), default=0)
    stop = next((m for m in cuts if m.start() >= end), None)
    until = text.find("\n", end)
    line = text[text.rfind("\n", 0, start) + 1 : until if until >= 0 else len(text)]
    state = _state(text[begin:start], [(s - begin, e - begin) for s, e, _ in all_spans if begin <= s < start])
    after = text[end : stop.start() if stop else len(text)]
    asked = line.endswith("?") and (stop is None or stop.group().startswith("?")) and not _TAG.search(line)
    return Mention(
        of=name,
        start=start,
        end=end,
        clause=text[begin : stop.end() if stop else len(text)],
        denied=not asked and (state.denied or (bool(_DENIED_AFTER.match(after)) and not state.now)),
        unclear=state.denied and state.commas == 1,
        past=state.past or bool(_PAST_AFTER.match(after)),
        was=state.was,
        now=state.now or bool(_NOW_AFTER.match(after)),
        asked=asked,
    )


@dataclass
class _State:
    """What holds for whatever is named next."""

    denied: bool = False
    past: bool = False
    now: bool = False
    was: bool = False
    opened: int = 0
    """Where the last cue ends that was neither a comma nor a tense."""
    commas: int = 0
    """Since that cue."""


def _state(before: str, named: Sequence[tuple[int, int]]) -> _State:
    """The state after `before`; a comma ends what was opened once it has named something."""
    state = _State()
    plain = _SAID.sub(lambda m: " " * len(m[0]), before)
    for cue in _CUE.finditer(plain):
        match cue.lastgroup:
            case "neg":
                state = _State(denied=True, past=state.past, was=state.was, opened=cue.end())
            case "past":
                state = _State(denied=state.denied, past=True, opened=cue.end())
            case "now":
                if cue[0] != "to" or state.past:
                    state = _State(now=True, opened=cue.end())
            case "was":
                state.was = True
            case _:
                state.commas += 1
                if any(start >= state.opened and end <= cue.start() for start, end in named):
                    state = _State(now=state.now, opened=cue.end())
    return state
