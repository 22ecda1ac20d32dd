"""`casbd policies templates`."""

from __future__ import annotations

import click

from casbd.cli._common import json_option, table, write_lines
from casbd.cli.policies._columns import about, counting
from casbd.wire import json_lines


@click.command("templates")
@json_option
def list_templates(as_json: bool) -> None:
    """List the policies that ship with casbd, and what each needs; `casbd policies new ID --template T` makes one of them."""
    from casbd.policies.templates import needs, templates

    shipped = templates()
    if as_json:
        write_lines(json_lines.line(about(policy) | {"needs": needs(policy)}) for policy in shipped)
        return
    rows = [(policy.id, policy.name, policy.severity, counting(policy), "; ".join(needs(policy))) for policy in shipped]
    table("", ("template", "name", "severity", "counts", "needs"), rows, less=("counts", "severity"))
