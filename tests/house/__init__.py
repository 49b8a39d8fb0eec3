"""The house rules: walls, sizes, documents and packaging are tested like code."""
