"""The shipped fakes, held to the same contracts as the real parts."""
