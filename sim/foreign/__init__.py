"""Code that a study names and somebody else wrote: found, looked at without being run, imported, and called so that it cannot end a run."""
