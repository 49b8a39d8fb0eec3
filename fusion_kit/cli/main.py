"""`fusion-kit`: one call of the command line, from its words to its exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fusion_kit.cli.project import Bootstrap, Projects
from fusion_kit.cli.session import Session
from fusion_kit.cli.settings import Settings, asked_output


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    sys.exit(call(sys.argv[1:], Bootstrap()))


def _meant(words: list[str]) -> list[str]:
    """What people type before they know any command: nothing, `--version`, `help` and `help COMMAND`."""
    match words:
        case [] | ["help"]:
            return ["--help"]
        case ["--version" | "-V", *rest]:
            return ["version", *rest]
        case ["help", command, *_]:
            return [command, "--help"]
    return words


def call(words: Sequence[str], projects: Projects) -> int:
    """Run one command line and return its exit code; every outcome has been printed."""
    from fusion_kit.cli.app import command_line
    from fusion_kit.cli.failures import report

    words = _meant(list(words))
    session = Session(projects, Settings())
    try:
        result = command_line().main(words, prog_name="fusion-kit", standalone_mode=False, obj=session)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge: whatever happens is told in one sentence
        if not session.is_parsed:
            session.choose({"output": asked_output(words)})
        code = report(error, session.show)
        for told in session.on_failure:
            told(error)
        return code
    return result if isinstance(result, int) else 0
