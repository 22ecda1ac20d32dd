"""`casbd inputs try`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, drawer, json_option, table, write_lines
from casbd.config import reading
from casbd.daemon import engine
from casbd.documents import nearest
from casbd.errors import Mistakes
from casbd.inputs.record_reader import sample
from casbd.model.activity import Activity
from casbd.model.chunk import Chunk
from casbd.onboarding import trial
from casbd.onboarding.first_records import first_records
from casbd.onboarding.suggested_input import suggested_input
from casbd.plugins import Format, registry
from casbd.wire import json_lines

_MOST_PATHS, _MOST_REASONS = 40, 20


@click.command("try")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", metavar="F", help="Read the records as this format; otherwise it is recognised from the records.")
@click.option("--input", "name", metavar="NAME", help="Read them as this input of the configuration would, its mapping included.")
@click.option("--limit", type=click.IntRange(1, 10**9), default=3, show_default=True, help="So many activities are shown.")
@json_option
@click.pass_obj
def attempt(configuration: Path, file: Path, form: str | None, name: str | None, limit: int, as_json: bool) -> None:
    """Show what the first records of a file become, what of them no field holds, and why others are rejects.

    For an unknown format it suggests a mapping for `format: json`. Nothing is stored, and nothing is looked up (country, groups).
    """
    if form and name:
        raise click.UsageError("--format and --input exclude each other")
    chunk = first_records(file)
    plugin = _configured(configuration, name) if name else None
    plugin = plugin or _named(form or engine.detect(sample(chunk.records)))
    if plugin is None:
        _show_suggestion(file, chunk)
        sys.exit(EXIT_NO)
    activities, rejects = trial.parsed(plugin, chunk)
    if as_json:
        write_lines(map(json_lines.activity, activities[:limit]))
    else:
        for activity in activities[:limit]:
            _show(activity)
        _show_the_rest(chunk, activities)
    number = len(chunk.records) + len(chunk.rejects)
    click.echo(f"{number} records at the beginning of the file: {len(activities)} activities, {sum(rejects.values())} rejects", err=True)
    for reason, count in rejects.most_common(_MOST_REASONS):
        click.echo(f"  {count} rejects: {cell(reason)}", err=True)
    if not activities:
        sys.exit(EXIT_NO)


def _configured(configuration: Path, name: str) -> Format | None:
    """As a configured input reads its records; None where its format is `auto` and would have to be recognised from them."""
    settings, mistakes = reading.read(configuration)
    for one in settings.inputs:
        if one.spec.name == name:
            plugin: Format | None = registry.load("formats", one.spec.format)(one.options) if one.spec.format != "auto" else None
            return plugin
    if mistakes:
        raise Mistakes(mistakes)
    raise click.BadParameter(
        f"there is no input `{name}`; {nearest(name, [one.spec.name for one in settings.inputs])}", param_hint="--input"
    )


def _named(form: str | None) -> Format | None:
    """A format by its name; None where it needs a mapping."""
    if form in (None, "json", "csv"):  # which are nothing without a mapping
        return None
    known = registry.names("formats")
    if form is None or form not in known:
        raise click.BadParameter(f"`{form}` is no format; {nearest(form, known)}", param_hint="--format")
    plugin: Format = registry.load("formats", form)(registry.load("formats", form).Options())
    return plugin


def _show_suggestion(file: Path, chunk: Chunk) -> None:
    suggested = suggested_input(file, chunk)
    if suggested is None:
        click.echo("casbd: no format claims these records, and nothing was found in them that a mapping could begin with", err=True)
        for reject in chunk.rejects[:3]:
            click.echo(f"  {cell(reject.reason)}", err=True)
        return
    click.echo("casbd: no format claims these records; a mapping to begin with, guessed from names and values:", err=True)
    click.echo(suggested.text)
    if suggested.several_under:
        inside = cell(suggested.several_under)
        click.echo(
            f"casbd: a record holds several things with a time under `{inside}`, of which this mapping takes only the first", err=True
        )


def _show(activity: Activity) -> None:
    table("", ("field", "value"), drawer(activity, ("raw", "source", "input", "input_file", "input_offset")))
    click.echo()


def _show_the_rest(chunk: Chunk, activities: Iterable[Activity]) -> None:
    """What is only in the record: rules find it under `raw.`, as everything else."""
    rest = [(path, len(values), values[0][:80]) for path, values in trial.only_in_records(chunk, activities)]
    table("In the record only", ("path", "values", "for example"), rest[:_MOST_PATHS])
    if len(rest) > _MOST_PATHS:
        click.echo(f"and {len(rest) - _MOST_PATHS} more paths", err=True)
    click.echo()
