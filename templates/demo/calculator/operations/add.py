"""Addition."""


def apply(left: float, right: float) -> float:
    """Return the sum."""
    return left + right
