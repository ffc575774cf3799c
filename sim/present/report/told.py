"""Sentences of ours as markup: commands between backticks become code, and names of targets carry their colour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


def told(text: str, colours: Mapping[str, int] | None = None) -> Markup:
    """`text`, escaped, with its commands as code.

    Args:
        colours: the places of the targets' colours, of which the names are marked; left out: no name is.
    """
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`]*)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(p) if i % 2 else (_named(p, colours) if colours else escape(p)) for i, p in enumerate(parts)
    )


def chip(name: str, colour: int | None, shown: str = "") -> Markup:
    """A target's name with its colour before it; None: it has none, and is plain text.

    Args:
        shown: what is read instead of the name.
    """
    from markupsafe import Markup, escape

    return escape(shown or name) if colour is None else Markup('<span class="target" data-colour="{}">{}</span>').format(colour, shown or name)


def chips(text: str, colours: Mapping[str, int]) -> Markup:
    """A cell that names a target, or two of which one is taken from the other."""
    from markupsafe import Markup

    return Markup(" − ").join(chip(name, colours.get(name)) for name in text.split(" − "))


def _named(text: str, colours: Mapping[str, int]) -> Markup:
    from markupsafe import Markup

    names = "|".join(re.escape(n) for n in sorted(colours, key=len, reverse=True))
    parts = re.split(rf"(?<![\w./:\-])({names})(?![\w/\-]|[.:]\w)", text)
    return Markup("").join(chip(p, colours[p]) if i % 2 else p for i, p in enumerate(parts))
