"""The moving part: what may start is decided in `core`, what it needs of the world is said in `ports`."""
