"""`casbd users list`."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from casbd.activity_log import Wanted
from casbd.activity_log.known_users import KnownUser, Order, known_users, ordered
from casbd.activity_log.observed import DAY
from casbd.cli import _insights
from casbd.cli._common import AT_MOST, json_option, moment, open_store, table, write_lines
from casbd.cli._known import require_value
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import SearchOptions, filter_options
from casbd.clock import now
from casbd.filters.tree import Condition
from casbd.model.identity import named
from casbd.pseudonyms import Pseudonyms
from casbd.records.timestamps import iso
from casbd.wire import json_lines

COLUMNS = ("user", "priority", "open alerts", "activities", "countries", "last seen", "external", "admin", "groups")
LESS = ("groups", "admin", "external", "countries")


@click.command("list")
@_insights.span_options
@filter_options
@click.option("--domain", help="Users of this domain.")
@click.option("--group", help="Members of this user group.")
@click.option("--app", help="Users of this app.")
@click.option("--external", is_flag=True, help="External users only.")
@click.option("--admin", is_flag=True, help="Users with administrative activities, or an administrator's account, only.")
@click.option("--not-seen", metavar="DAYS", type=click.IntRange(1, 9999), help="Users without such an activity for so many days.")
@click.option("--sort", type=click.Choice(["alerts", "priority", "activities", "last_seen", "user"]), default="alerts", show_default=True)
@click.option("--limit", default=100, show_default=True, type=AT_MOST, help="At most so many; 0 is all.")
@retag_option
@json_option
@click.pass_obj
def list_users(
    configuration: Path,
    /,
    days: int,
    as_of: int | None,
    options: SearchOptions,
    domain: str | None,
    group: str | None,
    app: str | None,
    external: bool,
    admin: bool,
    not_seen: int | None,
    sort: Order,
    limit: int,
    retag: bool,
    as_json: bool,
) -> None:
    """List users: who was active in the last days (--days) before now or --as-of.

    Activities, countries and the time last seen are of the activities that meet --filter, --text, --query, --domain, --group and --app;
    open alerts are all of the user's in these days. The investigation priority, whom to look at first, is what the user's alerts of the
    last seven days add up to; `casbd users show` tells what it is made of. With --not-seen: who has such activities in the log, the latest
    of them longer ago than that.
    """
    span = _insights.span_of(days, as_of)
    equal = {"user_domain": domain, "user_groups": group, "app": app}
    nodes = (Condition(field, "eq", (value,)) for field, value in equal.items() if value is not None)
    wanted = Wanted([options.wanted.node, *nodes], now)
    unseen_since = span.until - not_seen * DAY if not_seen else None
    with open_store(configuration) as store:
        users = known_users(store, wanted, span, unseen_since=unseen_since, log=log_of(configuration, store, retag=retag))
        for option, field, value in (("--group", "user_groups", group), ("--app", "app", app)):
            if value is not None and not users:
                require_value(configuration, store, option, field, value)
    users = [user for user in users if (user.is_external or not external) and (user.is_admin or not admin)]
    screened = screen(configuration)
    shown = [_screened(user, screened) for user in ordered(users, sort)[: limit or None]]
    if as_json:
        write_lines(map(_line, shown))
    else:
        table("", COLUMNS, map(_row, shown), less=LESS)
    if len(shown) < len(users):
        click.echo(f"casbd: the first {limit} of {len(users)} users (--limit 0 is all)", err=True)


def _screened(user: KnownUser, shown: Pseudonyms) -> KnownUser:
    return replace(user, user=shown.user(user.user), app_instance=user.app_instance and shown.text(user.app_instance))


def _line(user: KnownUser) -> bytes:
    fields = {name: getattr(user, name) for name in user.__struct_fields__}
    return json_lines.line(fields | {"last_seen": iso(user.last_seen)})


def _row(user: KnownUser) -> tuple[object, ...]:
    external, admin = ("yes" if flag else "" for flag in (user.is_external, user.is_admin))
    return (
        named(user.user, user.app, user.app_instance),
        user.priority or "",
        user.open_alerts,
        user.activities,
        user.countries,
        moment(user.last_seen),
        external,
        admin,
        user.groups,
    )
