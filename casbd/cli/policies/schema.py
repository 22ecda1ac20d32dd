"""`casbd policies schema`."""

from __future__ import annotations

import json

import click


@click.command("schema")
def schema() -> None:
    """Print a JSON Schema of rule files, for completion and checking in an editor."""
    from casbd.policies.schema import schema

    click.echo(json.dumps(schema(), indent=2))
