"""`casbd policies disable`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli.policies._switched import switched


@click.command("disable")
@click.argument("policy_id")
@click.pass_obj
def disable(configuration: Path, /, policy_id: str) -> None:
    """Switch a policy off, in its file; the daemon lets go of it within two seconds."""
    switched(configuration, policy_id, enabled=False)
