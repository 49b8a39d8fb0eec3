"""Facts: frozen, in the past tense, one class each."""
