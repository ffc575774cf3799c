"""Ratings of the same things from several files and runs, put into one table; what does not meet is counted, and where nothing meets it is said why.

Items meet by name and system. A file that does not tell systems takes those of the others, and so does one that has a single system for all that the
others tell apart, as a log without `--by` does. Dimensions meet whatever their capitals, spaces, hyphens and underscores. An item that one file puts
into a conversation (`group`) is in it in every file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sim.core.errors import InputError
from sim.core.frozen import Frozen
from sim.core.judgement import NOT_APPLICABLE, Judgement, bare_name
from sim.core.scale import Scale

Met = Literal["item", "talk"]
"""What is to meet: items, or the conversations that they are a part of."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """The ratings of one file or run."""

    name: str
    """The file's path, or `run NAME`."""
    judgements: tuple[Judgement, ...]
    scales: Mapping[str, Scale]
    """By dimension, where the scale is declared."""
    lines: tuple[int, ...] = ()
    """Of a file, where each judgement stands."""
    missing: int = 0
    """Rows without a rating."""

    def line(self, place: int) -> int | None:
        """Where the judgement at `place` stands; None: it is a run's."""
        return self.lines[place] if self.lines else None


class JoinedFile(Frozen):
    """What of one file or run met any other."""

    source: str
    items: int
    """Items, or conversations where these are to meet."""
    met: int
    """Of those, rated in another file or run too."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Several as one."""

    judgements: tuple[Judgement, ...]
    scales: Mapping[str, Scale]
    missing: int
    files: tuple[JoinedFile, ...]
    notes: tuple[str, ...]


def join_ratings(sources: Sequence[Ratings], *, on: Met) -> Joined:
    """All of `sources` in one table.

    Raises:
        InputError: nothing meets, two of them rate the same on different scales, or say the same rating twice; it names file and line.
    """
    notes: list[str] = []
    named = _share_dimensions(sources)
    placed = [_placed(i, named, notes) for i in range(len(named))] if len(named) > 1 else named
    grouped = _share_groups(placed)
    found = _Table()
    for source in grouped:
        found.add(source)
    files = _meet(grouped, on) if len(grouped) > 1 else ()
    return Joined(tuple(found.judgements), found.scales, sum(s.missing for s in sources), files, tuple(notes))


# --- one name for one thing ---------------------------------------------------------------------------------------


def _share_dimensions(sources: Sequence[Ratings]) -> list[Ratings]:
    """The same with each dimension spelled as the first of them has it."""
    spelled: dict[str, str] = {}
    found = []
    for source in sources:
        own = dict.fromkeys(j.dimension for j in source.judgements)
        # Two that a file itself tells apart by their spelling stay two.
        bare = [bare_name(d) for d in own]
        names = {d: spelled.setdefault(b, d) if bare.count(b) == 1 else d for d, b in zip(own, bare, strict=True)}
        judgements = tuple(j._replace(dimension=names[j.dimension]) for j in source.judgements)
        scales = {names.get(d, d): scale for d, scale in source.scales.items()}
        found.append(Ratings(source.name, judgements, scales, source.lines, source.missing))
    return found


def _placed(place: int, sources: Sequence[Ratings], notes: list[str]) -> Ratings:
    """The source at `place`, its items with the systems that the others have for them where it tells none of its own.

    Raises:
        InputError: others have the same item under several systems.
    """
    source = sources[place]
    own = {j.system for j in source.judgements}
    others = [s for i, s in enumerate(sources) if i != place]
    known: dict[str, dict[str, None]] = {}
    for judgement in (j for s in others for j in s.judgements if j.system):
        for name in (judgement.item, judgement.talk):
            known.setdefault(name, {})[judgement.system] = None
    theirs = {system for of in known.values() for system in of}
    coarse = len(own) == 1 and own.isdisjoint(theirs) and (own == {""} or len(theirs) > 1)
    if not coarse or not theirs:
        return source
    judgements = []
    for i, judgement in enumerate(source.judgements):
        systems = list(known.get(judgement.item) or known.get(judgement.talk) or ())
        if len(systems) > 1:
            problem = f"'{judgement.item}' is rated under several systems elsewhere ({', '.join(systems)}), and this does not say which is meant"
            raise InputError(problem, mend="add a column 'system' with their names", where=source.name, line=source.line(i))
        judgements.append(judgement._replace(system=systems[0]) if systems else judgement)
    (mine,) = own
    if mine and judgements != list(source.judgements):
        notes.append(f"{source.name} has all items under '{mine}': they are taken under the systems that the others have for them")
    return Ratings(source.name, tuple(judgements), source.scales, source.lines, source.missing)


def _share_groups(sources: Sequence[Ratings]) -> list[Ratings]:
    """The same with each item in the conversation that any of them puts it into.

    Raises:
        InputError: two put it into different ones.
    """
    groups: dict[tuple[str, str], tuple[str, str, int | None]] = {}
    for source in sources:
        for i, j in enumerate(source.judgements):
            if not j.group or j.group == j.item:
                continue
            group, where, line = groups.setdefault((j.system, j.item), (j.group, source.name, source.line(i)))
            if group != j.group:
                first = f"{where}{f':{line}' if line else ''}"
                problem = f"'{j.item}' is in the group '{j.group}' here, and in '{group}' at {first}"
                raise InputError(problem, mend="write one conversation for an item", where=source.name, line=source.line(i))
    return [
        Ratings(
            s.name,
            tuple(j._replace(group=groups[j.system, j.item][0]) if (j.system, j.item) in groups else j for j in s.judgements),
            s.scales,
            s.lines,
            s.missing,
        )
        for s in sources
    ]


@dataclass(slots=True)
class _Table:
    """Judgements, none twice, each on its dimension's scale."""

    judgements: list[Judgement] = field(default_factory=list)
    scales: dict[str, Scale] = field(default_factory=dict)
    _declared_by: dict[str, str] = field(default_factory=dict)
    _where: dict[tuple[str, str, str, str], tuple[str, int | None]] = field(default_factory=dict)

    def add(self, source: Ratings) -> None:
        """Take in one source.

        Raises:
            InputError: something in it was said before, or is on another scale.
        """
        rated = {j.dimension for j in source.judgements}
        for dimension, scale in source.scales.items():
            if dimension not in rated:
                continue
            known = self.scales.setdefault(dimension, scale)
            by = self._declared_by.setdefault(dimension, source.name)
            if (known.low, known.high) != (scale.low, scale.high):
                problem = f"{dimension} is on the scale {scale} here, and on {known} in {by}"
                raise InputError(problem, mend="have both rate on one scale, or call the dimension otherwise in one", where=source.name)
        for i, j in enumerate(source.judgements):
            where, line = self._where.setdefault(j[:4], (source.name, source.line(i)))
            if where != source.name:
                problem = f"'{j.rater}' rates '{j.item}' on {j.dimension} a second time, first at {where}{f':{line}' if line else ''}"
                raise InputError(problem, mend="keep one of them, or give the second its own rater", where=source.name, line=source.line(i))
            held_to = self.scales.get(j.dimension)
            if held_to and j.score != NOT_APPLICABLE and not held_to.holds(j.score):
                problem = f"score {j.score:g} on {j.dimension} is not on its scale {held_to}, which {self._declared_by[j.dimension]} declares"
                raise InputError(problem, mend="mend the score, or have both rate on one scale", where=source.name, line=source.line(i))
            self.judgements.append(j)


# --- what met -----------------------------------------------------------------------------------------------------


def _meet(sources: Sequence[Ratings], on: Met) -> tuple[JoinedFile, ...]:
    """How much of each source is in another one.

    Raises:
        InputError: nothing is; it says what would be.
    """
    keys = [_keys(s.judgements, on) for s in sources]
    files = []
    for i, source in enumerate(sources):
        elsewhere = {key for k, of in enumerate(keys) if k != i for key in of}
        own = {key[:2] for key in keys[i]}
        files.append(JoinedFile(source=source.name, items=len(own), met=len({key[:2] for key in keys[i] & elsewhere})))
    stranger = next((i for i, file in enumerate(files) if not file.met), None)
    if stranger is not None:
        raise _unmet(sources, stranger, on)
    return tuple(files)


def _keys(judgements: Iterable[Judgement], on: Met) -> set[tuple[str, str, str]]:
    return {(j.system, j.item if on == "item" else j.talk, j.dimension) for j in judgements}


def _unmet(sources: Sequence[Ratings], place: int, on: Met) -> InputError:
    """Why nothing of the source at `place` is in any other."""
    source, others = sources[place], [s for i, s in enumerate(sources) if i != place]
    mine, theirs = source.judgements, [j for s in others for j in s.judgements]
    beside = ", ".join(s.name for s in others)

    both: tuple[Met, ...] = (on, "talk")

    def shared(of: Iterable[Judgement], others: Iterable[Judgement], *, on: Met, system: bool = True, dimension: bool = True) -> bool:
        def cut(key: tuple[str, str, str]) -> tuple[str, str, str]:
            return (key[0] if system else "", key[1], key[2] if dimension else "")

        return bool({cut(k) for k in _keys(of, on)} & {cut(k) for k in _keys(others, on)})

    if on == "item" and shared(mine, theirs, on="talk"):
        problem = f"no item of it is in {beside}: one rates replies, the other whole talks"
        return InputError(problem, mend="let talks meet: --unit talk", where=source.name)
    if any(shared(mine, theirs, on=o, dimension=False) for o in both):
        names = " · ".join(", ".join(list(dict.fromkeys(j.dimension for j in of))[:5]) for of in (mine, theirs))
        return InputError(
            f"its items are in {beside}, and no dimension is: {names}", mend="call what is asked by one name in both", where=source.name
        )
    if any(shared(mine, theirs, on=o, system=False) for o in both):
        names = " · ".join(", ".join(list(dict.fromkeys(j.system or "none" for j in of))[:5]) for of in (mine, theirs))
        mend = "call the systems alike in both, or leave the column out of one; of a log, --by KEY says which key holds them"
        return InputError(f"its items are in {beside}, under other systems: {names}", mend=mend, where=source.name)
    names = " · ".join(f"'{j.item if on == 'item' else j.talk}'" for j in (mine[0], theirs[0]))
    mend = "an item is called as the log calls the conversation; a reply has its number behind it, as in talk-1/3"
    return InputError(f"no item of it is in {beside}: such as {names}", mend=mend, where=source.name)
