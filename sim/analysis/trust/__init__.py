"""How far figures can be trusted: raters, simulated users, scales, noise, validity."""
