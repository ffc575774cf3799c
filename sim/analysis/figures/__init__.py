"""The figures of a run: each measure's average at every level, with its interval."""
