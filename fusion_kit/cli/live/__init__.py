"""A run as it happens: a tree on a terminal, lines elsewhere."""
