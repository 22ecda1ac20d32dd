"""A mapping to begin with, for records of an unknown format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from casbd.cli._common import cell
from casbd.cli.inputs._container import container
from casbd.model.chunk import Chunk
from casbd.onboarding.suggestion import leaves, suggest, time_format
from casbd.records import record_path


def suggestion(file: Path, chunk: Chunk) -> None:
    """An input with a mapping, to be put into the configuration and looked through."""
    records = [data for record in chunk.records if isinstance(data := record_path.decode(record.decode("utf-8", "replace")), dict)]
    mapping = suggest(records)
    if not mapping:
        click.echo("casbd: no format claims these records, and nothing was found in them that a mapping could begin with", err=True)
        for reject in chunk.rejects[:3]:
            click.echo(f"  {cell(reject.reason)}", err=True)
        return
    click.echo("casbd: no format claims these records; a mapping to begin with, guessed from names and values:", err=True)
    table = container(chunk) == "csv"  # whose columns are named as they are
    click.echo(f"inputs:\n  - name: own\n    path: {_scalar(str(file.resolve()))}\n    format: {'csv' if table else 'json'}\n    mapping:")
    if "timestamp" not in mapping:
        click.echo("      # timestamp: {path: ..., format: ...}      # no time was found; without one nothing is an activity")
    values = leaves(records)
    for field, path in mapping.items():
        written = _scalar(str(record_path.parse_path(path)[0]) if table else path)
        form = time_format(values[record_path.parse_path(path)]) if field == "timestamp" else None
        told = (
            f"{{path: {written}, format: {json.dumps(form)}, zone: UTC}}      # whose time is it? such as Europe/Oslo" if form else written
        )
        click.echo(f"      {field}: {told}")
    if "timestamp" in mapping and len(values[record_path.parse_path(mapping["timestamp"])]) > len(records):
        inside = cell(str(record_path.parse_path(mapping["timestamp"])[0]))
        click.echo(
            f"casbd: a record holds several things with a time under `{inside}`, of which this mapping takes only the first", err=True
        )


def _scalar(text: str) -> str:
    """Text as YAML has it; in quotes, with everything that could command a terminal escaped, unless it is plain."""
    return text if re.fullmatch(r"[A-Za-z_/][\w./\[\]-]*", text, re.ASCII) else json.dumps(text)
