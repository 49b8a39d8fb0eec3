"""A bare Typer app of thirty commands, as its tutorial teaches it: what start-up is measured against."""

from __future__ import annotations

from collections.abc import Callable

import typer

app = typer.Typer()


def _command(number: int) -> Callable[..., None]:
    def command(name: str = typer.Argument("world"), loud: bool = typer.Option(False, help="Shout.")) -> None:  # noqa: FBT001, FBT003 - Typer's own style
        print(f"{number} {name.upper() if loud else name}")

    return command


for _number in range(30):
    app.command(name=f"c{_number}", help=f"Command number {_number}.")(_command(_number))

if __name__ == "__main__":
    app()
