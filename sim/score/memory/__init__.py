"""What a target remembers: answers to questions and memories that it has written, each held against what its user said."""
