"""What is tested: a chat model with a memory policy (`chat`, policies in `memory`), or a chatbot of one's own (`http`, `callable`, `graph`)."""
