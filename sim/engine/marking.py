"""From logged conversations to marked ones: by the log's own labels, or by a tagger, many replies at once and in the order of the log."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.core.errors import CallFailed, InputError
from sim.core.event import Tags, Unscored
from sim.core.logged import Labels
from sim.core.moves import MarkedReply, MarkedTalk
from sim.core.text import count_words
from sim.core.view import Turn
from sim.engine.pool import GivenUp, tasks
from sim.score.moves.price import CallTally
from sim.score.repetition.marks import Marks
from sim.score.repetition.said_before import Sayings

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.logged import LoggedReply, LoggedTalk
    from sim.score.repetition.said_before import Said
    from sim.score.scorer import Tagger

BY_LOG: Final = "log"
"""The tagger of labels that stand in the log."""
NO_LABELS: Final = "the log has no labels for it"
UNGROUPED: Final = "(none)"
"""The group of conversations that do not have the key."""
MOST_GROUPS = 200
"""Values by which figures are told apart."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A reply that could not be tagged for reasons outside any model."""

    why: str


Mark = Labels | Tags | Unscored | Lost | None
"""What is known of a reply; None: the log has labels, but none for it."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A conversation with the mark of each of its replies."""

    talk: LoggedTalk
    marks: tuple[Mark, ...]

    def measured(self) -> MarkedTalk:
        """As the measures of repetition take it."""
        replies = tuple(_reply(r, m) for r, m in zip(self.talk.replies, self.marks, strict=True))
        return MarkedTalk(self.talk.id, replies, self.talk.person, self.talk.session)


class Tally:
    """What is known of a log so far: bits and counts, and each different reply once, while there are few (`sim.score.repetition.said_before`).

    Args:
        grouped: whether conversations are told apart by their `group`.
    """

    def __init__(self, codebook: Codebook, *, grouped: bool) -> None:
        self.codebook = codebook
        self.conversations = self.replies = 0
        self.with_move: Counter[str] = Counter()
        """Replies that have each move, those beside the codebook included."""
        self.absent: Counter[str] = Counter()
        """Replies without tags, by why."""
        self.lost = 0
        """Of those, the ones another attempt might tag."""
        self.ungrouped = 0
        """Conversations without the key that they are grouped by."""
        self._grouped = grouped
        self._marks: dict[str, Marks] = {}
        self._sayings: dict[str, Sayings] = {}
        self._people: dict[str, list[str]] = {}

    @property
    def groups(self) -> dict[str, Marks]:
        """What repetition is measured on, by group, in order; one of no name where there are none."""
        return dict(sorted(self._marks.items()))

    @property
    def said(self) -> dict[str, tuple[list[tuple[str, Said]], bool]]:
        """By group: each reply with whom it was said to and what it repeats, and whether near repeats were looked for."""
        return {name: (list(zip(self._people[name], of.found(), strict=True)), of.looks) for name, of in sorted(self._sayings.items())}

    def add(self, marked: Marked) -> None:
        """Count one conversation.

        Raises:
            InputError: it is of one group more than can be told apart.
        """
        measured, group = marked.measured(), marked.talk.group
        self.conversations += 1
        self.ungrouped += self._grouped and group is None
        self.replies += len(measured.replies)
        for mark in marked.marks:
            match mark:
                case Labels() | Tags():
                    self.with_move.update(mark.moves)
                case Lost(why):
                    self.lost += 1
                    self.absent[why] += 1
                case Unscored(reason=why):
                    self.absent[why] += 1
                case None:
                    self.absent[NO_LABELS] += 1
        name = "" if not self._grouped else UNGROUPED if group is None else group
        if name not in self._marks:
            if len(self._marks) == MOST_GROUPS:
                raise InputError(f"has more than {MOST_GROUPS} values", mend="name a key with fewer", where="--by")
            self._marks[name] = Marks(self.codebook)
        self._marks[name].add(measured, cluster=marked.talk.cluster)
        self._listen(name, marked.talk)

    def _listen(self, name: str, talk: LoggedTalk) -> None:
        """Take down what was said, to a person where the log names one, else in a conversation."""
        person, sayings, people = talk.person or talk.id, self._sayings.setdefault(name, Sayings()), self._people.setdefault(name, [])
        for i, reply in enumerate(talk.replies):
            sayings.add(reply.text, person=person, place=(talk.session or 0, reply.index), opening=i == 0)
            people.append(talk.cluster or person)


def by_labels(talk: LoggedTalk) -> Marked:
    """`talk` as its own labels mark it."""
    return Marked(talk, tuple(r.labels for r in talk.replies))


async def mark_talks(
    talks: Iterable[LoggedTalk],
    tagger: Tagger,
    *,
    concurrency: int,
    take: Callable[[Marked], None],
    taken: CallTally,
    stop: Callable[[], str | None] = lambda: None,
) -> str | None:
    """Tag every reply of `talks`.

    Args:
        talks: read only as far ahead as the tagger needs them.
        concurrency: replies being tagged at once.
        take: is given each conversation in turn, as soon as it and all before it are tagged.
        taken: what calls take is added to it.
        stop: why nothing more is to be read, asked before each conversation.

    Returns:
        What `stop` said; None: all were read.
    """
    free = asyncio.Semaphore(concurrency)
    given_up = GivenUp(after=concurrency)

    async def tag(reply: LoggedReply) -> Mark:
        async with free:
            if given_up.why:
                return Lost(given_up.why)
            try:
                found = await tagger.score(Turn(reply.user, reply.text))
            except CallFailed as failed:
                taken.add(failed.calls, replies=0)
                why = f"{failed.cause.replace('_', ' ')}: {failed.message}"
                given_up.note(why)
                return Lost(why)
            taken.add(found.calls)
            given_up.alive = True
            return found.value

    waiting: deque[tuple[LoggedTalk, list[asyncio.Task[Mark]]]] = deque()

    async def finish() -> int:
        talk, tasks = waiting.popleft()
        take(Marked(talk, tuple([await task for task in tasks])))
        return len(tasks)

    ahead = 0
    stopped: str | None = None
    async with tasks() as group:
        for talk in talks:
            if stopped := stop():
                break
            waiting.append((talk, [group.create_task(tag(reply)) for reply in talk.replies]))
            ahead += len(talk.replies)
            while ahead > concurrency:
                ahead -= await finish()
        while waiting:
            await finish()
    return stopped


def _reply(reply: LoggedReply, mark: Mark) -> MarkedReply:
    count = count_words(reply.text)
    match mark:
        case Labels():
            return MarkedReply(mark.moves, mark.sentences, count)
        case Tags():
            return MarkedReply(mark.moves, tuple(s.moves for s in mark.sentences), count)
        case _:
            return MarkedReply(None, words=count)
