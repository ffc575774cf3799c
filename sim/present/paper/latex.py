"""A table as LaTeX for one column of a two-column article: booktabs, small type, and a second table where the columns do not fit into one.

Only a TeX knows how wide text is, so widths are estimated from above: each character counts as a digit of the type in use, and wide ones as more.
Tests compile the tables and look for overfull boxes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sim.present.report.document import Cell, Column, Table

WIDTH: Final = 55.5
"""Digits of \\footnotesize that stand side by side in 3.3 inches (238 points of 4.25 each, less a little)."""
BETWEEN: Final = 1.3
"""What two columns keep between them, in digits."""
NAME: Final = 12.0
"""The widest that a column of names gets; longer names are broken."""
LONGEST_PIECE: Final = 10
"""Characters of a name after which it may be broken, where it has no place of its own to be broken at."""

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{c: "\\" + c for c in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        "–": "--",
        "—": "---",
        "−": "$-$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "→": r"$\to$",
        "…": r"\ldots{}",
        "‘": "`",
        "’": "'",
        "“": "``",
        "”": "''",
        "·": r"$\cdot$",
        "κ": r"$\kappa$",
        "α": r"$\alpha$",
        "\u00a0": "~",
        "\u202f": r"\,",
    }
)
_CODE = re.compile(r"`([^`]+)`")
_MINUS = re.compile(r"(?<![\w)\]])-(?=\d)")
_PER_CENT = re.compile(r"(?<=\d) %")


def escape(text: str) -> str:
    """`text` as LaTeX prints it: nothing in it is a command, what stands in backticks is code, and a minus is one."""
    parts = _CODE.split(_PER_CENT.sub("\u202f%", text))
    return "".join(rf"\texttt{{{_plain(part)}}}" if i % 2 else _plain(_MINUS.sub("−", part)) for i, part in enumerate(parts))


def _plain(text: str) -> str:
    # What pdfLaTeX's fonts lack would stop it: a letter it does not know is left to be seen, as its number.
    return "".join(c if ord(c) < 0x250 else f"[U+{ord(c):04X}]" for c in text.translate(_ESCAPED))


def render_latex(table: Table, *, run: str = "") -> str:
    """`table` as one LaTeX table, or as several that repeat its first column, each with a label of its own.

    Args:
        run: its name, which is part of the label.
    """
    parts = _split(table)
    return "\n".join(_render(part, n, len(parts), run=run) for n, part in enumerate(parts, 1))


def _split(table: Table) -> list[Table]:
    """The columns of `table` in as few tables as it takes for each to be narrow enough, about as many in each."""
    widths = [_width(table, i) + BETWEEN for i in range(len(table.columns))]
    heads = [i for i, c in enumerate(table.columns) if c.kind == "name"]
    others = [i for i in range(len(widths)) if i not in heads]
    room = WIDTH - sum(widths[i] for i in heads)
    for count in range(1, len(others) + 1):
        each = -(-len(others) // count)
        parts = [others[at : at + each] for at in range(0, len(others), each)]
        if count == len(others) or all(sum(widths[i] for i in part) <= room for part in parts):
            return [_chosen(table, (*heads, *part)) for part in parts]
    return [table]


def _chosen(table: Table, at: Sequence[int]) -> Table:
    rows = tuple(tuple(row[i] for i in at) for row in table.rows)
    return table.model_copy(update={"columns": tuple(table.columns[i] for i in at), "rows": rows})


def _width(table: Table, at: int) -> float:
    """Of one column, in digits."""
    cells = [*(_lines(table.columns[at].heading)), *(row[at].text for row in table.rows)]
    widest = max(map(_digits, cells), default=0.0)
    return min(widest, NAME) if table.columns[at].kind == "name" else widest


def _digits(text: str) -> float:
    return sum(1.5 if c.isupper() or c in "mw±−+" else 0.6 if c in ".,:;il|'()[] " else 1.0 for c in text)


def _lines(heading: str) -> list[str]:
    """A heading on as many lines as it has words, for figures below it are narrow."""
    return heading.split() or [""]


def _render(table: Table, n: int, count: int, *, run: str) -> str:
    shape = "".join(rf"p{{{_width(table, i) * 0.5:.1f}em}}" if c.kind == "name" else "r" for i, c in enumerate(table.columns))
    rows = "\n".join(f"    {' & '.join(map(_cell, table.columns, row))} \\\\" for row in table.rows)
    title = f"{table.title} ({n} of {count})" if count > 1 else table.title
    notes = table.notes if n == 1 else (f"Notes as in Table~\\ref{{{_label(table, 1, run)}}}.",)
    caption = " ".join((escape(f"{title}."), *(map(escape, table.notes) if n == 1 else notes)))
    return rf"""\begin{{table}}
  \centering
  \caption{{{caption}}}
  \label{{{_label(table, n, run)}}}
  \smallskip
  \footnotesize
  \setlength{{\tabcolsep}}{{2.5pt}}
  \begin{{tabular}}{{@{{}}{shape}@{{}}}}
    \toprule
    {" & ".join(map(_heading, table.columns))} \\
    \midrule
{rows}
    \bottomrule
  \end{{tabular}}
\end{{table}}
"""


def _label(table: Table, n: int, run: str) -> str:
    """Of letters, digits and hyphens, as every package takes it."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", "-".join(filter(None, (run, table.id))))
    return f"tab:{name}" + (f"-{n}" if n > 1 else "")


def _heading(column: Column) -> str:
    lines = [escape(word) for word in _lines(column.heading)]
    if column.kind == "name" or len(lines) == 1:
        return escape(column.heading)
    return r"\shortstack[r]{" + r"\\".join(lines) + "}"


def _cell(column: Column, cell: Cell) -> str:
    return rf"\raggedright {_broken(cell.text)}" if column.kind == "name" else escape(cell.text)


def _broken(name: str) -> str:
    """A name that may be broken after any sign in it, and within a long word."""
    pieces = [p for part in re.split(r"(?<=[^A-Za-z0-9])", name) for p in (part[i : i + LONGEST_PIECE] for i in range(0, len(part), LONGEST_PIECE))]
    return r"\allowbreak{}".join(map(escape, pieces))
