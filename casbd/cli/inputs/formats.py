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
    known = registry.names("formats")
    if name is not None and name not in known:
        raise click.BadParameter(f"`{name}` is no format; {nearest(name, known)}", param_hint="NAME")
    chosen = [(one, inspect.getdoc(sys.modules[registry.load("formats", one).__module__]) or "") for one in known if name in (None, one)]
    if as_json:
        write_lines(json_lines.line({"format": one, "about": text}) for one, text in chosen)
    elif name:
        click.echo(chosen[0][1])
    else:
        table("", ("format", "reads"), [(one, " ".join(text.partition("\n\n")[0].split())) for one, text in chosen])
