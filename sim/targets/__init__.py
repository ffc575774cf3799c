"""What is tested: a chat model with a memory policy (`chat`); policies stand one to a file in `memory`."""
