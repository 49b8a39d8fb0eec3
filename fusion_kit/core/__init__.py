"""Values and decisions: pure, standard library only, no await, no clock, no file."""
