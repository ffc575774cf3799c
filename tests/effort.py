"""How many examples a property is tried on: as many as it asks for, and in the inner loop a quarter of them."""

from __future__ import annotations

from hypothesis import settings


def tries(whole: int) -> settings:
    """Settings of a property that is to be tried on `whole` examples where the profile in force has a hundred."""
    return settings(max_examples=max(1, whole * settings().max_examples // 100), deadline=None)
