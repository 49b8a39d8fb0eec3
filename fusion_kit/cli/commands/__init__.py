"""One file for each command: read input, one call, show."""
