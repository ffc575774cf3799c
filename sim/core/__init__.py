"""The pure room: what goes in (`spec`), what happened (`event`), what came out (`record`), and the fold between them."""
