"""`casbd policies show`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option, write_lines
from casbd.cli.policies._loaded import Loaded
from casbd.clock import now
from casbd.policies.explain import sentence
from casbd.wire import json_lines


@click.command("show")
@click.argument("policy_id")
@json_option
@click.pass_obj
def show(configuration: Path, /, policy_id: str, as_json: bool) -> None:
    """Show a policy's file; with --json what `list` has of it, its meaning in English, and the file's text."""
    loaded = Loaded(configuration)
    policy = loaded.one(policy_id)
    text = policy.path.read_text(encoding="utf-8")
    if as_json:
        from casbd.cli.policies._logged import listed  # with DuckDB it takes longer to load than `--help` may

        (known,) = listed(loaded, [policy])
        more = {
            "description": policy.description or None,
            "references": policy.references,
            "meaning": sentence(policy, now()),
            "text": text,
        }
        write_lines([json_lines.line(known.fields() | more)])
        return
    click.echo(f"# {policy.path}", err=True)
    click.echo(text, nl=False)
