"""What people do to a run, from any terminal."""
