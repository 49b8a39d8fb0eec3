"""The tables of keys: every key of every file, what it may hold, and what an editor says of it."""
