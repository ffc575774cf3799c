"""`sim guide`: the pages that ship with the package, in the terminal."""

from __future__ import annotations

import sys

from sim.cli.exit import DONE


def guide(topic: str | None) -> int:
    """List the pages, or print one.

    Raises:
        InputError: there is no such page.
    """
    from sim.present.guide import grouped_topics, read_topic, topics

    if topic is None:
        width = max(map(len, topics()))
        for group, titles in grouped_topics().items():
            print("\n".join([group, *(f"  {name:<{width}}  {title}" for name, title in titles.items()), ""]))
        print("sim guide TOPIC prints a page; sim view serves them all.")
        return DONE
    text = read_topic(topic)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console()
        with console.pager(styles=True):
            console.print(Markdown(text))
    else:
        print(text, end="")
    return DONE
