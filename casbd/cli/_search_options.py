"""The options that say which activities are asked for, shared by every command that takes them.

@search_options
@click.pass_obj
def search(configuration: Path, options: SearchOptions) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from casbd.activity_log import Wanted, scored
from casbd.activity_log.queries import Query, find, saved, suggested
from casbd.cli._common import AT_MOST, Time, cell, check_span, open_store
from casbd.cli._screen import real_filters
from casbd.clock import now
from casbd.filters.tree import Node
from casbd.model.activity import FIELDS

F = TypeVar("F", bound=Callable[..., Any])
NEWEST_FIRST = "-timestamp"
LIMIT = 100


class SearchOptions(NamedTuple):
    """What the options ask for, a query's by its name included.

    since, until: milliseconds, both ends included. limit: 0 is all. query: the same as it was written.
    """

    wanted: Wanted
    since: int | None
    until: int | None
    sort: str
    limit: int
    query: Query


_OWN = "search_"
"""Begins the names of the parameters, so that they are no command's own; `Query` has the rest as its fields."""
_FILTER_HELP = "Operators as in rules; all must hold. Beside filters on a user, `user_role eq object` (or any) asks whom it was done to."
_FILTERS = (
    click.option(
        "--filter",
        "search_filters",
        multiple=True,
        metavar='"FIELD OP VALUE[,VALUE]"',
        help="Operators as in rules; all must hold. With user_role eq object (or any), those on a user ask whom it was done to.",
    ),
    click.option(
        "--text", "search_text", metavar="WORDS", help="Each of these words, in any case, stands somewhere: user, app, objects, record ..."
    ),
    click.option(
        "--query", "search_query", metavar="NAME", help="With the filters of a saved or suggested query; `casbd queries list` has them."
    ),
)
_SPAN = (
    click.option(
        "--from", "search_since", metavar="TIME", help="Not before: 2026-01-31, 2026-01-31T12:00 Europe/Oslo, today, -7d, -12h ..."
    ),
    click.option("--to", "search_until", metavar="TIME", help="Not after; a day alone is included."),
)
_ORDER = (
    click.option("--sort", "search_sort", metavar="FIELD", show_default=NEWEST_FIRST, help="A field; with a minus, largest first."),
    click.option("--limit", "search_limit", show_default=str(LIMIT), type=AT_MOST, help="At most so many; 0 is all."),
)


def filter_options(function: F) -> F:
    """`--filter`, `--text` and `--query`, as one `options`."""
    return _options(function, _FILTERS)


def span_options(function: F) -> F:
    """The same, `--from` and `--to`."""
    return _options(function, _FILTERS + _SPAN)


def search_options(function: F) -> F:
    """The same, `--sort` and `--limit`."""
    return _options(function, _FILTERS + _SPAN + _ORDER)


def _options(function: F, options: tuple[Callable[[F], F], ...]) -> F:
    @wraps(function)
    def with_search(*arguments: Any, **parameters: Any) -> Any:
        own = {name.removeprefix(_OWN): parameters.pop(name) for name in [*parameters] if name.startswith(_OWN)}
        name = own.pop("query")
        query = Query(**own)
        if name is not None:
            query = query.along_with(_named(click.get_current_context().obj, name))
        return function(*arguments, options=_search_of(query, click.get_current_context().obj), **parameters)

    decorated: Any = with_search
    for option in reversed(options):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _named(configuration: Path, name: str) -> Query:
    entry = find(name, suggested())
    if entry is None:
        with open_store(configuration) as store:
            entry = find(name, saved(store.connection))
    if entry is None:
        raise click.BadParameter(f"there is no query {cell(name)}; `casbd queries list` shows them", param_hint="--query")
    return entry[1]


def _search_of(query: Query, configuration: Path) -> SearchOptions:
    since, until = _time(query.since, "--from"), _time(query.until, "--to", end=True)
    check_span(since, until)
    try:
        wanted = Wanted(real_filters(configuration, _without_priority(configuration, query.conditions(), since, until)), now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
    sort = query.sort or NEWEST_FIRST
    if sort.removeprefix("-") not in FIELDS:
        raise click.BadParameter(f"no such field: {cell(sort)}; fields: {', '.join(FIELDS)}", param_hint="--sort")
    return SearchOptions(wanted, since, until, sort, LIMIT if query.limit is None else query.limit, query)


def _without_priority(configuration: Path, filters: Sequence[str | Node], since: int | None, until: int | None) -> Sequence[str | Node]:
    if not scored.asks(filters):
        return filters
    with open_store(configuration) as store:
        return scored.resolved(store.connection, filters, since, until)


def _time(text: str | None, option: str, *, end: bool = False) -> int | None:
    try:
        return None if text is None else Time(end=end).convert(text, None, None)
    except click.BadParameter as error:
        raise click.BadParameter(error.message, param_hint=option) from None
