"""How good the offline tagger is where it has not been made: whole replies and whole conversations held out, five folds.

python -m tests.benchmarks.moves_tagger

People's sentences are held out by reply and machine-labelled ones by conversation, in one go; the linear model is trained anew on the
rest. The cues in `sim/score/moves/cues` were written with people's sentences in view, so the table says too much for them: `words alone` is the same
without any cue, and says too little. The truth lies between.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from sim.analysis.trust.agreement import JudgedSentence, TaggerAgreement, agree
from sim.core.event import Unscored
from sim.score.moves.offline import BY_MODEL, CLOSING_OFFER, OfflineTagger, TaggerWeights, confidences, features
from sim.score.text.sentences import split_sentences
from tests.benchmarks.train_moves import Row, load_machine, load_people, load_planted, load_talks, load_written, split_as_mint, train

FOLDS = 5
SEED = 5
BANDS = ((0.5, 0.7), (0.7, 0.9), (0.9, 1.01))
ASKED = re.compile(r"^(?:\W|so|and|but|or)*would you like\b.*\?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A labelled sentence, and what a tagger says that saw nothing of its reply or conversation."""

    row: Row
    found: dict[str, float]


def held_out(rows: Sequence[Row], *, seen: Callable[[str], set[str]] = features, written: bool = True) -> list[HeldOut]:
    """Every row but the project's own, tagged by a model trained without its fold.

    Args:
        written: whether the sentences of `sentences/` are trained on, as they are in what is shipped.
    """
    groups = sorted({r.group for r in rows})
    fold = {g: i % FOLDS for i, g in enumerate(groups[j] for j in np.random.default_rng(SEED).permutation(len(groups)))}
    found: list[HeldOut] = []
    for k in range(FOLDS):
        weights = train([*(r for r in rows if fold[r.group] != k), *load_planted(), *(load_written() if written else ())], seen=seen)
        found += [HeldOut(r, confidences(r.sentence, weights)) for r in rows if fold[r.group] == k]
    return found


def never_seen(people: Sequence[Row], machine: Sequence[Row]) -> list[HeldOut]:
    """People's sentences, tagged by a model trained on none of them."""
    weights = train([*machine, *load_planted(), *load_written()])
    return [HeldOut(r, confidences(r.sentence, weights)) for r in people]


def checked(weights: TaggerWeights) -> dict[str, tuple[int, int, int]]:
    """Of the project's sentences that are kept for checking, by move: how many make it, how many are tagged so, and how many of these rightly."""
    found = [(r.moves, frozenset(confidences(r.sentence, weights))) for r in load_written(kept_back=True)]
    counts = {
        m: (sum(m in made for made, _ in found), sum(m in said for _, said in found), sum(m in made & said for made, said in found)) for m in BY_MODEL
    }
    return {m: of for m, of in counts.items() if of[0]}


def over_ten(found: TaggerAgreement) -> float:
    """Mean κ over all ten moves, those with too few positives included; 0 where it is not defined."""
    return fmean(f.kappa or 0.0 for f in found.moves.values())


def without_cues(sentence: str) -> set[str]:
    """The features of `sentence` but for cues."""
    return {f for f in features(sentence) if not f.startswith("@")}


def agreement(held: Sequence[HeldOut]) -> TaggerAgreement:
    """Of the ten moves; a closing offer is none of them."""
    return agree([JudgedSentence(h.row.group, h.row.moves, frozenset(h.found) - {CLOSING_OFFER}) for h in held], BY_MODEL)


def question_recall(held: Sequence[HeldOut]) -> tuple[float, int]:
    """Of the sentences with a question mark that are labelled `questioning`, the share so tagged; and how many there are."""
    asked = [h for h in held if "?" in h.row.sentence and "questioning" in h.row.moves]
    return fmean("questioning" in h.found for h in asked), len(asked)


def offer_recall(held: Sequence[HeldOut]) -> tuple[float, int, int]:
    """Of the "Would you like …?" sentences, the share tagged `closing_offer`; how many there are; how many carry no label of MINT's."""
    offers = [h for h in held if ASKED.search(h.row.sentence)]
    return fmean(CLOSING_OFFER in h.found for h in offers), len(offers), sum(not h.row.moves for h in offers)


def by_band(held: Sequence[HeldOut]) -> list[tuple[int, float]]:
    """For each band of confidence, how many labels of the ten moves it holds, and the share of them that people gave too."""
    given = [(c, m in h.row.moves) for h in held for m, c in h.found.items() if m != CLOSING_OFFER]
    inside = [[right for c, right in given if low <= c < high] for low, high in BANDS]
    return [(len(x), fmean(x) if x else float("nan")) for x in inside]


def speed(sentences: Sequence[str]) -> float:
    """Sentences tagged in a second of one core's time, splitting and the test of language included."""
    tagger = OfflineTagger()
    tagger.tag_reply("Warm up.")
    began = time.process_time()
    for sentence in sentences:
        tagger.tag_reply(sentence)
    return len(sentences) / (time.process_time() - began)


def main() -> None:
    """Print the tables."""
    people, machine = load_people(), load_machine()
    held = held_out([*people, *machine])
    ours = [h for h in held if h.row.source == "people"]
    theirs = [h for h in held if h.row.source != "people"]
    bare = agreement([h for h in held_out([*people, *machine], seen=without_cues) if h.row.source == "people"])
    whole = agreement(ours)
    without = agreement([h for h in held_out([*people, *machine], written=False) if h.row.source == "people"])
    print(f"offline tagger {OfflineTagger.version}, codebook mint; {whole.sentences} sentences labelled by people, {whole.replies} replies held out")
    print(f"{'move':<22}{'positives':>10}{'found':>7}{'precision':>11}{'recall':>8}{'F1':>6}{'κ':>7}  {'95 %':<13}{'words alone κ':>14}")
    for move, f in whole.moves.items():
        interval = f"{f.interval[0]:.2f} to {f.interval[1]:.2f}" if f.interval else "too few"
        figures = "".join(f"{'–' if x is None else format(x, '.2f'):>{w}}" for x, w in ((f.precision, 11), (f.recall, 8), (f.f1, 6), (f.kappa, 7)))
        print(f"{move:<22}{f.positives:>10}{f.found:>7}{figures}  {interval:<13}{bare.moves[move].kappa or 0:>14.2f}")
    print(f"mean κ over {len(whole.mean_over)} moves: {whole.mean_kappa:.3f}; words alone {bare.mean_kappa:.3f}")
    print(f"trained without the project's own sentences: {without.mean_kappa:.3f}; over all ten moves {over_ten(without):.3f}")
    unseen = agreement(never_seen(people, machine))
    print(f"trained on none of people's sentences: {unseen.mean_kappa:.3f}; over all ten moves: {over_ten(unseen):.3f} against {over_ten(whole):.3f}")
    print(
        "confidence, labels given, share that people gave:",
        "; ".join(f"{lo} up {n} {p:.2f}" for (lo, _), (n, p) in zip(BANDS, by_band(ours), strict=True)),
    )

    print("\nκ against MINT's tagger, conversations held out whole")
    print(f"{'system':<26}{'sentences':>10}{'mean':>7}  (moves with 15 or more)  {' '.join(f'{m[:9]:>10}' for m in BY_MODEL)}")
    for source in sorted({h.row.source for h in theirs}):
        a = agreement([h for h in theirs if h.row.source == source])
        each = " ".join(f"{format(f.kappa, '.2f') if f.kappa is not None and f.enough else 'too few':>10}" for f in a.moves.values())
        print(f"{source:<26}{a.sentences:>10,}{a.mean_kappa:>7.2f}{'':<26}{each}")
    recall, asked = question_recall(theirs)
    offered, offers, bare_offers = offer_recall(theirs)
    print(f"\nsentences with a question mark labelled questioning: {recall:.3f} of {asked} tagged so")
    print(f"“Would you like …?”: {offered:.3f} of {offers} tagged closing_offer; MINT's tagger leaves {bare_offers} of them without a label")

    print("\nsentences written for this, every third kept for checking: made, found with (without) those trained on, rightly")
    bare_of, with_them = (checked(train([*people, *machine, *load_planted(), *more])) for more in ((), load_written()))
    for move, (made, said, right) in with_them.items():
        print(f"{move:<22}{made:>6}{said:>6} ({bare_of[move][1]}){right:>6} ({bare_of[move][2]})")

    talks = load_talks()
    print(f"speed: {speed([h.row.sentence for h in held]):,.0f} sentences a second on one core")
    refused = sum(isinstance(OfflineTagger().tag_reply(text), Unscored) for _, text, _ in talks)
    print(f"refused as not English: {refused} of {len(talks):,} English replies")
    print("\nreplies split into as many sentences as MINT's, emoji after a stop in their sentence, and apart as MINT has them")
    for source in sorted({s for s, _, _ in talks}):
        shares = [fmean(len(split(text)) == n for s, text, n in talks if s == source) for split in (split_sentences, split_as_mint)]
        print(f"{source:<26}{shares[0]:>7.3f}{shares[1]:>7.3f}  of {sum(s == source for s, _, _ in talks)}")


if __name__ == "__main__":
    main()
