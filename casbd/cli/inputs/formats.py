"""`casbd inputs formats`."""

from __future__ import annotations

import inspect
import sys

import click

from casbd.cli._common import json_option, table, write_lines
from casbd.documents import nearest
from casbd.plugins import registry
from casbd.wire import json_lines


@click.command("formats")
@click.argument("name", required=False)
@json_option
def formats(name: str | None, as_json: bool) -> None:
    """List the formats, or tell all about one: what it reads, after which documentation, and what its records cannot tell."""
    names = registry.names("formats")
    if name is not None and name not in names:
        raise click.BadParameter(f"`{name}` is no format; {nearest(name, names)}", param_hint="NAME")
    chosen = {one: registry.load("formats", one) for one in names if name in (None, one)}
    about = {one: getattr(cls, "about", None) or inspect.getdoc(sys.modules[cls.__module__]) or "" for one, cls in chosen.items()}
    if as_json:
        write_lines(json_lines.line({"format": one, "about": text}) for one, text in about.items())
    elif name:
        click.echo(about[name])
    else:
        table("", ("format", "reads"), [(one, " ".join((inspect.getdoc(cls) or "").split())) for one, cls in chosen.items()])
