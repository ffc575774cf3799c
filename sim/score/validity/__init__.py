"""Whether what a simulated user writes is sound: rules that know who speaks, held against each message and where it stands."""
