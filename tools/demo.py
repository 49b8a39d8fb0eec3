"""The demo: a planner, three implementers in parallel and a reviewer build something in a small real repository.

It makes the repository in a folder of its own, runs the workflow there with the real `fusion-kit`, and says where the
result lies. Nothing outside that folder is touched, and no agent program or key is needed: the agents are scripted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "templates" / "demo"
FUSION_KIT = Path(sys.executable).with_name("fusion-kit")
WORKFLOW = "demo"


def git(top: Path, *arguments: str) -> str:
    """Run Git in `top` as the demo's own author and return what it prints."""
    identity = ["-c", "user.name=fusion-kit demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=top, check=True, capture_output=True, text=True)
    return done.stdout.rstrip()


def made(parent: Path) -> Path:
    """Make the small repository: the template's files as one commit."""
    top = parent / "calculator"
    shutil.copytree(TEMPLATE, top, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    git(top, "init", "--quiet", "--initial-branch", "main")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "A small calculator")
    return top


def run(top: Path) -> int:
    """Run the workflow and return its exit code; on a terminal the tree is live."""
    print(f"A small repository was made in {top}\n$ fusion-kit run {WORKFLOW}\n", file=sys.stderr, flush=True)
    return subprocess.run([FUSION_KIT, "run", WORKFLOW], cwd=top, check=False).returncode


def result_branch(top: Path) -> str:
    """Return the branch that holds the merged work of the one run there is."""
    return git(top, "for-each-ref", "--format=%(refname:short)", "refs/heads/fk/*/result").splitlines()[0]


def farewell(top: Path, branch: str) -> str:
    """Return where the result is and what to type next."""
    changed = git(top, "diff", "--stat", f"main...{branch}")
    return "\n".join(
        [
            f"\nThe result is the branch {branch} in {top}:\n",
            changed,
            "\nType next:",
            f"  cd {top}",
            f"  git log --graph --oneline {branch}",
            f"  {_shown(FUSION_KIT)} status",
            f"  {_shown(FUSION_KIT)} events --limit 20",
            "In a repository of your own:",
            f"  {_shown(FUSION_KIT)} init && {_shown(FUSION_KIT)} run hello",
        ]
    )


def _shown(program: Path) -> str:
    found = shutil.which(program.name)
    return program.name if found and Path(found).samefile(program) else str(program)


def main() -> int:
    """Make the repository, run the workflow, say where the result is."""
    top = made(Path(tempfile.mkdtemp(prefix="fusion-kit-demo-")))
    code = run(top)
    if code == 0:
        print(farewell(top, result_branch(top)))
    return code


if __name__ == "__main__":
    sys.exit(main())
