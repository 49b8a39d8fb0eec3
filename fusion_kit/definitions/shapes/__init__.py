"""Shapes: what a value may be. One table of them gives both the checks and the JSON Schemas for editors."""
