"""`python -m fusion_kit` is `fusion-kit`."""

from __future__ import annotations

from fusion_kit.cli.main import main

if __name__ == "__main__":
    main()
