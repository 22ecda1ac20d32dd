"""The output that an argument names."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from casbd.config import place, reading
from casbd.config.settings import PluginSettings


def named(configuration: Path, name: str) -> PluginSettings:
    """Its part of the configuration. Wrong use where there is none of that name; of other sections' mistakes nothing is said."""
    settings, _ = reading.read(configuration)
    found = {output.name: output for output in settings.outputs}
    if name not in found and name in place.names(configuration, "outputs"):
        raise click.BadParameter(f"there is a mistake in the output {name}: see `casbd check`", param_hint="NAME")
    known(name, found)
    return found[name]


def known(name: str, names: Collection[str]) -> None:
    """Wrong use where it is none of them."""
    if name not in names:
        raise click.BadParameter(f"no such output: {name}. There are: {', '.join(names) or 'none'}", param_hint="NAME")
