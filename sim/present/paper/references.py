"""The works that a methods paragraph cites, as BibTeX: what the guide's page of sources says of each, and nothing that it does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_HEAD = """\
% Works that the methods paragraph of this run cites. What is known here of each is its name and where it appeared; for papers on arXiv take authors
% and the full title from there.
"""
ENTRIES: Final[dict[str, str]] = {
    "rapport": """\
@software{rapport,
  title = {Rapport: simulated users who come back},
  author = {{The Rapport developers}},
  year = {2026},
  version = {VERSION}
}
""",
    "likebench": """\
@misc{likebench,
  title = {{LikeBench}},
  howpublished = {arXiv:2512.13077},
  eprint = {2512.13077},
  archiveprefix = {arXiv}
}
""",
    "mint": """\
@misc{mint,
  title = {{MINT}},
  howpublished = {arXiv:2604.11742},
  eprint = {2604.11742},
  archiveprefix = {arXiv}
}
""",
    "korngraubard": """\
@article{korngraubard,
  author = {Korn and Graubard},
  journal = {Survey Methodology},
  volume = {24},
  year = {1998}
}
""",
    "shroutfleiss": """\
@misc{shroutfleiss,
  author = {Shrout and Fleiss},
  title = {Intraclass correlations},
  year = {1979}
}
""",
}
"""By key, in the order in which they are written."""


def render_bibtex(keys: Iterable[str], *, version: str) -> str:
    """The entries called `keys`; that of this program is always among them, with its version."""
    cited = {"rapport", *keys}
    return "\n".join((_HEAD, *(entry.replace("VERSION", version) for key, entry in ENTRIES.items() if key in cited)))
