"""Foreign words inside a prompt: fenced off or marked line by line, so that nothing a chatbot writes can pass for the prompt's own words.

Two forms, both filters of every prompt text. `fence` is for the one text that is judged: it is quoted as it is, between two lines that share a code
which the text does not hold. `quoted` is for talks, which grow: every line begins with who said it, so that what was shown before stays as it was
and a provider's prompt cache still hits. Neither needs anything to be secret, and both follow from the text alone.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from itertools import count


def fence(text: str, name: str = "reply") -> str:
    r"""`text` as a block of lines: `<reply 3f9ac07b>`, the text, `</reply 3f9ac07b>`.

    In a prompt: `{{ answer | fence }}` or `{{ notes | fence("notes") }}`. The instructions should say that the block ends at the line with its code
    and nowhere else. The code is drawn from the text and does not occur in it, however it is spelt there: in capitals, in full-width letters, with
    spaces or invisible characters between.

    Args:
        text: what somebody else wrote; it is not changed in any way.
        name: what the block is called.
    """
    bare = _bare(text)
    drawn = (_code(text, number) for number in count())
    code = next(c for c in drawn if c not in bare)
    return f"<{name} {code}>\n{text}\n</{name} {code}>"


def quoted(text: str, speaker: str) -> str:
    """`text` with `speaker` and a colon before every line, whichever character breaks the line.

    In a prompt: `{{ turn.reply | quoted("The chatbot") }}`; whole talks are written by `turns(talk)`.
    """
    return led(text, f"{in_line(speaker)[:_SPEAKER]}: ")


def led(text: str, lead: str) -> str:
    """`text` with `lead` before every line; without any line, `lead` alone."""
    return "\n".join(lead + line for line in text.splitlines() or [""])


def numbered(texts: Iterable[str]) -> str:
    """`texts` as a list from 1, a line for each."""
    return "\n".join(f"{number}. {in_line(text)}" for number, text in enumerate(texts, 1))


def in_line(text: str) -> str:
    """`text` on one line."""
    return " ".join(text.split())


def fenced(text: str) -> str:
    """`text` without anything that could pass for a `<reply>` or `</reply>`: the prompts of runs made before `fence` have only these marks."""
    if not any(c in text for c in _ANGLES):
        return text
    return "".join("‹" if c in _ANGLES and _TAG.match(_bare(text[i : i + _TAG_LENGTH])) else c for i, c in enumerate(text))


_SPEAKER = 80
"""Characters of a speaker's name: it is written before every line."""
_ANGLES = "<＜﹤"
_TAG = re.compile(r"<+/?reply")
_TAG_LENGTH = 60
"""Characters after which a tag with spaces and invisible characters between its letters is no longer taken for one."""


def _code(text: str, number: int) -> str:
    return hashlib.blake2b(f"{number}\x1f{text}".encode("utf-8", "replace"), digest_size=4).hexdigest()


def _bare(text: str) -> str:
    """`text` as it looks to a reader who pays no heed to case, spaces, invisible characters and the width of letters."""
    if text.isascii():
        return "".join(text.casefold().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn"))
