"""Cannot be imported."""

raise ValueError("on\ntwo lines")
