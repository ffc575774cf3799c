"""The talk itself: simulated users, the nodes, and the state machine in `graph`."""
