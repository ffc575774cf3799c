"""First contact with somebody's chatbot: from one request and what came back to a target that a study can name."""
