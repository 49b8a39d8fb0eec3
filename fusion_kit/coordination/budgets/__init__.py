"""What a run may use: reserved before a start, charged after it."""
