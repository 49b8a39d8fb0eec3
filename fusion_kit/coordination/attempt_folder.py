"""The folder of one attempt: what is written before a start, and found again after a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.code import Desk


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """`<run>/tasks/<node>/<number>`, private, outside every workspace."""

    path: Path

    @property
    def out(self) -> Path:
        """What the program printed."""
        return self.path / "out.log"

    @property
    def err(self) -> Path:
        """What it printed on standard error."""
        return self.path / "err.log"

    @property
    def output_file(self) -> Path:
        """`$FUSION_OUTPUT`."""
        return self.path / "output"

    @property
    def inputs(self) -> Path:
        """`$FUSION_INPUTS`: the artifacts of what the task needs."""
        return self.path / "inputs"

    @property
    def artifacts(self) -> Path:
        """`$FUSION_ARTIFACTS`: what is put here is kept, and so is what `artifacts:` matches."""
        return self.path / "artifacts"

    @property
    def outbox(self) -> Path:
        """`$FUSION_OUTBOX`: messages an agent wants to send."""
        return self.path / "outbox"

    def make(self) -> None:
        """Create it; private from the start."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, files: Mapping[str, str]) -> None:
        """Write a provider's files; names are plain."""
        for name, content in files.items():
            target = self.path / Path(name).name
            target.write_text(content, encoding="utf-8")
            target.chmod(0o600)

    def remember(self, desk: Desk) -> None:
        """Write down where the attempt works, so that whoever adopts it knows."""
        facts = {"agent": desk.agent, "path": str(desk.path), "base": desk.base}
        (self.path / "desk.json").write_text(json.dumps(facts), encoding="utf-8")

    def desk(self) -> Desk | None:
        """Return where the attempt works; None where it has no workspace of its own."""
        try:
            facts = json.loads((self.path / "desk.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Desk(agent=facts["agent"], path=Path(facts["path"]), base=facts["base"])


def attempt_folder(run_folder: Path, node: str, number: int) -> AttemptFolder:
    """Return the folder of an attempt, counted from 1."""
    return AttemptFolder(run_folder / "tasks" / node / str(number))
