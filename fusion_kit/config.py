"""The configuration of a project as frozen values: what its file says, and what the environment overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fusion_kit.core.errors import UsageError
from fusion_kit.core.workflow import Limits

Values = Mapping[str, Any]


class BadVariable(UsageError):
    """The environment variable {name} is {value!r}, which is not {wanted}."""

    hint = "Unset it, or give it a value that is."


@dataclass(frozen=True, slots=True)
class WorkspaceConfig:
    """What a new workspace is given: globs to copy and link, commands, and the ignored paths that survive reuse."""

    copy: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    teardown: tuple[str, ...] = ()
    cache: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessagingConfig:
    """How agents talk to each other."""

    backend: str = "ledger"  # ledger | redis
    redis_url: str | None = None
    expiry_s: float | None = None


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Where the dashboard listens."""

    host: str = "127.0.0.1"
    port: int = 8347
    open: bool = False


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What is put around agents that choose nothing themselves."""

    default: str = "none"  # none | bubblewrap | landlock
    network: str = "full"  # full | allowlist | none
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeckitConfig:
    """spec-kit, opt-in."""

    enabled: bool = False
    folder: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """`.fusion/config.yaml`; `defaults` are values of task keys, already applied where workflows are loaded."""

    version: int = 1
    project: str = ""
    defaults: Values = field(default_factory=dict)
    limits: Limits = Limits()
    max_parallel: int | None = None
    workspace: WorkspaceConfig = WorkspaceConfig()
    messaging: MessagingConfig = MessagingConfig()
    retention_s: float | None = None
    serve: ServeConfig = ServeConfig()
    sandbox: SandboxConfig = SandboxConfig()
    speckit: SpeckitConfig = SpeckitConfig()
    providers: Mapping[str, Values] = field(default_factory=dict)


def config_from(mapping: Values, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration from its checked file and the environment, which wins.

    `FUSION_PROJECT`, `FUSION_MAX_PARALLEL`, `FUSION_REDIS_URL`, `FUSION_HOST` and `FUSION_PORT` override.
    Raises `BadVariable`.
    """
    environment = environ or {}
    return Config(
        version=mapping.get("version", 1),
        project=environment.get("FUSION_PROJECT") or mapping.get("project", ""),
        defaults=mapping.get("defaults", {}),
        limits=Limits(**mapping.get("limits", {})),
        max_parallel=_number(environment, "FUSION_MAX_PARALLEL", 1, 100_000) or mapping.get("max_parallel"),
        workspace=WorkspaceConfig(**_tuples(mapping.get("workspace", {}))),
        messaging=_messaging(mapping.get("messaging", {}), environment),
        retention_s=mapping.get("retention"),
        serve=_serve(mapping.get("serve", {}), environment),
        sandbox=_sandbox(mapping.get("sandbox", {})),
        speckit=SpeckitConfig(**mapping.get("speckit", {})),
        providers=mapping.get("providers", {}),
    )


def _tuples(values: Values) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _messaging(values: Values, environment: Mapping[str, str]) -> MessagingConfig:
    url = environment.get("FUSION_REDIS_URL") or values.get("redis_url")
    backend = values.get("backend") or ("redis" if url else "ledger")
    return MessagingConfig(backend, url, values.get("expiry"))


def _serve(values: Values, environment: Mapping[str, str]) -> ServeConfig:
    given = dict(values)
    if environment.get("FUSION_HOST"):
        given["host"] = environment["FUSION_HOST"]
    port = _number(environment, "FUSION_PORT", 0, 65535)
    return ServeConfig(**given if port is None else {**given, "port": port})


def _sandbox(values: str | Values) -> SandboxConfig:
    return SandboxConfig(values) if isinstance(values, str) else SandboxConfig(**_tuples(values))


def _number(environment: Mapping[str, str], name: str, lowest: int, highest: int) -> int | None:
    text = environment.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and lowest <= int(text) <= highest):
        raise BadVariable(name=name, value=text, wanted=f"a whole number from {lowest} to {highest}")
    return int(text)
