"""How a run is shown and handed on: tables, transcripts, documents, exports."""
