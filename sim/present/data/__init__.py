"""A run for other programs: documents, rows, frames, Inspect's logs."""
