"""What the keys alone cannot tell: names, order, agents, and what is likely a mistake."""
