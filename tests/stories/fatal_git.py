"""A `git` on the PATH that does something fatal at one chosen command, in place of what it was asked for."""

from __future__ import annotations

import os
import shutil

from tests.stories.stage import Stage

_PROGRAM = """\
#!/bin/sh
here={folder}
case "$(cat "$here/armed" 2>/dev/null)" in ?*)
  case " $* " in *"$(cat "$here/armed")"*)
    cat >"$here/stdin"
    if ! grep -q . "$here/reads" || grep -aqF -- "$(cat "$here/reads")" "$here/stdin"; then
      rm "$here/armed"
      . "$here/deed"
      kill -9 $PPID
      exit 1
    fi
    exec {git} "$@" <"$here/stdin"
  esac
esac
exec {git} "$@"
"""
NOTHING = ":"
ALL_OF_IT = '$git "$@" <"$here/stdin"'


class FatalGit:
    """Armed once: at the first command with these words and this in its input it does its deed and kills its parent."""

    def __init__(self, stage: Stage) -> None:
        """Put it in front of the real one on the stage's PATH."""
        self._folder = stage.home / "fatal"
        self._folder.mkdir()
        self._git = shutil.which("git") or "git"
        program = self._folder / "git"
        program.write_text(_PROGRAM.format(folder=self._folder, git=self._git))
        program.chmod(0o755)
        stage.env["PATH"] = f"{self._folder}{os.pathsep}{stage.env['PATH']}"

    def arm(self, words: str, deed: str, reads: str = "") -> None:
        """Wait for a command line with `words` whose input has `reads`; the shell then does `deed` in its place."""
        (self._folder / "deed").write_text(f"git={self._git}\n{deed}\n")
        (self._folder / "reads").write_text(f"{reads}\n")
        (self._folder / "armed").write_text(f"{words}\n")

    @property
    def has_fired(self) -> bool:
        """Whether its command came."""
        return not (self._folder / "armed").exists()
