"""What is tested: a chat model with a memory policy (`chat`, policies in `memory`), or a custom chatbot (`http`, `callable`, `graph`)."""
