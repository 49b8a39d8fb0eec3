"""The keys of `.fusion/config.yaml`."""

from __future__ import annotations

import re

from fusion_kit.definitions.keys.common import GLOBS, LIMITS
from fusion_kit.definitions.keys.task import DEFAULTS
from fusion_kit.definitions.keys.workflow import Version
from fusion_kit.definitions.shapes.parts import Anything, Closed, Either, FreeMapping, Key, ListOf, MapOf
from fusion_kit.definitions.shapes.scalars import Boolean, Choice, Duration, Integer, Text

_ANY = Anything(refuses=False)
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_COMMANDS = ListOf(Text(filled=True, code=True), one=True)

_WORKSPACE = Closed(
    '"workspace"',
    {
        "copy": Key(GLOBS, "Files to be copied from the main checkout into a new workspace."),
        "link": Key(GLOBS, "Files or folders to be linked from it."),
        "setup": Key(_COMMANDS, "Commands that make a new workspace ready."),
        "teardown": Key(_COMMANDS, "Commands that run before a workspace is removed."),
        "cache": Key(GLOBS, "Ignored paths that survive from one task to the next."),
    },
)
_SERVE = Closed(
    '"serve"',
    {
        "host": Key(Text(filled=True), "The address to listen on; 127.0.0.1 by default."),
        "port": Key(Integer(0, 65535), "The port to listen on."),
        "open": Key(Boolean(), "Whether a browser is opened."),
    },
)
_MESSAGING = Closed(
    '"messaging"',
    {
        "backend": Key(Choice(("ledger", "redis")), "Where messages travel; the ledger by default."),
        "redis_url": Key(Text(filled=True), "Where Redis is, such as redis://localhost:6379/0."),
        "expiry": Key(Duration(), "How long an undelivered message is kept."),
    },
)
_SANDBOX_MODE = Choice(("none", "bubblewrap", "landlock"))
_SANDBOX = Either(
    scalar=_SANDBOX_MODE,
    mapping=Closed(
        '"sandbox"',
        {
            "default": Key(_SANDBOX_MODE, "The sandbox of agents that name none."),
            "network": Key(Choice(("full", "allowlist", "none")), "What a sandboxed agent can reach."),
            "allow": Key(ListOf(Text(filled=True), one=True), "The hosts of `network: allowlist`."),
        },
    ),
    wanted="none, bubblewrap, landlock or a mapping with default, network and allow",
)
_SPECKIT = Closed(
    '"speckit"',
    {
        "enabled": Key(Boolean(), "Whether spec-kit's files are read."),
        "folder": Key(Text(filled=True), "Where its specifications lie."),
        "agent": Key(Text(filled=True), "The agent that does its tasks."),
    },
)

CONFIG = Closed(
    "the configuration",
    {
        "version": Key(Version(), "The version of this format: 1."),
        "project": Key(Text(filled=True), "The project's id, in every event."),
        "defaults": Key(DEFAULTS, "Values for the keys that neither a task nor its workflow has."),
        "limits": Key(LIMITS, "Hard ceilings of every run."),
        "max_parallel": Key(Integer(1), "How many tasks of a run may run at once."),
        "workspace": Key(_WORKSPACE, "What a new workspace is given."),
        "messaging": Key(_MESSAGING, "How agents talk to each other."),
        "retention": Key(Duration(), "How long ended runs are kept, such as 30d."),
        "serve": Key(_SERVE, "The dashboard's server."),
        "sandbox": Key(_SANDBOX, "What is put around an agent."),
        "speckit": Key(_SPECKIT, "spec-kit."),
        "providers": Key(MapOf(FreeMapping(_ANY), _PROVIDER, "the name of a provider"), "Options of providers."),
    },
    synonyms={"workspaces": "workspace", "parallel": "max_parallel", "jobs": "max_parallel", "provider": "providers"},
    open_ended=True,
)
