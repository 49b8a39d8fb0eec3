"""The command line's frame: a group that imports a command when it is called, and options that work everywhere."""

from __future__ import annotations

import difflib
import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from fusion_kit.cli.exit_codes import MEANINGS, Interrupted
from fusion_kit.cli.light_parameters import lighten
from fusion_kit.cli.session import session_of
from fusion_kit.cli.settings import Colour, Mode
from fusion_kit.cli.table import BY_NAME, COMMANDS, Entry
from fusion_kit.core.errors import UsageError

_GLOBAL = ("directory", "quiet", "verbose", "color", "output", "no_input")
_CONTEXT = {"help_option_names": ["-h", "--help"]}


class UnknownCommand(UsageError):
    """There is no command {name!r}."""

    hint = "{advice}"


def _choose(ctx: typer.Context) -> None:
    given = {name: ctx.params.pop(name) for name in _GLOBAL if name in ctx.params}
    session_of(ctx).choose(given)
    session_of(ctx).is_parsed = True


def _light(option: Any) -> Any:
    lighten([option] if option else [])
    return option


class LazyCommand(TyperCommand):
    """A command that also takes the global options, and hands them to the session before it runs."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`, as light as the other parameters."""
        return _light(super().get_help_option(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command without the global options among its parameters; raises `Interrupted` for Ctrl-C."""
        _choose(ctx)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer would make an exit code of it, and nobody could tell a program why
            raise Interrupted from None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the command's own options first, then the global ones."""
        own: list[tuple[str, str]] = []
        everywhere: list[tuple[str, str]] = []
        arguments: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            if param.param_type_name == "argument":
                arguments.append(record)
            else:
                (everywhere if param.name in (*_GLOBAL, "help") else own).append(record)
        for title, rows in (("Arguments", arguments), ("Options", own), ("Global options", everywhere)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class LazyGroup(TyperGroup):
    """The commands of the table; `--help` and completion of names import none of them."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`, as light as the other parameters."""
        return _light(super().get_help_option(ctx))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        """Return the names of all commands."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the base class's signature
        """Import and return a command; None where there is none of that name."""
        entry = BY_NAME.get(cmd_name)
        return self._loaded(entry) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that `args` begin with; raises `UnknownCommand`."""
        if args[0] not in BY_NAME and not ctx.resilient_parsing:
            close = difflib.get_close_matches(args[0], BY_NAME, n=1)
            lists = "`fusion-kit --help` lists the commands."
            raise UnknownCommand(name=args[0], advice=f"Did you mean `fusion-kit {close[0]}`?" if close else lists)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Write the commands by group."""
        for group in dict.fromkeys(entry.group for entry in COMMANDS):
            with formatter.section(group):
                formatter.write_dl([(entry.name, entry.help) for entry in COMMANDS if entry.group == group])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Write the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl(list(MEANINGS))

    def _loaded(self, entry: Entry) -> TyperCommand:
        module = importlib.import_module(f"fusion_kit.cli.commands.{entry.name}")
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        app.command(entry.name, cls=LazyCommand, context_settings=dict(_CONTEXT), short_help=entry.help)(module.command)
        command = get_command(app)
        command.params.extend(param for param in self.params if param.name in _GLOBAL)
        lighten(command.params)
        return command  # type: ignore[return-value]


app = typer.Typer(
    name="fusion-kit",
    cls=LazyGroup,
    rich_markup_mode=None,
    context_settings=_CONTEXT,
    options_metavar="[OPTIONS]",
)


@app.callback()
def fusion_kit(
    ctx: typer.Context,
    directory: Annotated[
        str | None, typer.Option("-C", metavar="DIR", help="Work in this folder instead of the present one.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress on stderr.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show output of tasks, and tracebacks.")] = False,
    color: Annotated[
        str | None,
        typer.Option("--color", metavar="|".join(Colour), help="When to use colours; NO_COLOR is obeyed."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="|".join(Mode), help="How the result is printed.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask and never wait for a person.")] = False,
) -> None:
    """Run coding agents the way CI runs jobs: declared in YAML, in Git worktrees of their own."""
    given = {"directory": directory, "quiet": quiet, "verbose": verbose}
    session_of(ctx).choose(given | {"color": color, "output": output, "no_input": no_input})


def command_line() -> Any:
    """Return the whole command line, ready to be called with words."""
    group = get_command(app)
    lighten(group.params)
    return group
