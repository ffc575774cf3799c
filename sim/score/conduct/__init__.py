"""Scorers in code that come with the package: one file a scorer, each a class as a user would write one, and a line in `registry.IN_PYTHON`."""
