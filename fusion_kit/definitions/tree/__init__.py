"""YAML as a tree of nodes with their places, read with the meaning of YAML 1.2 and within bounds."""
