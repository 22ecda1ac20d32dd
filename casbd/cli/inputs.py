"""`casbd inputs`."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, drawer, json_option, table, write_lines
from casbd.config import reading
from casbd.daemon import engine
from casbd.documents import nearest
from casbd.errors import BadRecord, CasbdError, Mistakes
from casbd.inputs.record_reader import sample
from casbd.model.activity import FIELDS, Activity
from casbd.model.chunk import Chunk
from casbd.onboarding.first_records import first_records
from casbd.onboarding.suggestion import leaves, suggest, time_format
from casbd.plugins import Format, registry
from casbd.records import record_path
from casbd.records.finished import finish
from casbd.wire import json_lines

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
_MOST_PATHS, _MOST_REASONS = 40, 20


@click.group("inputs")
def command() -> None:
    """See what casbd makes of exported files, before or without following them."""


@command.command("detect")
@_FILES
@json_option
def detect(files: Sequence[Path], as_json: bool) -> None:
    """Tell the format of files, and how sure casbd is of it, as `format: auto` would decide.

    Exit code 1 if one of them is not recognised; `casbd inputs try FILE` suggests a mapping for it.
    """
    told = [_detected(path) for path in files]
    if as_json:
        write_lines(map(json_lines.line, told))
    else:
        columns = ("file", "container", "records seen", "format", "sure", "else")
        table("", columns, [_row(one) for one in told], less=("container", "records seen", "else"))
    if not all(one["format"] for one in told):
        sys.exit(EXIT_NO)


def _detected(path: Path) -> dict[str, Any]:
    try:
        chunk = first_records(path)
    except CasbdError as error:
        return {"file": str(path), "container": None, "records": 0, "format": None, "sure": 0.0, "claims": {}, "problem": str(error)}
    seen = sample(chunk.records)
    claims = {name: round(sure, 3) for name, sure in engine.claims(seen).items() if sure} if seen else {}
    found = engine.detect(seen) if seen else None
    return {
        "file": str(path),
        "container": _container(chunk),
        "records": len(seen),
        "format": found,
        "sure": claims.get(found, 0.0) if found else 0.0,
        "claims": claims,
        "problem": None if found else "no format claims these records" if seen else "no whole record is in it",
    }


def _row(told: dict[str, Any]) -> tuple[Any, ...]:
    others = [f"{name} {sure:.0%}" for name, sure in told["claims"].items() if name != told["format"]]
    sure = f"{told['sure']:.0%}" if told["format"] else ""
    return told["file"], told["container"], told["records"], told["format"] or f"({told['problem']})", sure, ", ".join(others)


@command.command("formats")
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


@command.command("try")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", metavar="F", help="Read the records as this format; otherwise it is told by the records.")
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
        _suggestion(file, chunk)
        sys.exit(EXIT_NO)
    activities, reasons = _parsed(plugin, chunk)
    if as_json:
        write_lines(map(json_lines.activity, activities[:limit]))
    else:
        for activity in activities[:limit]:
            _tell(activity)
        _tell_the_rest(chunk, activities)
    number = len(chunk.records) + len(chunk.rejects)
    click.echo(f"{number} records at the beginning of the file: {len(activities)} activities, {sum(reasons.values())} rejects", err=True)
    for reason, count in reasons.most_common(_MOST_REASONS):
        click.echo(f"  {count} rejects: {cell(reason)}", err=True)
    if not activities:
        sys.exit(EXIT_NO)


def _configured(configuration: Path, name: str) -> Format | None:
    """As a configured input reads its records; None where its format is `auto` and would have to be told by them."""
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


def _parsed(plugin: Format, chunk: Chunk) -> tuple[list[Activity], Counter[str]]:
    activities: list[Activity] = []
    reasons = Counter(reject.reason for reject in chunk.rejects)
    for record in chunk.records:
        try:
            found = plugin.parse(record)
            finish(found, record, record.decode())
        except (BadRecord, UnicodeError) as error:
            reasons[str(error)] += 1
            continue
        activities += found
    return activities, reasons


def _tell(activity: Activity) -> None:
    table("", ("field", "value"), drawer(activity, ("raw", "source", "input", "input_file", "input_offset")))
    click.echo()


def _tell_the_rest(chunk: Chunk, activities: Iterable[Activity]) -> None:
    """What is only in the record: rules find it under `raw.`, as everything else."""
    held = {text for activity in activities for text in _texts(activity)}
    records = [record_path.decode(record.decode("utf-8", "replace")) for record in chunk.records]
    rest = [
        (f"raw.{record_path.write_path(path)}", len(values), values[0][:80])
        for path, values in leaves(records).items()
        if not any(value.casefold() in held for value in values)
    ]
    table("In the record only", ("path", "values", "for example"), rest[:_MOST_PATHS])
    if len(rest) > _MOST_PATHS:
        click.echo(f"and {len(rest) - _MOST_PATHS} more paths", err=True)
    click.echo()


def _texts(activity: Activity) -> Iterable[str]:
    """All that an activity holds, as text."""
    for name in FIELDS:
        value = getattr(activity, name) if name not in ("raw", "objects") else None
        yield from (str(one).casefold() for one in (value if isinstance(value, tuple) else (value,)) if one is not None)
    for one in activity.objects:
        yield from (text.casefold() for text in (one.id, one.name, one.type) if text)


def _suggestion(file: Path, chunk: Chunk) -> None:
    """An input with a mapping, to be put into the configuration and looked through."""
    records = [data for record in chunk.records if isinstance(data := record_path.decode(record.decode("utf-8", "replace")), dict)]
    mapping = suggest(records)
    if not mapping:
        click.echo("casbd: no format claims these records, and nothing was found in them that a mapping could begin with", err=True)
        for reject in chunk.rejects[:3]:
            click.echo(f"  {cell(reject.reason)}", err=True)
        return
    click.echo("casbd: no format claims these records; a mapping to begin with, guessed from names and values:", err=True)
    table = _container(chunk) == "csv"  # whose columns are named as they are
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


def _container(chunk: Chunk) -> str:
    return str(msgspec.json.decode(chunk.position.context)["container"])


def _scalar(text: str) -> str:
    """Text as YAML has it; in quotes, with everything that could command a terminal escaped, unless it is plain."""
    return text if re.fullmatch(r"[A-Za-z_/][\w./\[\]-]*", text, re.ASCII) else json.dumps(text)
