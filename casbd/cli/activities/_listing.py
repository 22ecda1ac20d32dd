"""Listing activities: as a table, as CSV or as JSON, page by page."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from casbd.activity_log import ActivityLog, Cursor, scored, search
from casbd.cli._common import cell, json_option, moment, table, write_lines
from casbd.cli._search_options import NEWEST_FIRST, SearchOptions
from casbd.filters.fields import FieldRef, parse_field
from casbd.model.activity import FIELDS, Activity
from casbd.pseudonyms import Pseudonyms
from casbd.records.record_path import RawReader, texts
from casbd.wire import csv_cells, json_lines
from casbd.wire.plain_text import single_line

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])
COLUMNS = ("timestamp", "user", "activity_type", "action_type", "app", "object_name", "ip_address", "country", "result")
LESS = ("result", "country", "app", "action_type", "object_name")
_INSTEAD = "--columns, --json or a wider terminal shows"
MATCHED = "!"
"""Marks an activity that meets a policy's filters."""
_STYLES = {"success": "", "partial": "yellow", "failure": "red"}


class Columns(click.ParamType["tuple[Column, ...]"]):
    """`user,app,raw.Operation`."""

    name = "columns"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Column, ...]:
        """Each with its name."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(Column(name, _field(name)) for name in map(str.strip, str(value).split(",")))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _field(name: str) -> FieldRef:
    return scored.Scored(name) if name == scored.NAME else parse_field(name)


class Column(NamedTuple):
    """A field, or a path into the exported record; or what alerts make of an activity, by id."""

    name: str
    field: FieldRef
    priorities: Mapping[str, int] = {}

    @property
    def is_priority(self) -> bool:
        """Whether it is the last of these."""
        return isinstance(self.field, scored.Scored)

    def value(self, fields: dict[str, Any], reader: RawReader) -> Any:
        """What an activity has there, as JSON has it: null for nothing, of several values a list. fields: the activity's, as JSON."""
        if self.is_priority:
            return self.priorities.get(fields["activity_id"])
        if not self.field.path:
            return fields[self.name]
        values = reader.find(fields["raw"], self.field.path)
        return values if len(values) > 1 else values[0] if values else None


class Listing(NamedTuple):
    """How activities are listed. columns: None for the usual ones; those of a table are few, of programs all."""

    columns: tuple[Column, ...] | None
    as_csv: bool
    as_json: bool
    after: Cursor | None

    def reads(self) -> Collection[str]:
        """The fields of an activity that are looked at."""
        if self.columns is None and (self.as_json or self.as_csv):
            return FIELDS
        shown = COLUMNS if self.columns is None else tuple(column.field.name for column in self.columns)
        return (*shown, "activity_id", "matched_policies", "result")


_OPTIONS = (
    click.option("--columns", type=Columns(), metavar="FIELD,...", help="These fields, also raw.PATH into the record, and priority."),
    click.option("--csv", "as_csv", is_flag=True, help="CSV with a header (RFC 4180); all fields unless --columns says which."),
    json_option,
    click.option("--after", metavar="CURSOR", help="The next page: what the one before said at its end."),
)


def listing_options(function: F) -> F:
    """`--columns`, `--csv`, `--json` and `--after`, as one `listing`."""

    @wraps(function)
    def with_listing(
        *arguments: Any, columns: tuple[Column, ...] | None, as_csv: bool, as_json: bool, after: str | None, **others: Any
    ) -> Any:
        if as_csv and as_json:
            raise click.UsageError("--csv and --json: one of them")
        try:
            cursor = None if after is None else Cursor.parse(after)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--after") from None
        return function(*arguments, listing=Listing(columns, as_csv, as_json, cursor), **others)

    decorated: Any = with_listing
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def write(log: ActivityLog, options: SearchOptions, listing: Listing, shown: Pseudonyms) -> None:
    """What is asked for to standard output, and where the next page begins to standard error."""
    limit, last = options.limit, deque[Activity](maxlen=1)
    if listing.after is not None and options.sort != NEWEST_FIRST:
        raise click.BadParameter(f"pages are of --sort {NEWEST_FIRST} alone", param_hint="--after")
    activities = search(
        log,
        options.wanted,
        since=options.since,
        until=options.until,
        sort=options.sort,
        limit=limit and limit + 1,
        after=listing.after,
        fields=FIELDS if shown.fields else listing.reads(),  # pseudonyms are made of all that tells who it was
    )

    columns = listing.columns
    if columns is not None and any(column.is_priority for column in columns):
        priorities = log.priorities(options.since, options.until)
        columns = tuple(column._replace(priorities=priorities) for column in columns)

    def page() -> Iterator[Activity]:
        for activity in islice(activities, limit) if limit else activities:
            last.append(activity)
            yield shown.activity(activity)

    if listing.as_json:
        write_lines(_json(page(), columns))
    elif listing.as_csv:
        _write_csv(page(), columns or tuple(Column(name, FieldRef(name)) for name in FIELDS))
    else:
        _write_table(page(), columns)
    if limit and next(activities, None) is not None:
        more = f"more with --after {Cursor.at(last[0]).text()}" if options.sort == NEWEST_FIRST else f"the first {limit}; there are more"
        click.echo(f"casbd: {more} (--limit 0 is all)", err=True)


def write_line(console: Console, activity: Activity) -> None:
    """One activity in one line, for people."""
    from rich.text import Text

    values = [moment(activity.timestamp), *(cell(getattr(activity, name)) for name in COLUMNS[1:])]
    text = f"{MATCHED if activity.matched_policies else ' '} {'  '.join(filter(None, values))}"
    console.print(Text(text, style=style(activity)), soft_wrap=True)


def style(activity: Activity) -> str:
    """The colour of an activity: how it ended, bold where a policy is met."""
    return f"{_STYLES.get(activity.result or '', 'dim')} {'bold' if activity.matched_policies else ''}".strip()


def _json(activities: Iterator[Activity], columns: tuple[Column, ...] | None) -> Iterator[bytes]:
    if columns is None:
        yield from map(json_lines.activity, activities)
        return
    reader = RawReader()
    for activity in activities:
        fields = json_lines.activity_fields(activity)
        yield json_lines.line({column.name: column.value(fields, reader) for column in columns})


def _write_csv(activities: Iterator[Activity], columns: tuple[Column, ...]) -> None:
    reader = RawReader()
    out = sys.stdout.buffer
    out.write(csv_cells.row([csv_cells.safe(column.name) for column in columns]))
    for activity in activities:
        fields = json_lines.activity_fields(activity)
        out.write(csv_cells.row([_csv_cell(column.value(fields, reader)) for column in columns]))
    out.flush()


def _csv_cell(value: Any) -> str:
    """One line without control characters, as a terminal may be what reads it; numbers are none that a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    return csv_cells.safe(single_line(value if isinstance(value, str) else json_lines.line(value).decode()))


def _write_table(activities: Iterator[Activity], columns: tuple[Column, ...] | None) -> None:
    shown = columns or tuple(Column(name, FieldRef(name)) for name in COLUMNS)
    listed, reader = [*activities], RawReader()
    rows = ([MATCHED if one.matched_policies else "", *(_cell(column, one, reader) for column in shown)] for one in listed)
    styles = map(style, listed)
    less = LESS if columns is None else ()
    table("", (MATCHED, *(column.name for column in shown)), rows, lambda _: next(styles), less=less, instead=_INSTEAD)


def _cell(column: Column, activity: Activity, reader: RawReader) -> object:
    if column.is_priority:
        return column.priorities.get(activity.activity_id)
    if column.name == "timestamp":
        return moment(activity.timestamp)
    if column.name == "objects":
        return [f"{thing.type or 'object'} {thing.name or thing.id}" for thing in activity.objects]
    if column.field.path:
        return texts(reader.find(activity.raw, column.field.path))
    return getattr(activity, column.name)
