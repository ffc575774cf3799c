"""Repetition: of discourse moves and of whole replies, as numbers, with the nulls they are held against."""
