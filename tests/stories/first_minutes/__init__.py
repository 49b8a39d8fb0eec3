"""The first ten minutes with fusion-kit: the real program, fresh folders, everything a newcomer does and gets wrong."""
