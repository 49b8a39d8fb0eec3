"""Graphs of no-op tasks, and the same graph written for each program that can run it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

LAYERS = 10
PARENTS = 3


@dataclass(frozen=True, slots=True)
class Graph:
    """`needs[i]` are the numbers of the tasks that task `i` waits for; all of them are smaller than `i`."""

    name: str
    needs: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self.needs)


def independent(count: int) -> Graph:
    """Return `count` tasks without an edge."""
    return Graph("independent", tuple(() for _ in range(count)))


def chained(count: int) -> Graph:
    """Return `count` tasks, each waiting for the one before it."""
    return Graph("chained", tuple((number - 1,) if number else () for number in range(count)))


def layered(count: int) -> Graph:
    """Return ten layers; each task waits for up to three of the layer before."""
    width = max(1, count // LAYERS)
    needs = []
    for number in range(count):
        layer, place = divmod(number, width)
        before = (layer - 1) * width
        parents = {before + (place + step) % width for step in range(PARENTS)} if layer else set()
        needs.append(tuple(sorted(parents)))
    return Graph("layered", tuple(needs))


SHAPES = (independent, chained, layered)


def as_json(graph: Graph, folder: Path) -> None:
    """Write `graph.json` for the loops of our own."""
    (folder / "graph.json").write_text(json.dumps(graph.needs))


def as_fusion(graph: Graph, folder: Path, jobs: int) -> None:
    """Write a workflow whose tasks use no Git."""
    lines = ["name: noop", f"max_parallel: {jobs}", "defaults: { workspace: none }", "tasks:"]
    for number, needs in enumerate(graph.needs):
        waits = f", needs: [{', '.join(f't{need}' for need in needs)}]" if needs else ""
        lines.append(f'  - {{ id: t{number}, run: "true"{waits} }}')
    path = folder / ".fusion" / "workflows" / "noop.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def as_make(graph: Graph, folder: Path) -> None:
    """Write a Makefile of phony targets."""
    names = " ".join(f"t{number}" for number in range(len(graph)))
    lines = [f".PHONY: all {names}", f"all: {names}"]
    for number, needs in enumerate(graph.needs):
        lines += [f"t{number}: {' '.join(f't{need}' for need in needs)}", "\t@true"]
    (folder / "Makefile").write_text("\n".join(lines) + "\n")


def as_doit(graph: Graph, folder: Path) -> None:
    """Write a dodo.py that reads the graph."""
    as_json(graph, folder)
    (folder / "dodo.py").write_text(
        "import json\n"
        "DOIT_CONFIG = {'verbosity': 0}\n"
        "def task_t():\n"
        "    for number, needs in enumerate(json.load(open('graph.json'))):\n"
        "        yield {'name': str(number), 'actions': [['true']], 'task_dep': [f't:{n}' for n in needs]}\n"
    )


def as_snakemake(graph: Graph, folder: Path) -> None:
    """Write a Snakefile of rules that touch their output, the shortest thing Snakemake can track."""
    finals = ", ".join(f'"out/t{number}"' for number in range(len(graph)))
    lines = ["rule all:", f"    input: {finals}"]
    for number, needs in enumerate(graph.needs):
        inputs = ", ".join(f'"out/t{need}"' for need in needs)
        lines += [f"rule t{number}:"] + ([f"    input: {inputs}"] if inputs else [])
        lines += [f'    output: touch("out/t{number}")', '    shell: "true"']
    (folder / "Snakefile").write_text("\n".join(lines) + "\n")
