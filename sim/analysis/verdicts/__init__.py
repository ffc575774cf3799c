"""What figures decide: comparisons, gates, versions, suites, and how large a study must be to decide at all."""
