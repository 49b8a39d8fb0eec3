"""The tests of fusion-kit."""
