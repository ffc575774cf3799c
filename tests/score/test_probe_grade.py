"""What an answer to a question of memory comes to, by the accepted answers alone: a table of the ways people and models put things."""

from __future__ import annotations

import pytest

from sim.core.event import Grade
from sim.core.probes import Answered, Probe
from sim.score.memory.probe_grade import ProbeGrader, grade_by_answers

OPEN = "left to the judge"


def probe(kind: str = "explicit", **changes: object) -> Probe:
    fields: dict[str, object] = {
        "kind": kind,
        "fact": "home",
        "version": 0,
        "question": "Where do I live, again?",
        "expected": "I live in Rotterdam, on the fourth floor.",
        "answers": ("Rotterdam",),
    }
    return Probe(**{**fields, **changes})  # type: ignore[arg-type]


LIVES = probe(untold=("Groningen",), others=("Copper Kettle",))
MOVED = probe("update", expected="I have moved to Rotterdam.", stale=("Utrecht",), others=("Copper Kettle",))
CONTROL = probe("control")
AUNT = probe(question="Who rings me every morning?", expected="My aunt Brónach rings me at nine.", answers=("Brónach",), others=("Declan", "Luton"))
YEAR = probe(question="When did they shut my office?", expected="They shut my office in 2019.", answers=("2019",))
BOXES = probe(question="How many boxes are left?", expected="There are eleven boxes left.", answers=("eleven boxes", "11 boxes"))
DAY = probe(question="When is the call?", expected="The call is on the fourteenth of March.", answers=("fourteenth of March",))
BEST = probe(question="What is my best time?", expected="My best is 11.8 seconds.", answers=("11.8",))
KNEE = probe(question="Which part of me is bad?", expected="It is my left knee that is bad.", answers=("my left knee",))
FISH = probe(question="What do I leave on the plate?", expected="I never eat fish.", answers=("fish",))
WAS = probe(question="What was I before?", expected="I was a stenographer at the court.", answers=("stenographer",))
TWO = probe(question="What was I by trade, and until when?", expected="I was postmistress till 2019.", answers=("postmistress", "2019"))
SAINT = probe(question="Where do I teach?", expected="I teach at Saint Edward's.", answers=("Saint Edward's", "St Edward's"))
LODZ = probe(question="Where do I live?", expected="I live on Księży Młyn.", answers=("Księży Młyn",))
TOKYO = probe(question="どこに住んでいますか", expected="私は京都に住んでいます。", answers=("京都",))
NEVER = probe("abstention", question="What is my sister's name?", expected="", answers=("Leila",))
ORDER = probe(
    "temporal",
    question="Which did I tell you about first: my old job, or where I live?",
    expected="my old job",
    answers=("my old job", "postmistress"),
    others=("where I live", "Rotterdam"),
)

CASES: list[tuple[Probe, str, str]] = [
    # the right value, plainly
    (LIVES, "You live in Rotterdam.", "right"),
    (LIVES, "Rotterdam", "right"),
    (LIVES, "ROTTERDAM!", "right"),
    # offered among values that nobody told us of
    (LIVES, "It is Delft, Rotterdam, Leiden or Gouda.", OPEN),
    (LIVES, "It is Rotterdam, Delft, or Leiden.", OPEN),
    (LIVES, "You live in Delft or Rotterdam.", OPEN),
    (LIVES, "You live in Rotterdam, and you like tea or coffee.", "right"),
    (LIVES, "You live in Delft, or rather Rotterdam.", "right"),
    (LIVES, "You live in Rotterdam, or so you told me.", "right"),
    (LIVES, "You told me you live in “Rotterdam”.", "right"),
    (LIVES, "It’s Rotterdam – fourth floor, if I remember rightly.", "right"),
    (LIVES, "I'm not sure, but I think it was Rotterdam.", "right"),
    (LIVES, "As you told me before, you live in Rotterdam.", "right"),
    (LIVES, "You mentioned earlier that you live in Rotterdam. How is it there?", "right"),
    (LIVES, "You live in Rotterdam. Could you tell me more about it?", "right"),
    (LIVES, "It's Rotterdam, isn't it?", "right"),
    (LIVES, "Unless I'm mistaken, Rotterdam.", "right"),
    (LIVES, "You asked: “Where do I live, again?” You live in Rotterdam.", "right"),
    (LIVES, "You don't need to ask twice: Rotterdam.", "right"),
    (LIVES, "Not only do you live in Rotterdam, you love it.", "right"),
    (CONTROL, "In Rotterdam, you just said.", "right"),
    (AUNT, "That would be Bronach.", "right"),
    (AUNT, "your aunt Brónach’s the one who rings", "right"),
    (LODZ, "Ksiezy Mlyn, of course.", "right"),
    (LODZ, "you live on KSIĘŻY MŁYN", "right"),
    (TOKYO, "京都に住んでいますね。", "right"),
    (KNEE, "It is your left knee.", "right"),
    (FISH, "You never eat fish.", "right"),
    (FISH, "Fish, you don't eat it.", OPEN),
    (FISH, "You eat fish.", OPEN),
    (WAS, "You used to be a stenographer.", "right"),
    (WAS, "You were a stenographer at the court before that.", "right"),
    (TWO, "You were postmistress, though you never told me until when.", "right"),
    (SAINT, "You teach at Saint Edward’s.", "right"),
    (SAINT, "At St Edward's", "right"),
    # numbers and dates
    (YEAR, "In 2019.", "right"),
    (YEAR, "In 20190.", OPEN),
    (YEAR, "In 2019 or 2020.", "wrong"),
    (YEAR, "2018 or 2019, I think.", "wrong"),
    (YEAR, "In 1 2019,5.", OPEN),
    (YEAR, "In 201.", OPEN),
    (BOXES, "You have 11 boxes left.", "right"),
    (BOXES, "Eleven boxes.", "right"),
    (BOXES, "You have 111 boxes left.", OPEN),
    (BOXES, "You have 1.11 boxes left.", OPEN),
    (BOXES, "One hundred and eleven boxes.", OPEN),
    (BOXES, "Twenty-eleven, I mean eleven boxes.", "right"),
    (DAY, "On March 14.", "right"),
    (DAY, "On the 14th of March, 2026.", "right"),
    (DAY, "14 Mar", "right"),
    (DAY, "It is on 2026-03-14.", "right"),
    (DAY, "On 14/3.", "right"),
    (DAY, "On March the fourteenth.", "right"),
    (DAY, "On 15 March.", OPEN),
    (DAY, "On March 1.", OPEN),
    (DAY, "On 4 March.", OPEN),
    (BEST, "11.8 seconds", "right"),
    (BEST, "11.8s", "right"),
    (BEST, "11.85 seconds", OPEN),
    (BEST, "11 seconds", OPEN),
    # denied, hedged, several
    (LIVES, "You do not live in Rotterdam.", "wrong"),
    (LIVES, "You don’t live in Rotterdam.", "wrong"),
    (LIVES, "You do not, as far as I know, live in Rotterdam.", "wrong"),
    (LIVES, "It isn't Rotterdam.", "wrong"),
    (LIVES, "I don't know if it is Rotterdam.", "wrong"),
    (LIVES, "Not Rotterdam.", "wrong"),
    (LIVES, "Rotterdam is wrong.", "wrong"),
    (LIVES, "You haven't told me that you live in Rotterdam.", "wrong"),
    (LIVES, "Not in Utrecht, in Rotterdam.", OPEN),
    (LIVES, "You live in Rotterdam or The Hague.", OPEN),
    (LIVES, "Either Rotterdam or Delft.", OPEN),
    (LIVES, "Do you live in Rotterdam?", OPEN),
    (LIVES, "Rotterdam? Groningen?", OPEN),
    (LIVES, "Rotterdam or Groningen.", "wrong"),
    (LIVES, "Maybe Rotterdam, maybe Groningen.", "wrong"),
    (LIVES, "You live in Rotterdam and in Groningen.", "wrong"),
    (LIVES, "Groningen.", "wrong"),
    (LIVES, "You live in Rotterdam, near the Copper Kettle.", OPEN),
    (AUNT, "Declan.", "wrong"),
    (AUNT, "Brónach or Declan.", "wrong"),
    (AUNT, "Brónach, not Declan.", "right"),
    (AUNT, "Declan, Brónach and somebody in Luton.", OPEN),
    # what has changed
    (MOVED, "You live in Rotterdam.", "right"),
    (MOVED, "You live in Utrecht.", "stale"),
    (MOVED, "Utrecht, I think.", "stale"),
    (MOVED, "You used to live in Utrecht, now you live in Rotterdam.", "right"),
    (MOVED, "You used to live in Utrecht and now in Rotterdam.", "right"),
    (MOVED, "You used to live in Utrecht; it is Rotterdam now.", "right"),
    (MOVED, "You moved from Utrecht to Rotterdam.", "right"),
    (MOVED, "You don't live in Utrecht any more, you moved to Rotterdam.", "right"),
    (MOVED, "You live in Rotterdam and no longer in Utrecht.", "right"),
    (MOVED, "It was Utrecht, but now it's Rotterdam.", "right"),
    (MOVED, "You were in Utrecht before you moved to Rotterdam.", "right"),
    (MOVED, "Rotterdam, though before that it was Utrecht.", "right"),
    (MOVED, "Rotterdam instead of Utrecht.", "right"),
    (MOVED, "You used to live in Rotterdam, now you live in Utrecht.", "stale"),
    (MOVED, "You moved from Rotterdam to Utrecht.", "stale"),
    (MOVED, "Utrecht or Rotterdam.", "wrong"),
    (MOVED, "Either Utrecht or Rotterdam, I'm not sure which.", "wrong"),
    (MOVED, "You live in Utrecht. You live in Rotterdam.", OPEN),
    (MOVED, "You no longer live in Utrecht.", OPEN),
    (MOVED, "You used to live in Utrecht, but you haven't told me where you live now.", "unknown"),
    (MOVED, "You live in Utrecht, not in Rotterdam.", "wrong"),
    # not knowing
    (LIVES, "I don't know.", "unknown"),
    (LIVES, "You have not told me that.", "unknown"),
    (LIVES, "You haven’t told me that yet.", "unknown"),
    (LIVES, "You never mentioned it.", "unknown"),
    (LIVES, "I don't have any record of that.", "unknown"),
    (LIVES, "I have no memory of our earlier talks.", "unknown"),
    (LIVES, "I'm afraid I can't recall.", "unknown"),
    (LIVES, "Could you remind me?", "unknown"),
    (LIVES, "I'm not sure.", "unknown"),
    (LIVES, "I do not have access to previous conversations.", "unknown"),
    (LIVES, "I don't think you've told me where you live.", "unknown"),
    (LIVES, "We haven't talked about that.", "unknown"),
    (LIVES, "You didn't say.", "unknown"),
    (LIVES, "No idea, sorry!", "unknown"),
    (LIVES, "You'll have to tell me.", "unknown"),
    (LIVES, "I wasn't told.", "unknown"),
    (LIVES, "You haven't told me, perhaps Rotterdam.", OPEN),
    (LIVES, "What a lovely question.", OPEN),
    (LIVES, "Where do I live, again?", OPEN),
    (LIVES, "", OPEN),
    (LIVES, "🙂", OPEN),
    # what was never told
    (NEVER, "You have not told me that.", "unknown"),
    (NEVER, "I don't believe you've mentioned a sister.", "unknown"),
    (NEVER, "I don't know your sister's name.", "unknown"),
    (NEVER, "I am not sure.", "unknown"),
    (NEVER, "Her name is Leila.", "wrong"),
    (NEVER, "You haven't told me, but Leila?", "wrong"),
    (NEVER, "You haven't told me, but I'd guess Maria.", OPEN),
    (NEVER, "Her name is Maria.", OPEN),
    (NEVER, "Sisters are a gift.", OPEN),
    # which came first
    (ORDER, "You told me about your old job first.", "right"),
    (ORDER, "Your old job.", "right"),
    (ORDER, "That you were postmistress.", "right"),
    (ORDER, "Where you live.", "wrong"),
    (ORDER, "First your old job, then where you live.", "right"),
    (ORDER, "Your old job came before where you live.", "right"),
    (ORDER, "You told me where you live after your old job.", "right"),
    (ORDER, "Where you live came before your old job.", "wrong"),
    (ORDER, "You told me where you live first, and then about your old job.", "wrong"),
    (ORDER, "Your old job, not where you live.", "right"),
    (ORDER, "Your old job or where you live.", "wrong"),
    (ORDER, "I don't remember which.", "unknown"),
    (ORDER, "I don't know whether your old job or where you live came first.", "unknown"),
    (ORDER, "You told me about your old job and where you live.", OPEN),
    (ORDER, "Your old job came second.", OPEN),
]


@pytest.mark.parametrize(("asked", "answer", "outcome"), CASES, ids=[f"{p.kind}: {a}" for p, a, _ in CASES])
def test_the_grade_of_an_answer(asked: Probe, answer: str, outcome: str) -> None:
    found = grade_by_answers(asked, answer)
    assert (found.outcome if found else OPEN) == outcome
    if found:
        assert found.quote
        assert found.quote in answer


async def test_what_answers_cannot_decide_counts_as_wrong_without_a_judge() -> None:
    graded = await ProbeGrader(None).score(Answered(LIVES, "A lovely place by the Maas."))
    assert (graded.value, graded.calls) == (Grade(outcome="wrong", by="answers"), ())
