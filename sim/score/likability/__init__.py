"""Likability as a model rates it: the seven dimensions, the scenes that raters are tried on, and second ratings for noise and halo."""
