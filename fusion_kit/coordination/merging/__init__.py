"""How the work of a run is brought together: assembled, gated, bisected and published."""
