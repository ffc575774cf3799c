"""From a study to trials that have been run: plan (pure), parts (things from names), trial (one of them), local (many at once)."""
