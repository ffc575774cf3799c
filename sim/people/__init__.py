"""People as raters and as users: who reads or holds what, at which desk, from consent to thanks."""
