"""The calculator on the command line: `python3 -m calculator 2 add 3`."""

from __future__ import annotations

import sys

from calculator import calculate, known


def main(words: list[str]) -> str:
    """Return the answer, or what could have been asked."""
    if len(words) != 3:
        return f"usage: python3 -m calculator NUMBER {{{'|'.join(known())}}} NUMBER"
    left, operation, right = words
    return f"{calculate(float(left), operation, float(right)):g}"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
