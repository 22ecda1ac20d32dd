"""`casbd review`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from casbd.cli._common import cell, json_option, write_lines
from casbd.cli._sources import sources
from casbd.clock import now
from casbd.wire import json_lines


@click.command("review")
@json_option
@click.pass_obj
def review(configuration: Path, /, as_json: bool) -> None:
    """Walk through what is due: old open alerts, noisy policies, expired exceptions, destinations, old data, each with what to do.

    Alerts that are open for more than 30 days, policies more than half of whose judged alerts are false, exceptions that have
    expired, destinations that are down or refuse messages, GeoIP files and lists of browsers older than 180 days,
    policies that need ranges, groups or files that are not there, policies that are set aside, files that are not read, commands that
    wait, and a reload that was refused. Exit code 0 also where something is due: most of it may wait.
    """
    from casbd.pipeline.enrichment import configured
    from casbd.reports.reviewing import due

    with sources(configuration, now()) as known:
        enrichers, _ = configured(known.settings.enrichers)  # what is wrong in their files `check` tells
        found = due(known, enrichers)
    if as_json:
        write_lines(json_lines.line(msgspec.to_builtins(one)) for one in found)
        return
    for number, one in enumerate(found, 1):
        click.secho(f"{number}. {cell(one.what)}", bold=True)
        click.echo(f"   {cell(one.why)}")
        click.echo(f"   -> {cell(one.do)}")
    click.echo(f"casbd: {len(found)} due" if found else "casbd: nothing is due", err=True)
