"""Estimates, comparisons, reliability, power and summaries: records in, results out; no files."""
