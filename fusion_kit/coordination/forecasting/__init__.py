"""A run played through in thought: what is certain, what is not, and what it hangs on."""
