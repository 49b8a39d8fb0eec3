"""What every test may count on."""

from __future__ import annotations

import os
import signal


def pytest_configure() -> None:
    # A shell makes what it puts in the background ignore Ctrl-C, and every program the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Whatever runs the tests, a CI service or a task of a run, is not what their programs find around them.
    for name in ("GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "FUSION_RUN_ID", "FUSION_TASK_ID"):
        os.environ.pop(name, None)
