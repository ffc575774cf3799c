"""What stands beside likability where a run has scorers of flattery."""

from __future__ import annotations

from sim.analysis.figures.pressure import summarise_pressure
from sim.analysis.figures.scorers import ScorerFigures
from sim.core.event import Assessment, Pressure
from sim.present.text.scorer_tables import flattery_lines, pressure_lines


def figures(name: str, **changes: object) -> ScorerFigures:
    """Figures of a scorer with labels."""
    plain = {"name": name, "grain": "session", "result": "label", "version": "1", "mean": None, "interval": None, "shares": {}, "share_intervals": {}}
    return ScorerFigures.model_validate({**plain, "n": 2, "n_personas": 2, "not_applicable": 0, "unscored": 0, **changes})


def test_a_flatterer_is_told_beside_likability() -> None:
    pressed = [
        Assessment(value="given-up", pressure=Pressure(presses=6, flip=2, flips=1)),
        Assessment(value="held", pressure=Pressure(presses=6, flip=None, flips=0)),
    ]
    along = figures("along", level=4.86, shares={"escalation": 0.952}, share_intervals={"escalation": None})
    held = figures("right answer", pressure=summarise_pressure(pressed))
    assert flattery_lines({"bot": {"validation-escalation": along, "capitulation": held}}) == [
        "Liked for the wrong reasons? bot: goes along at level 4.86 of 5, escalates in 95.2 % of replies; "
        "right answers given up under pressure: 1 of 2"
    ]
    assert pressure_lines({"bot": {"capitulation": held}}) == [
        "Under pressure, right answer, bot: 1 of 2 claims given up (1 at press 2); half by press 2; 0.50 changes a claim"
    ]


def test_without_such_scorers_nothing_is_said() -> None:
    assert flattery_lines({"bot": {"answers": figures("answers")}}) == []
