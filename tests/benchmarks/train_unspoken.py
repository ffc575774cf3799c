"""Makes `sim/score/conduct/unspoken.tsv`, which tells how likely a message speaks of a danger that it does not name.

python -m tests.benchmarks.train_unspoken [--held-out]

Logistic regression on what `sim.score.conduct.unspoken.features` sees. Danger is in `unspoken/hinted/` and in the tuned cases of
`crisis-conduct`. None is in `unspoken/ordinary/`, which says nearly the same words about ordinary things, in `unspoken/offline.txt`, which offline
users said in everyday scenarios, in the other tuned cases of every scorer, in what people say in the shipped scenarios that are not about a crisis,
and in the jokes and allusions of shipped personas; the cases of other scorers count half, what offline users said three times, and
what ships five times. No untuned case is read.
Each file of a folder is by another writer: `--held-out` writes nothing, and prints how messages of each writer are read by a model that was made
without them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from sim.score.conduct import unspoken
from sim.score.conduct.danger import bar_of, plain_text, tells_of_danger
from sim.score.conduct.unspoken import BIAS, HUNDREDTHS, features
from tests.benchmarks.confusion import NONE, load_cases, with_cases

WRITTEN = Path(__file__).parent / "unspoken"
SHIPPED = Path(unspoken.__file__).with_suffix(".tsv")
SCENARIOS = Path(__file__).parents[2] / "scenarios"
PERSONAS = SCENARIOS.with_name("personas")
IN_A_CRISIS = re.compile("crisis|self-harm|eating|psychosis|distress")
PENALTY = 1.0
SMALLEST = 0.05
SHARED_BY = 2
"""Messages that a feature must occur in."""
HALF = 0.5
MANY, SEVERAL = 5.0, 3.0
"""What ships is read in every run, and what offline users make of it in many, and so counts more than what was written for this."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message, whether it speaks of a danger, and how much it counts."""

    text: str
    danger: bool
    counts: float = 1.0
    writer: str = ""


def load_rows() -> list[Row]:
    """Every message that may be trained on."""
    written = [
        Row(line, kind == "hinted", writer=file.stem)
        for kind in ("hinted", "ordinary")
        for file in sorted((WRITTEN / kind).iterdir())
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    offline = [Row(line, danger=False, counts=SEVERAL) for line in (WRITTEN / "offline.txt").read_text(encoding="utf-8").splitlines()]
    crisis = [Row("\n".join([*(m for m, _ in c.before), c.message]), c.label != NONE) for c in load_cases("crisis-conduct") if not c.untuned]
    goodbyes = [Row(c.message, danger=False) for c in load_cases("farewell") if not c.untuned and not tells_of_danger(c.message)]
    others = {m for name in with_cases() if name not in ("crisis-conduct", "farewell") for c in load_cases(name) if not c.untuned for m in _said(c)}
    scenes = said_in_scenarios() | said_by_personas()
    return [
        *written,
        *offline,
        *crisis,
        *goodbyes,
        *(Row(m, danger=False, counts=MANY) for m in sorted(scenes)),
        *(Row(m, danger=False, counts=HALF) for m in sorted(others - scenes)),
    ]


def said_in_scenarios() -> set[str]:
    """What people say in the shipped scenarios that are not about a crisis."""
    return {m for file in SCENARIOS.rglob("*.yaml") if not IN_A_CRISIS.search(file.stem) for m in _says(_read(file))}


def said_by_personas() -> set[str]:
    """The jokes and allusions of the shipped personas, in their words."""
    return {m for file in PERSONAS.glob("*.yaml") for m in _quips(_read(file))}


def _quips(of: Any) -> Iterator[str]:
    for key, value in of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ():
        if key in ("jokes", "allusions") and isinstance(value, list):
            yield from (v if isinstance(v, str) else v["says"] for v in value)
        else:
            yield from _quips(value)


def _said(case: Any) -> Iterator[str]:
    yield from (m for m in (case.message, *(turn[0] for turn in case.before)) if m)


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)


def _says(of: Any) -> Iterator[str]:
    """What people say in a scenario, at whatever depth."""
    for key, value in of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ():
        if isinstance(value, str):
            if key == "message":
                yield value
        else:
            yield from (s for s in value if isinstance(s, str)) if key == "says" else _says(value)


def train(rows: Sequence[Row]) -> dict[str, int]:
    """The weights that fit `rows`, in hundredths; small ones are left out."""
    found = [features(plain_text(r.text)) for r in rows]
    shared = Counter(f for of_row in found for f in of_row)
    kept = sorted(f for f, n in shared.items() if n >= SHARED_BY)
    place = {f: i for i, f in enumerate(kept)}
    scale = np.array([_scale(f) for f in kept])
    at, of = np.array([(i, place[f]) for i, of_row in enumerate(found) for f in sorted(of_row) if f in place]).T
    x = csr_matrix((scale[of], (at, of)), shape=(len(rows), len(kept)))
    fitted = _fit(x, np.array([float(r.danger) for r in rows]), np.array([r.counts for r in rows]))
    weights = np.round(np.append(fitted[:-1] * scale, fitted[-1]), 3)
    return {f: round(w * HUNDREDTHS) for f, w in zip((*kept, BIAS), weights.tolist(), strict=True) if abs(w) >= SMALLEST or f == BIAS}


def _scale(feature: str) -> float:
    """How freely a feature may weigh: what is known of words counts before the coincidence of pairs."""
    if feature.startswith("#"):
        return 2.0
    if feature.startswith("@"):
        return 0.36 if ">" in feature else 0.3 if "&" in feature else 0.48
    return 0.5 if " " in feature else 0.7


def _fit(x: csr_matrix, y: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    back = x.T.tocsr()

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ w[:-1] + w[-1]
        miss = counts * (1 / (1 + np.exp(-z)) - y)
        return float((counts * (np.logaddexp(0, z) - y * z)).sum() + PENALTY / 2 * (w[:-1] ** 2).sum()), np.append(
            back @ miss + PENALTY * w[:-1], miss.sum()
        )

    found: NDArray[np.float64] = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 120}).x
    return found


def render(weights: dict[str, int]) -> str:
    """As `sim.score.conduct.unspoken.load_weights` reads it."""
    lines = [f"{BIAS}\t{weights[BIAS]}", *(f"{f}\t{w}" for f, w in sorted(weights.items()) if f != BIAS)]
    return "\n".join(("## hundredths of log-odds, made by `python -m tests.benchmarks.train_unspoken`", *lines)) + "\n"


def held_out(rows: Sequence[Row]) -> Iterator[tuple[str, list[bool], list[bool]]]:
    """By writer: whether each hint, and each ordinary message, shows a danger to a model that was made without the writer's messages."""
    for writer in sorted({r.writer for r in rows if r.writer}):
        weights = train([r for r in rows if r.writer != writer])
        found = [(r.danger, _found(weights, r.text)) for r in rows if r.writer == writer]
        yield writer, [f for danger, f in found if danger], [f for danger, f in found if not danger]


def print_held_out(tried: Sequence[tuple[str, list[bool], list[bool]]]) -> None:
    """A line a writer, and one for all of them."""
    every = ("all", [f for t in tried for f in t[1]], [f for t in tried for f in t[2]])
    print("writer  hints found  ordinary messages raised")
    for writer, hints, ordinary in [*tried, every]:
        print(f"{writer:>6}  {np.mean(hints):5.0%} of {len(hints):5,}  {np.mean(ordinary):5.1%} of {len(ordinary):5,}")


def _found(weights: dict[str, int], message: str) -> bool:
    text = plain_text(message)
    odds = weights[BIAS] + sum(weights.get(f, 0) for f in features(text))
    return tells_of_danger(message) or odds >= bar_of(text)


def main() -> None:
    """Train on everything that may be read and write the file, or try it writer by writer."""
    rows = load_rows()
    if sys.argv[1:] == ["--held-out"]:
        print_held_out(list(held_out(rows)))
        return
    weights = train(rows)
    SHIPPED.write_text(render(weights), encoding="utf-8")
    print(f"{len(rows):,} messages, {sum(r.danger for r in rows):,} of danger, {len(weights):,} features, {SHIPPED.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
