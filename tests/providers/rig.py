"""A place to try providers: orders, and a real program run the way an executor would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core.process import Ended, Exit
from fusion_kit.core.work import Invocation, Order, Report, Transcript
from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers.registry import Registry

ECHO_AGENT = Path(__file__).with_name("echo_agent.py")


@dataclass(frozen=True)
class Rig:
    """A workspace and an attempt's folder below `root`."""

    root: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def folder(self) -> Path:
        return self.root / "attempt"

    @property
    def output_file(self) -> Path:
        return self.folder / "output"

    def order(
        self, agent: AgentSpec, prompt: str = "", outputs: Mapping[str, Mapping[str, object]] | None = None
    ) -> Order:
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        own = {"FUSION_OUTPUT": str(self.output_file), "FUSION_TASK_ID": "implement@add", "FUSION_AGENT_ID": "robot-1"}
        env = {"PATH": os.environ["PATH"], **own, **self.env}
        return Order(agent, prompt, self.workspace, self.folder, outputs or {}, env)

    def write_files(self, invocation: Invocation) -> None:
        for name, content in invocation.files.items():
            (self.folder / name).write_bytes(content.encode())

    def execute(self, order: Order, invocation: Invocation) -> Transcript:
        self.write_files(invocation)
        with (self.folder / "out.log").open("wb") as out, (self.folder / "err.log").open("wb") as err:
            ended = subprocess.run(
                invocation.argv,
                cwd=order.workspace,
                env={**order.env, **invocation.env},
                input=(invocation.stdin or "").encode(),
                stdout=out,
                stderr=err,
                timeout=60,
                check=False,
            )
        return self.transcript(Exit(Ended.EXIT, ended.returncode))

    def transcript(self, exit_: Exit, out: bytes | None = None, err: bytes | None = None) -> Transcript:
        if out is not None:
            (self.folder / "out.log").write_bytes(out)
        if err is not None:
            (self.folder / "err.log").write_bytes(err)
        return Transcript(exit_, self.folder / "out.log", self.folder / "err.log", self.output_file)

    def run(
        self, agent: AgentSpec, prompt: str = "", outputs: Mapping[str, Mapping[str, object]] | None = None
    ) -> Report:
        provider, order = Registry().provider(agent), self.order(agent, prompt, outputs)
        return provider.report(order, self.execute(order, provider.invocation(order)))

    def out(self) -> str:
        return (self.folder / "out.log").read_text("utf-8", "replace")


def command(*words: str, **options: object) -> AgentSpec:
    return AgentSpec("robot", "command", options={"command": list(words), **options})


def echo(prompt: str, output: str) -> AgentSpec:
    """The agent that answers with its prompt."""
    return command(sys.executable, "-I", "-S", str(ECHO_AGENT), prompt, output, prompt=prompt, output=output)


def scripted(*steps: object, **tasks: object) -> AgentSpec:
    return AgentSpec("robot", "scripted", options={"steps": list(steps), "tasks": tasks})


def shell(kind: str | None = None) -> AgentSpec:
    return AgentSpec("shell", "shell", options={"shell": kind})
