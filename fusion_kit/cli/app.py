"""The command line's frame: a group that imports a command when it is called, and options that work everywhere."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from fusion_kit.cli.exit_codes import MEANINGS, Interrupted
from fusion_kit.cli.light_parameters import lighten
from fusion_kit.cli.session import session_of
from fusion_kit.cli.settings import Colour, Mode
from fusion_kit.cli.table import COMMANDS, Entry
from fusion_kit.core.errors import UsageError

_GLOBAL = ("directory", "quiet", "verbose", "color", "output", "no_input")
_CONTEXT = {"help_option_names": ["-h", "--help"]}


class UnknownCommand(UsageError):
    """There is no command {name!r}."""

    hint = "{advice}"


def _choose(ctx: typer.Context) -> None:
    given = {name: ctx.params.pop(name) for name in _GLOBAL if name in ctx.params}
    session_of(ctx).choose(given)


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
        session_of(ctx).is_parsed = True
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer would make an exit code of it, and nobody could tell a program why
            raise Interrupted from None

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line, without an argument that is taken only to be refused."""
        hidden = [
            piece for param in self.params if getattr(param, "hidden", 0) for piece in param.get_usage_pieces(ctx)
        ]
        return [piece for piece in super().collect_usage_pieces(ctx) if piece not in hidden]

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

    entries: tuple[Entry, ...] = COMMANDS

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`, as light as the other parameters."""
        return _light(super().get_help_option(ctx))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        """Return the names of all commands."""
        return [entry.name for entry in self.entries]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the base class's signature
        """Import and return a command; None where there is none of that name."""
        found = [entry for entry in self.entries if entry.name == cmd_name]
        return self._loaded(found[0]) if found else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that `args` begin with; raises `UnknownCommand`."""
        names = self.list_commands(ctx)
        if args[0] not in names and not ctx.resilient_parsing:
            close = difflib.get_close_matches(args[0], names, n=1)
            lists = f"`{ctx.command_path} --help` lists the commands."
            advice = f"Did you mean `{ctx.command_path} {close[0]}`?" if close else lists
            raise UnknownCommand(name=" ".join([*self._path(), args[0]]), advice=advice)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Write the commands by group."""
        for group in dict.fromkeys(entry.group for entry in self.entries):
            with formatter.section(group):
                formatter.write_dl([(entry.name, entry.help) for entry in self.entries if entry.group == group])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Write the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl(list(MEANINGS))

    def _path(self) -> list[str]:
        """The words that lead from the program to this group."""
        return []

    def _loaded(self, entry: Entry) -> Any:
        """Return what an entry stands for, with the global options among its parameters."""
        command = InnerGroup(entry) if entry.children else self._imported(entry)
        command.params.extend(param for param in self.params if param.name in _GLOBAL)
        lighten(command.params)
        return command

    def _imported(self, entry: Entry) -> Any:
        module = importlib.import_module(f"fusion_kit.cli.commands.{entry.name}")
        return _command(entry, module.command)


class InnerGroup(LazyGroup):
    """The commands below one word: `fusion-kit secret set`."""

    def __init__(self, entry: Entry) -> None:
        """Offer the entry's children."""
        super().__init__(name=entry.name, help=entry.help, rich_markup_mode=None, context_settings=dict(_CONTEXT))
        self.entry = entry
        self.entries = entry.children

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the word alone for a wish to know what there is below it."""
        return super().parse_args(ctx, args if args or ctx.resilient_parsing else ["--help"])

    def invoke(self, ctx: Any) -> Any:
        """Hand the global options to the session, then run the command."""
        _choose(ctx)
        return super().invoke(ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write nothing more: the exit codes are on the first page."""

    def _path(self) -> list[str]:
        return [self.entry.name]

    def _imported(self, entry: Entry) -> Any:
        module = importlib.import_module(f"fusion_kit.cli.commands.{self.entry.name}")
        return _command(entry, getattr(module, f"{entry.name.replace('-', '_')}_command"))


def _command(entry: Entry, function: Callable[..., Any]) -> Any:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(entry.name, cls=LazyCommand, context_settings=dict(_CONTEXT), short_help=entry.help)(function)
    return get_command(app)


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
