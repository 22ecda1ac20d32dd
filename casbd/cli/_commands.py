"""The groups of commands: `casbd` itself, and every folder of it. A new command is a new file; nothing else is edited."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from types import ModuleType
from typing import Any

import click


class Commands(click.Group):
    """The commands of a package: of each module the one that is named as the module is. What starts with `_` is shared code.

    package: its name. A module is imported only when its command is called, or when a help text lists it: importing all of them
    takes longer than most commands run.
    """

    def __init__(self, *args: Any, package: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names of the commands."""
        return sorted(self._modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of one module; None where there is no such module."""
        module = self._modules().get(cmd_name)
        return _named(importlib.import_module(f"{self._package}.{module}"), cmd_name) if module else None

    def _modules(self) -> dict[str, str]:
        """By the command's name: `import_` has `import`, a word that Python keeps for itself; `trust_clock` has `trust-clock`."""
        modules = pkgutil.iter_modules(sys.modules[self._package].__path__)
        return {one.name.rstrip("_").replace("_", "-"): one.name for one in modules if not one.name.startswith("_")}

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; of a misspelt name it says which one was meant, which click knows only of commands that are loaded."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. That nobody reads on (`casbd ... | head`) is no failure; click's own answer is exit code 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where the rest goes that Python flushes at its end
            ctx.exit(0)


def _named(module: ModuleType, name: str) -> click.Command:
    for value in vars(module).values():
        if isinstance(value, click.Command) and value.name == name:
            return value
    raise RuntimeError(f"{module.__name__} has no click command `{name}`")
