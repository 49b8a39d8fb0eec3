"""The `${{ }}` language: read, checked before a run, evaluated within it; what it yields is never read again."""
