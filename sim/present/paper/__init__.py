"""What a paper takes from a run: tables for one column, a paragraph on methods, references. Everything in it is read from the run's record."""
