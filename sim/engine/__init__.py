"""From a study to trials that were held: plan (pure), recipe (plain data), staff (who takes part), trial (one of them), local (many at once)."""
