"""No value of a secret is ever committed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from fusion_kit.core.code import PolicyRefusal
from fusion_kit.workspaces.settings import WorkspaceSettings
from tests.workspaces.project import Project, write

SECRET = "hush-hush-very-secret-1234"


@pytest.mark.parametrize(
    "text", [f"key={SECRET}\n", base64.b64encode(SECRET.encode()).decode(), f'{{"token": "{SECRET}"}}']
)
async def test_a_file_that_holds_a_secret_is_refused_by_name(tmp_path: Path, text: str) -> None:
    project = Project.make(tmp_path / "shop", settings=WorkspaceSettings(secrets={"TOKEN": SECRET}))
    desk = await project.desk()
    write(desk.path, {"ok.txt": "ok\n", "conf/app.ini": text})

    with pytest.raises(PolicyRefusal, match=r"the value of the secret TOKEN: conf/app\.ini") as refusal:
        await project.keep(desk)

    assert SECRET not in str(refusal.value)


async def test_many_files_without_a_secret_are_kept(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "shop", settings=WorkspaceSettings(secrets={"TOKEN": SECRET}))
    desk = await project.desk()
    write(desk.path, {f"f{number}.txt": f"{number}\n" * 100 for number in range(200)})

    assert len((await project.keep(desk)).files) == 200
