"""The room of files: personas, scenarios, studies and codebooks on disk, run folders, and the journal inside them."""
