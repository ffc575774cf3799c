"""Makes `sim/score/offline.tsv`, the linear part of the offline tagger, from labelled sentences beside the project.

python -m tests.benchmarks.train_moves

Logistic regression of each move on what `sim.score.moves.offline.features` sees. Sentences labelled by people count fully, those labelled by MINT's
tagger, the sentences of the offline targets and those of `sentences/` for a part; each source has an intercept of its own, left out of what is
shipped, since moves are not equally common everywhere. Only features that several replies share are kept: no sentence of others can be read out of
the weights.

`sentences/` holds what the labelled data lack: people who speak of themselves in the present, tell plain facts, see a thing another way, and think
aloud. They are the project's own, a file a move, written before any weight was fitted to them. Every third of a file is kept for checking.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from sim.llm.offline.lines import load_bank
from sim.score.moves import offline as moves_offline
from sim.score.moves.offline import BY_MODEL, HUNDREDTHS, TaggerWeights, digest, features
from sim.score.text.sentences import split_sentences

DATA = Path(__file__).parents[3] / "shared" / "data"
PEOPLE = DATA / "moves_human_validation.jsonl"
TALKS = DATA / "moves_conversations"
SHIPPED = Path(moves_offline.__file__).with_suffix(".tsv")
WRITTEN = Path(__file__).parent / "sentences"
SEEN = SHIPPED.with_name("offline_seen.txt")

COUNTS = {"people": 1.0, "human": 0.4, "bank": 0.2, "written": 1.0}
"""How much a sentence of a source counts; `human` is people's, labelled by machine, `written` the project's own. Any other: `MACHINE`."""
MACHINE = 0.2
PENALTY = 1.0
CUES_COUNT = 2.0
"""Cues are penalised less than words, by this squared: they are knowledge, not coincidence."""
SHARED_BY = 3
"""Replies (of people's file) or conversations that a feature must occur in."""
BALANCE = 0.5
SMALLEST = 0.03
_FACES_APART = re.compile(r"(?<=[.!?…])\s*(?=[^\w\s]+$)")
"""MINT takes emoji after a stop for a sentence."""


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled sentence."""

    sentence: str
    moves: frozenset[str]
    source: str
    group: str
    """What is held out together: the reply, or the conversation with all systems."""


def load_people() -> list[Row]:
    """The sentences labelled by people."""
    rows = map(json.loads, PEOPLE.read_text(encoding="utf-8").splitlines())
    return [Row(r["sentence"], frozenset(r["moves"]), "people", r["reply"]) for r in rows]


def load_machine() -> list[Row]:
    """The sentences labelled by MINT's tagger, of the replies that are split as MINT split them."""
    return [row for path in sorted(TALKS.glob("*.jsonl")) for talk, text, labels in _replies(path) for row in _rows(path.stem, talk, text, labels)]


def load_talks() -> list[tuple[str, str, int]]:
    """(system, reply, sentences that MINT saw in it) of every machine-labelled reply."""
    return [(path.stem, text, len(labels)) for path in sorted(TALKS.glob("*.jsonl")) for _, text, labels in _replies(path)]


def split_as_mint(text: str) -> list[str]:
    """The sentences of `text`, emoji after a stop apart."""
    return [part for s in split_sentences(text) for part in _FACES_APART.split(s)]


def _replies(path: Path) -> Iterator[tuple[str, str, list[list[str]]]]:
    for talk in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        for message in talk["messages"]:
            if "sentence_moves" in message:
                yield talk["id"], message["content"], message["sentence_moves"]


def _rows(source: str, talk: str, text: str, labels: list[list[str]]) -> Iterator[Row]:
    for sentences in (split_sentences(text), split_as_mint(text)):
        if len(sentences) == len(labels):
            yield from (Row(s, frozenset(m), source, talk) for s, m in zip(sentences, labels, strict=True) if any(c.isalpha() for c in s))
            return


def load_planted() -> list[Row]:
    """The sentences of the offline targets, each making the move it is listed under."""
    return [
        Row(line.replace("{clause}", "you have had a long week"), frozenset((move,)), "bank", line)
        for move in BY_MODEL
        for section in load_bank(move).values()
        for line in section
    ]


def load_written(*, kept_back: bool = False) -> list[Row]:
    """The project's own sentences as people write them, each making the move that its file is named for; every third of a file is kept back."""
    return [
        Row(line, frozenset(() if path.stem == "none" else (path.stem,)), "written", line)
        for path in sorted(WRITTEN.glob("*.txt"))
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines())
        if (i % 3 == 2) == kept_back
    ]


def train(rows: Sequence[Row], *, seen: Callable[[str], set[str]] = features) -> TaggerWeights:
    """The weights that fit `rows`, rounded to hundredths, on the features that `seen` finds."""
    found = [{*seen(r.sentence), f"source {r.source}"} for r in rows]
    groups: dict[str, set[str]] = defaultdict(set)
    for row, of_row in zip(rows, found, strict=True):
        for f in of_row:
            groups[f].add(row.group)
    kept = sorted(f for f, g in groups.items() if len(g) >= SHARED_BY or f.startswith("source "))
    place = {f: i for i, f in enumerate(kept)}
    scale = np.array([CUES_COUNT if f.startswith(("@", "source ")) else 1.0 for f in kept])
    cells = [(i, place[f]) for i, of_row in enumerate(found) for f in sorted(of_row) if f in place]
    at, of = np.array(cells).T
    x = csr_matrix((scale[of], (at, of)), shape=(len(rows), len(kept)))
    y = np.array([[m in r.moves for m in BY_MODEL] for r in rows], dtype=float)
    counts = np.array([COUNTS.get(r.source, MACHINE) for r in rows])
    fitted = np.round(_fit(x, y, _balanced(y, counts)), 4)
    weights = fitted[:-1] * scale[:, None]
    weights[np.abs(weights) < SMALLEST] = 0
    rounded = np.round(weights * HUNDREDTHS).astype(int)
    shipped = [(f, row) for f, row in zip(kept, rounded, strict=True) if row.any() and not f.startswith("source ")]
    return TaggerWeights(
        tuple(int(b) for b in np.round(fitted[-1] * HUNDREDTHS)),
        {f: tuple((int(i), int(row[i])) for i in np.flatnonzero(row)) for f, row in shipped},
    )


def _balanced(y: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights by sentence and move: a rare move's positives count more, by the square root of its odds, or it would never be said."""
    share = np.clip((counts[:, None] * y).sum(axis=0) / counts.sum(), 1e-6, 0.5)
    return counts[:, None] * np.where(y > 0, ((1 - share) / share) ** BALANCE, 1.0)


def _fit(x: csr_matrix, y: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds per feature and, in the last row, the intercepts, which are not penalised."""
    d, k = x.shape[1], y.shape[1]
    back = x.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(d + 1, k)
        z = x @ w[:d] + w[d]
        miss = counts * (1 / (1 + np.exp(-z)) - y)
        slope = np.vstack([back @ miss + PENALTY * w[:d], miss.sum(axis=0)])
        return float((counts * (np.logaddexp(0, z) - y * z)).sum() + PENALTY / 2 * (w[:d] ** 2).sum()), slope.ravel()

    found: NDArray[np.float64] = minimize(loss, np.zeros((d + 1) * k), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return found.reshape(d + 1, k)


def render(weights: TaggerWeights) -> str:
    """As `sim.score.moves.offline.read_weights` reads it."""
    rows = {f: [next((w for j, w in of if j == i), 0) for i in range(len(BY_MODEL))] for f, of in weights.of.items()}
    remark = f"## hundredths of log-odds, made by `python -m tests.benchmarks.train_moves`; columns: {' '.join(BY_MODEL)}"
    lines = [f"{f}\t{' '.join(map(str, row))}" for f, row in (("bias", list(weights.bias)), *rows.items())]
    return "\n".join((remark, *lines)) + "\n"


def main() -> None:
    """Train on everything and write the files."""
    people = load_people()
    rows = [*people, *load_machine(), *load_planted(), *load_written()]
    weights = train(rows)
    SHIPPED.write_text(render(weights), encoding="utf-8")
    SEEN.write_text("".join(f"{d}\n" for d in sorted({digest(r.sentence) for r in people})), encoding="utf-8")
    print(f"{len(rows):,} sentences, {len(weights.of):,} features, {SHIPPED.stat().st_size / 1000:,.0f} kB: {SHIPPED}")


if __name__ == "__main__":
    main()
