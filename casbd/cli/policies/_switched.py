"""Switching a policy, for `enable` and `disable`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import noted
from casbd.cli.policies._loaded import Loaded
from casbd.cli.policies._refused import refused
from casbd.errors import CasbdError, Mistakes


def switched(configuration: Path, policy_id: str, *, enabled: bool) -> None:
    """Switch a policy on or off in its file, with an entry in the audit trail; the end of the program where it cannot be written."""
    from casbd.policies.switch import switch

    loaded = Loaded(configuration)
    path = loaded.one(policy_id).path
    try:
        switch(path, policy_id, enabled=enabled, others=loaded.paths)
    except Mistakes:
        raise
    except (CasbdError, OSError) as error:
        refused(path, error)
    noted(configuration, f"policies {'enable' if enabled else 'disable'}", policy_id, {"file": str(path)})
    click.echo(f"{path}: {policy_id} is {'on' if enabled else 'off'}", err=True)
