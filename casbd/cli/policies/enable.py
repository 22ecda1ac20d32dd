"""`casbd policies enable`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli.policies._switched import switched


@click.command("enable")
@click.argument("policy_id")
@click.pass_obj
def enable(configuration: Path, /, policy_id: str) -> None:
    """Switch a policy on, in its file; the daemon takes it up within two seconds."""
    switched(configuration, policy_id, enabled=True)
