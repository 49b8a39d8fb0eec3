"""fusion-kit: a Git-backed, declarative runner for coding agents."""

__version__ = "0.1.0"
