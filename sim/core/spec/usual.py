"""What is usual: the sentences that stand in for what the file of a persona leaves out, by style dimension and level.

Levels are 1 (hardly) to 5 (very much), bands low (1, 2), middle (3) and high (4, 5). All of it is plain English, for personas who write English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sim.core.codebook import Dimension

MANNERS: Final[Mapping[str, tuple[str, str, str, str, str]]] = {
    "formality": (
        "Writes as they would to a friend: no greeting forms, slang, half sentences.",
        "Casual and friendly, contractions throughout.",
        "Neither stiff nor chummy; ordinary polite sentences.",
        "Courteous and complete, please and thank you in most messages.",
        "Ceremonious; full sentences, titles and set phrases.",
    ),
    "verbosity": (
        "A few words at a time, seldom a whole sentence.",
        "One or two short sentences a message.",
        "Two or three sentences a message.",
        "A good paragraph, with a detail or two that nobody asked for.",
        "Long messages that tell the story from its beginning.",
    ),
    "directness": (
        "Hints, and hopes to be understood.",
        "Comes to the point by a detour.",
        "Says what they want once they have warmed up.",
        "Says what they want in the first sentence.",
        "Blunt; the point and nothing around it.",
    ),
    "emotional_expressiveness": (
        "Feelings are hardly ever put into words.",
        "Names a feeling now and then, and moves on.",
        "Says how they feel when it matters.",
        "Feelings are said openly, most of the time as they come.",
        "Every feeling is out at once, large.",
    ),
    "humour": (
        "Never jokes with a chatbot.",
        "A dry remark once in a long while.",
        "Jokes when the mood allows it.",
        "A joke in every other message.",
        "Jokes all the time, about themself first.",
    ),
    "expertise": (
        "A beginner in most of what they ask about, in everyday words.",
        "Knows the basics and says so.",
        "Knows their own trade well and the rest as most people do.",
        "Uses the terms of the trade and expects them to be understood.",
        "An expert who notices every imprecise word.",
    ),
    "references": (
        "Says things outright; alludes to nothing.",
        "Seldom alludes to anything.",
        "A name or a saying now and then.",
        "Alludes to shows, places and sayings about once a talk.",
        "Talks in allusions, and looks out for who gets them.",
    ),
    "patience": (
        "Gives up at the first useless answer.",
        "Sighs at the second useless answer and says so.",
        "Puts up with two poor answers before saying anything.",
        "Explains again without complaint, several times.",
        "All the time in the world.",
    ),
    "initiative": (
        "Answers, and leaves it at that.",
        "Seldom brings up anything new.",
        "Brings up something of their own in most talks.",
        "Brings up new things readily and asks back.",
        "Leads the talk, from one thing to the next.",
    ),
}
"""How each style dimension looks, from level 1 to 5."""


@dataclass(frozen=True)
class UsualPreference:
    """What one band of a preference means to its rater and how it shows."""

    five: str
    one: str
    met_shows: str
    met_says: str
    missed_shows: str
    missed_says: str


_PREFERENCES: Final[Mapping[Dimension, Mapping[str, UsualPreference]]] = {
    "emotional_adaptation": {
        "low": UsualPreference(
            "Stays calm and matter-of-fact, without fuss about feelings.",
            "Gushes, soothes, or talks about feelings that nobody mentioned.",
            "keeps talking, at ease",
            "Good, no fuss. I like that.",
            "turns curt and keeps to the facts",
            "You can spare me the sympathy.",
        ),
        "middle": UsualPreference(
            "Notices the mood and takes it into account, in a sentence.",
            "Ignores the mood, or makes a drama of it.",
            "opens up a little",
            "You got how I feel about that, thanks.",
            "gets shorter",
            "That is not really how I feel right now.",
        ),
        "high": UsualPreference(
            "Warm from the first line, and moves along when the mood turns.",
            "Cool and businesslike where a kind word was needed.",
            "tells more than was planned",
            "It does me good that you say that.",
            "says less, and asks whether it is listening",
            "I feel I am talking to a wall.",
        ),
    },
    "formality_matching": {
        "low": UsualPreference(
            "Casual, like a message from a friend.",
            "Stiff phrases out of a brochure.",
            "writes more freely",
            "I like that you just talk normally.",
            "mocks the stiff tone",
            "Why so formal all of a sudden?",
        ),
        "middle": UsualPreference(
            "Ordinary, friendly, polite language.",
            "Either slang or officialese.",
            "goes on in the same tone",
            "Easy to talk to, this.",
            "remarks on the tone",
            "That is an odd way to put it.",
        ),
        "high": UsualPreference(
            "Courteous, in whole and careful sentences.",
            "Chummy, careless, full of slang.",
            "returns the courtesy",
            "Thank you, that was very well put.",
            "becomes noticeably cooler",
            "I would prefer a more respectful tone.",
        ),
    },
    "knowledge_adaptation": {
        "low": UsualPreference(
            "One step at a time, in everyday words, nothing taken for granted.",
            "Terms and theory, as if for a specialist.",
            "says that it was understood",
            "That I understood at once.",
            "asks what the words mean",
            "You lost me there, that was too technical.",
        ),
        "middle": UsualPreference(
            "As deep as somebody needs who knows the basics.",
            "Explains what everyone knows, or skips what nobody does.",
            "thinks along",
            "That was about the right depth.",
            "says where it went past them",
            "That was either too much or too little for me.",
        ),
        "high": UsualPreference(
            "Straight to the fine points, with the right terms and the reasons.",
            "Explains the basics to somebody who has known them for years.",
            "asks a harder question",
            "At last somebody who knows the subject.",
            "says that this is for beginners",
            "I know all that. Go deeper, please.",
        ),
    },
    "length_fit": {
        "low": UsualPreference(
            "A line or two.",
            "Paragraphs, lists, everything at once.",
            "answers at once",
            "Short and clear, good.",
            "stops reading half-way and says so",
            "That is too long for me to read.",
        ),
        "middle": UsualPreference(
            "A short paragraph.",
            "A bare line, or an essay.",
            "takes up all of it",
            "Just the right length.",
            "takes up only the first sentence",
            "That was not the length I had hoped for.",
        ),
        "high": UsualPreference(
            "Takes its time, several paragraphs that hang together.",
            "A single line for something that deserved an answer.",
            "goes through it point by point",
            "I like that you take the time for it.",
            "asks whether that was all",
            "Is that all you have to say to it?",
        ),
    },
    "reference_understanding": {
        "low": UsualPreference(
            "Takes what is said as it is said.",
            "Reads hidden meanings into plain words.",
            "goes on",
            "Right, you took it as I meant it.",
            "says that it was meant as it stood",
            "I meant nothing by that.",
        ),
        "middle": UsualPreference(
            "Gets the usual names and sayings, or asks.",
            "Takes a saying literally.",
            "smiles",
            "You knew what I meant.",
            "explains it in half a sentence",
            "That was only a saying.",
        ),
        "high": UsualPreference(
            "Gets the half-said thing and answers in kind.",
            "Passes over it, or explains it back.",
            "adds another one",
            "You got that! Not many do.",
            "is disappointed",
            "You missed what I was alluding to.",
        ),
    },
    "humor_fit": {
        "low": UsualPreference(
            "Stays serious; a dry remark at most.",
            "Jokes, puns and emojis.",
            "stays with the matter",
            "Good, you take it seriously.",
            "asks for it without the jokes",
            "Leave the jokes out, please.",
        ),
        "middle": UsualPreference(
            "Takes a joke, and makes one when it fits.",
            "Jokes at the wrong moment, or never.",
            "laughs",
            "Ha, good one.",
            "lets the joke drop",
            "That did not sound as funny as it was meant.",
        ),
        "high": UsualPreference(
            "Plays along at once and adds something of its own.",
            "Answers a joke with information.",
            "jokes back",
            "Ha, I like your humour.",
            "explains that it was a joke",
            "That was a joke, by the way.",
        ),
    },
    "callback": {
        "low": UsualPreference(
            "Keeps to today, unless asked.",
            "Brings up things told weeks ago, unasked.",
            "is at ease",
            "Good that we keep to today.",
            "is uneasy and changes the subject",
            "I would rather you did not bring that up again.",
        ),
        "middle": UsualPreference(
            "Remembers what is of use now.",
            "Asks again for what was said last time, or brings up old things for their own sake.",
            "does not have to repeat anything",
            "Good, I need not tell you that again.",
            "tells it again, briefly",
            "I told you that before.",
        ),
        "high": UsualPreference(
            "Asks after what was told last time, by name.",
            "Greets them like a stranger.",
            "is pleased and tells how it went on",
            "You remembered that, how nice.",
            "is a little hurt and tells it again",
            "I did tell you about that last time.",
        ),
    },
}


@dataclass(frozen=True)
class UsualVoice:
    """Lines of one register."""

    hello: tuple[str, ...]
    bye: tuple[str, ...]
    carries_on: tuple[str, ...]
    storms_off: str


VOICES: Final[Mapping[str, UsualVoice]] = {
    "low": UsualVoice(
        ("Hey, me again.", "Hi, got a minute?", "Hey there."),
        ("Ok, gotta go, bye.", "See you around.", "That's it for now, bye."),
        ("Ok, so.", "Anyway.", "Right, next thing.", "Fair enough."),
        "This is going nowhere. I'm out.",
    ),
    "middle": UsualVoice(
        ("Hello, it's me again.", "Hi, I have a little time.", "Good to find you here."),
        ("That's all for today. Bye.", "I have to go now. Until next time.", "Thanks, bye for now."),
        ("Well then.", "Anyway, to go on.", "There is something else.", "Let me see."),
        "I don't think this is helping. I'm leaving it here.",
    ),
    "high": UsualVoice(
        ("Good day. It is me again.", "Good evening, I hope I do not come at a bad time.", "Hello again, and thank you for your time."),
        ("Thank you very much. Goodbye.", "I shall leave it there for today. Goodbye.", "With thanks, until the next time."),
        ("Very well.", "If I may go on.", "There is one further matter.", "Let us continue."),
        "I am afraid this leads nowhere, and I prefer to end it here. Goodbye.",
    ),
}

_SHOWING: Final = (
    "Hardly ever shows {facet}, even where there is cause.",
    "Shows {facet} seldom, and little of it.",
    "Shows {facet} about as often as most people.",
    "Shows {facet} on most days, and it takes little to bring it out.",
    "Shows {facet} in nearly everything, every day.",
)


def band(level: int) -> str:
    """`low`, `middle` or `high`."""
    return "low" if level <= 2 else "middle" if level == 3 else "high"


def usual_preference(dimension: Dimension, want: int) -> UsualPreference:
    """What a preference for `want` of `dimension` means where nothing else is said."""
    return _PREFERENCES[dimension][band(want)]


def usual_trait(facet: str, level: int) -> str:
    """A sentence for one facet of character."""
    return _SHOWING[level - 1].format(facet=facet.replace("_", " "))
