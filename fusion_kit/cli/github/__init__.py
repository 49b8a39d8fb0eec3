"""What GitHub Actions reads: commands among the lines of a step, and the files it names."""
