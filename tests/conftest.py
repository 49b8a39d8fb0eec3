"""What every test may count on."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    # A shell makes what it puts in the background ignore Ctrl-C, and every program the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
