"""Calls that can wait a day, sent to a provider as one file for half the price: a client like any other, and the desk that gathers requests."""
