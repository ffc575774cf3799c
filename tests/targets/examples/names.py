"""A memory that keeps names and forgets everything else."""

import re

from sim.targets.memory import Policy, Recalled

NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")  # a capital letter in the middle of a sentence


class Names(Policy):
    """`names.py:Names:20` keeps the last twenty names that the user has mentioned."""

    counts = "names"
    shows = 60

    def recall(self, earlier, message):
        names = self.holds(earlier)
        return Recalled(f"Names this person has mentioned: {', '.join(names)}." if names else "", names)

    def holds(self, talks):
        said = [name for talk in talks for user, _ in talk.exchanges for name in NAME.findall(user.content)]
        return tuple(dict.fromkeys(reversed(said)))[: self.tools.size]
