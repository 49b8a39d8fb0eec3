"""The configuration: its file, and the environment that overrides it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion_kit.config import (
    BadVariable,
    Config,
    MessagingConfig,
    SandboxConfig,
    ServeConfig,
    SpeckitConfig,
    WorkspaceConfig,
    config_from,
)
from fusion_kit.core.workflow import Limits
from fusion_kit.definitions import load_config

EVERYTHING = """
version: 1
project: shop
defaults: { timeout: 1h }
limits: { cost_usd: 5, items: 20 }
max_parallel: 3
workspace:
  copy: [.env]
  link: node_modules
  setup: npm ci
  teardown: [rm -rf tmp, echo bye]
  cache: [target/]
messaging: { backend: redis, redis_url: "redis://localhost:6379/0", expiry: 10m }
retention: 30d
serve: { host: 0.0.0.0, port: 8000, open: true }
sandbox: { default: bubblewrap, network: allowlist, allow: [pypi.org] }
speckit: { enabled: true, folder: specs, agent: coder }
providers: { claude: { path: /opt/claude } }
x-note: ignored
"""


def loaded(root: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    (root / ".fusion").mkdir()
    (root / ".fusion" / "config.yaml").write_text(text, "utf-8")
    return config_from(load_config(root), environ)


def test_no_file_and_no_environment_is_the_default() -> None:
    assert config_from({}) == Config()


def test_every_key_arrives(tmp_path: Path) -> None:
    assert loaded(tmp_path, EVERYTHING) == Config(
        version=1,
        project="shop",
        defaults={"timeout": 3600.0},
        limits=Limits(cost_usd=5, items=20),
        max_parallel=3,
        workspace=WorkspaceConfig(
            copy=(".env",),
            link=("node_modules",),
            setup=("npm ci",),
            teardown=("rm -rf tmp", "echo bye"),
            cache=("target/",),
        ),
        messaging=MessagingConfig("redis", "redis://localhost:6379/0", 600.0),
        retention_s=30 * 86400.0,
        serve=ServeConfig("0.0.0.0", 8000, open=True),
        sandbox=SandboxConfig("bubblewrap", "allowlist", ("pypi.org",)),
        speckit=SpeckitConfig(enabled=True, folder="specs", agent="coder"),
        providers={"claude": {"path": "/opt/claude"}},
    )


def test_the_environment_wins(tmp_path: Path) -> None:
    environ = {
        "FUSION_PROJECT": "other",
        "FUSION_MAX_PARALLEL": "7",
        "FUSION_HOST": "::1",
        "FUSION_PORT": "0",
        "FUSION_REDIS_URL": "redis://r",
    }
    config = loaded(tmp_path, "project: shop\nmax_parallel: 3\nsandbox: landlock\n", environ)

    assert (config.project, config.max_parallel) == ("other", 7)
    assert config.serve == ServeConfig("::1", 0)
    assert config.messaging == MessagingConfig("redis", "redis://r")
    assert config.sandbox == SandboxConfig("landlock")


@pytest.mark.parametrize(
    ("name", "value"), [("FUSION_MAX_PARALLEL", "0"), ("FUSION_PORT", "70000"), ("FUSION_PORT", "²")]
)
def test_a_variable_that_is_no_such_number_is_named(name: str, value: str) -> None:
    with pytest.raises(BadVariable) as refused:
        config_from({}, {name: value})

    assert refused.value.facts["name"] == name
    assert refused.value.way_out
