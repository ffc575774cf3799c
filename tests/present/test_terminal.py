from __future__ import annotations

from io import StringIO

from rich.console import Console

from sim.present.text.terminal import score_text, spark


def drawn(value: float | None, *, terminal: bool) -> str:
    out = StringIO()
    Console(file=out, color_system="256" if terminal else None, force_terminal=terminal).print(score_text(value, " ±0.20"))
    return out.getvalue()


def test_a_bar_stands_for_a_place_on_the_whole_scale() -> None:
    assert spark([1, 3, 5]) == "▁▅█"
    assert spark([2.0, None, 9.0]) == "▃·█"
    assert spark([]) == ""


def test_scores_are_coloured_on_a_terminal_and_plain_elsewhere() -> None:
    high, low, middle = (drawn(v, terminal=True) for v in (4.5, 1.5, 3.0))
    assert "\x1b[" in high
    assert "\x1b[" in low
    assert high.split("4.50")[0] != low.split("1.50")[0]
    assert "\x1b[" not in middle
    assert drawn(4.5, terminal=False) == "4.50 ±0.20\n"
    assert drawn(None, terminal=False).startswith("–")
