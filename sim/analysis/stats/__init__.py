"""Statistics that know nothing of runs: arrays and tables in, coefficients, intervals and p out."""
