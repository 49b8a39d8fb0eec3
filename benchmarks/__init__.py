"""Benchmarks: fusion-kit beside its peers, measured in one run, told as ratios."""
