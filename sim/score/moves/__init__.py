"""Discourse moves: the taggers, the one that is a model and the one that is offline, and what tagging costs."""
