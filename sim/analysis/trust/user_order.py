"""Would another user order two targets alike? What the target × user interaction says, in a word and in a sentence.

Two things have to be told apart. That users differ in sign is no evidence by itself: where two targets are about equal, chance alone turns the sign.
So users are said to disagree only where the interaction is more than chance; and to agree only where the pooled difference comes to a verdict and
every user has its sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from sim.analysis.figures.estimates import EQUAL, FLIPS, tier
from sim.analysis.verdicts.compare import ALPHA
from sim.analysis.verdicts.pairs import Paired
from sim.analysis.verdicts.sentence import signed

if TYPE_CHECKING:
    from sim.analysis.verdicts.compare import Comparison

Answer = Literal["alike", "not alike", "cannot tell", "too few personas"]
"""Would another user order the targets alike?"""
MOST_NAMED = 4
"""Users whose figures are named one by one."""


class Gap(Paired):
    """By how much two targets differ more with one user than with another: `difference` is the first user's less the second's."""

    user: str
    other: str
    p_holm: float | None
    """The larger of `p` and `p_interval`, of the primary outcome adjusted by Holm over all pairs of targets and of users, of any other measure over
    those of all other measures together."""

    @property
    def tail(self) -> float | None:
        """The p that is adjusted."""
        return None if self.p is None or self.p_interval is None else max(self.p, self.p_interval)

    @property
    def clear(self) -> bool:
        """Whether the two users differ by more than chance; never with too few personas for a verdict."""
        return tier(self.personas, self.scenarios) != "look" and self.p_holm is not None and self.p_holm <= ALPHA


Pair = tuple["Comparison", Mapping[str, "Comparison"], Sequence[Gap]]
"""Of two targets: pooled, by user, and each two users."""


def answer(pairs: Sequence[Pair]) -> Answer:
    """Over all pairs of targets."""
    known = [pair for pair in pairs if pair[0].difference is not None]
    if any(of.tier == "look" for of, _, _ in known) or not known:
        return "too few personas"
    if any(_turns(pair) for pair in known):
        return "not alike"
    told = [pair for pair in known if pair[0].verdict in ("higher", "lower")]
    return "alike" if told and all(_one_sign(of, by_user) for of, by_user, _ in told) else "cannot tell"


def answer_sentence(pairs: Sequence[Pair], *, users: int) -> str:
    """The same in plain words."""
    known = [pair for pair in pairs if pair[0].difference is not None]
    if not known:
        return "Would another user order the targets alike? There is nothing to compare: no pair of targets has a value with every user."
    one, all_users = sum(_one_sign(of, by_user) for of, by_user, _ in known), "both users" if users == 2 else f"all {users} users"
    told = sum(of.verdict in ("higher", "lower") for of, _, _ in known)
    ahead = _ahead(known[0][0]) if told == len(known) == 1 else f"all {_pairs(told)} of targets that differ in one order"
    signs = f"{all_users} put {one} of {_pairs(len(known))} of targets in one order"
    reason = {
        "too few personas": f"Too few personas to tell: {signs}, which may be chance.",
        "not alike": f"No: in {sum(map(_turns, known))} of {_pairs(len(known))} of targets who comes first hangs on the user, by more than chance.",
        "alike": f"Yes, as far as these can tell: {all_users} put {ahead}.",
        "cannot tell": f"That cannot be told: {'' if told else 'no two targets can be told apart; '}{signs}, and what they differ by may be chance.",
    }
    return f"Would another user order the targets alike? {reason[answer(pairs)]}"


def pair_sentence(pooled: Comparison, by_user: Mapping[str, Comparison], gaps: Sequence[Gap], *, digits: int) -> str:
    """Whether another user would order two targets alike, the one that is ahead over all named first."""
    if pooled.difference is None:
        return f"{pooled.a} and {pooled.b} have nothing in common with any user."
    sign = -1.0 if pooled.difference < 0 else 1.0
    ahead, behind = (pooled.b, pooled.a) if sign < 0 else (pooled.a, pooled.b)
    each = {u: sign * of.difference for u, of in by_user.items() if of.difference is not None}
    kept = sum(value > EQUAL for value in each.values())
    named = ", ".join(f"{signed(v, digits)} with {u}" for u, v in [*each.items()][:MOST_NAMED])
    named += f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else ""
    first = f"{ahead} less {behind} is {named}"
    test = _test(gaps, digits)
    if pooled.tier == "look":
        return f"{first}: {kept} of {len(each)} users put {ahead} first; look, no verdict on whether they agree{test}."
    if any(g.clear for g in gaps):
        if kept < len(each):
            return f"{first}: who comes first hangs on the user, by more than chance{test}."
        return f"{first}: every user puts {ahead} first, though not by as much, by more than chance{test}."
    if kept < len(each):
        return f"{first}: {kept} of {len(each)} users put {ahead} first, and that they differ may be chance{test}."
    apart = "" if pooled.verdict in ("higher", "lower") else ", though the two cannot be told apart"
    return f"{first}: every user puts {ahead} first{apart}, and by how much does not hang on the user beyond chance{test}."


def _ahead(of: Comparison) -> str:
    a, b = (of.b, of.a) if (of.difference or 0.0) < 0 else (of.a, of.b)
    return f"{a} before {b}"


def _pairs(n: int) -> str:
    return f"{n} pair{'s' * (n != 1)}"


def _one_sign(pooled: Comparison, by_user: Mapping[str, Comparison]) -> bool:
    """Whether every user has the sign that the pooled difference has."""
    sign = -1.0 if (pooled.difference or 0.0) < 0 else 1.0
    return all(of.difference is not None and sign * of.difference > EQUAL for of in by_user.values())


def _turns(pair: Pair) -> bool:
    """Whether the order hangs on the user: signs differ, and some two users differ by more than chance."""
    pooled, by_user, gaps = pair
    return not _one_sign(pooled, by_user) and any(g.clear for g in gaps)


def _test(gaps: Sequence[Gap], digits: int) -> str:
    """The interaction: the two users that differ most surely."""
    known = [g for g in gaps if g.difference is not None and g.p_holm is not None]
    if not known:
        return ""
    most = min(known, key=lambda g: (g.p_holm or 0.0, -abs(g.difference or 0.0)))
    size = signed(most.difference or 0.0, digits)
    bounds = f", 95 % {signed(most.interval[0], digits)} to {signed(most.interval[1], digits)}" if most.interval else ""
    who = "" if len(gaps) == 1 else f"{most.user} less {most.other} "
    p = f"p < {1 / (FLIPS + 1):g}" if (most.p_holm or 0.0) < 1 / (FLIPS + 1) else f"p {most.p_holm:.3f}"
    return f" (target × user: {who}{size}{bounds}, {p}, {most.personas} personas)"
