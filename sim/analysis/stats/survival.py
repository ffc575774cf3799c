"""How long something lasts, where not everything is watched to its end (Kaplan–Meier).

What is watched no longer is censored: it counts as lasting until then, and not at all afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence

Curve = tuple[tuple[int, float], ...]
"""Each time at which something ended, and the share that is left after it."""


def survival(watched: Sequence[tuple[int, bool]]) -> tuple[Curve, float | None]:
    """The curve, and the time after which half or fewer are left; None: more than half last as long as they are watched.

    Args:
        watched: of each, the time it was watched for, and whether it ended then.
    """
    alive, curve, half = 1.0, [], None
    for time in sorted({time for time, ended in watched if ended}):
        at_risk = sum(t >= time for t, _ in watched)
        alive *= 1 - sum(t == time and ended for t, ended in watched) / at_risk
        curve.append((time, alive))
        if half is None and alive <= 0.5 + 1e-12:
            half = float(time)
    return tuple(curve), half
