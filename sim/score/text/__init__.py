"""What can be counted in a text without a model: sentences, language, syllables, tone, manner."""
