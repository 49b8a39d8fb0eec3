"""What can be wrong before a provider's program is started, and with what it left behind."""

from __future__ import annotations

from fusion_kit.core.errors import FusionError, NotFound, UsageError
from fusion_kit.core.workflow import AgentSpec


class UnknownProvider(NotFound):
    """There is no provider {name!r}."""

    hint = "{suggestion}Known are {known}. Any command-line agent works with `provider: command`."


class ProviderBroken(FusionError):
    """The provider {name!r} cannot be loaded from {target}: {reason}."""

    hint = "It comes from an installed plug-in: upgrade it or uninstall it."


class ProviderUnavailable(FusionError):
    """The program {program!r} of agent {agent!r} was not found."""

    hint = "Install it, put it on PATH, or name another program in the agent's file."


class PromptUnpassable(UsageError):
    """The prompt for agent {agent!r} cannot be an argument: {reason}."""

    hint = "Say `prompt: stdin` or `prompt: file` in the agent's file; both take any text of any length."


class BadOption(UsageError):
    """The agent {agent!r} says `{option}` in a way its provider does not understand: {reason}."""

    hint = "It is read from {source}."


class BadShell(UsageError):
    """The shell {shell!r} cannot run a script: {reason}."""

    hint = "Use bash, sh, python, or a command with {{0}} where the script's file goes, such as `node {{0}}`."


class BadScript(UsageError):
    """The script of agent {agent!r} is wrong at {place}: {reason}."""

    hint = "The steps are {known}; the agents that `fusion-kit init` writes show how they look."


class BadOutputFile(FusionError):
    """What was written to $FUSION_OUTPUT cannot be read: {reason}."""

    hint = "Write `name=value` lines, `name<<END` heredocs, or one JSON object, as text of at most 16 MiB."


def bad_option(agent: AgentSpec, option: str, reason: str) -> BadOption:
    """Return the error that names the agent's file."""
    return BadOption(agent=agent.name, option=option, reason=reason, source=agent.source or "the agent's file")
