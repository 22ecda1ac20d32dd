"""`casbd users show`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from casbd.activity_log.insights import LOOKED_AT, UserInsights, of_user
from casbd.activity_log.known_users import nearest_user
from casbd.activity_log.observed import Span
from casbd.activity_log.people import Place, is_at, people
from casbd.activity_log.reading import one_moment
from casbd.cli import EXIT_NO, _insights
from casbd.cli._common import cell, json_option, moment, open_store, table, write_lines
from casbd.cli._namesakes import namesake_options
from casbd.cli._screen import real, screen
from casbd.cli.users import _priority
from casbd.cli.users._priority import MadeOf
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import named


@click.command("show")
@click.argument("user")
@namesake_options
@_insights.span_options
@json_option
@click.pass_obj
def show(configuration: Path, user: str, place: Place, days: int, as_of: int | None, as_json: bool) -> None:
    """Show one user: investigation priority, alerts, activities, places, devices, what was done to the account.

    Numbers, lists and charts are of the activities of the last days (--days) before now or --as-of whose actor is the user, however
    the name is written; an alert counts if its activities reach into them. Over the whole log are: when the user was first and last seen;
    name, groups and whether external, as the latest activity has them; and the governance commands. The investigation priority is of the
    seven days before now or --as-of: what each alert of them adds, and how many of a hundred users have less. Exit code 1 if nobody knows
    the user.

    A name that is no address is somebody else in each app and instance: where several have it, each is shown, one after the other,
    unless --app and --instance say which.
    """
    span = _insights.span_of(days, as_of)
    shown = screen(configuration)
    with open_store(configuration) as store, one_moment(store, LOOKED_AT):
        name = real(store, shown, user)
        whom = [one for one in people(store, name) if one.is_anywhere or is_at(place, one.app, one.app_instance)]
        insights = [of_user(store, one, span) for one in whom]
        priorities = _priority.made_of(store, [one.who for one in whom], span, shown)
        near = nearest_user(store, user) if not insights and not shown.fields else None
    if not insights:
        there = " there" if any(place) else ""
        click.echo(f"casbd: there is no user {cell(user)}{there}" + (f"; did you mean {cell(near)}?" if near else ""), err=True)
        sys.exit(EXIT_NO)
    pages = [_insights.user_shown(one, shown) for one in insights]
    if as_json:
        write_lines(_insights.json_line(page, days, span, **one.fields()) for page, one in zip(pages, priorities, strict=True))
        return
    for number, page in enumerate(pages):
        if len(pages) > 1:
            click.echo(f"{'' if not number else chr(10)}{number + 1} of {len(pages)} who are called so:")
        _page(page, priorities[number], days, span, {} if page.isps else _lacking(configuration))


def _page(insights: UserInsights, priority: MadeOf, days: int, span: Span, lacks: Mapping[str, str]) -> None:
    click.secho(cell(named(insights.user, insights.app, insights.app_instance)), bold=True)
    flags = ("administrative activities" if insights.is_admin else None, "external" if insights.is_external else None)
    _insights.about(insights.display_name, insights.user_type, *flags, insights.organization)
    if insights.groups:
        _insights.about(f"groups: {cell(insights.groups)}")
    click.echo()
    click.echo(
        _insights.numbers(
            *_insights.alerts_and_activities(insights),
            (insights.failed_log_ons, "failed log on", "failed log ons"),
            (len(insights.countries), "country", "countries"),
            (len(insights.isps), "ISP", "ISPs"),
            (len(insights.ip_addresses), "IP address", "IP addresses"),
            (len(insights.apps), "app", "apps"),
            (len(insights.devices), "device", "devices"),
        )
    )
    _insights.when(insights, days, span)
    _priority.page(priority)
    _insights.time_charts(insights)
    _insights.listed("Countries", insights.countries, insights.activities)
    _insights.listed("ISPs", insights.isps, insights.activities)
    if "isp" in lacks and insights.ip_addresses:
        click.echo(f"\nISPs: none is known, it takes {lacks['isp']}")
    _insights.listed("IP addresses", insights.ip_addresses, insights.activities)
    _insights.listed("Apps", insights.apps, insights.activities)
    devices = [(", ".join(filter(None, (one.device_type, one.os, one.browser))), one.activities) for one in insights.devices]
    _insights.listed("Devices", devices, insights.activities)
    _insights.operations(insights)
    _governance(insights.governance)


def _lacking(configuration: Path) -> Mapping[str, str]:
    from casbd.cli._addresses import address_enrichers, lacking  # longer to load than the page takes

    return lacking(address_enrichers(configuration))


def _governance(commands: Sequence[GovernanceCommand]) -> None:
    """The latest commands; how many were blocked, of which there is one for each alert of a storm."""
    if not commands:
        return
    blocked = sum(command.status == "blocked" for command in commands)
    latest = [command for command in commands if command.status != "blocked"][-_insights.MOST :]
    click.echo()
    table(
        "Governance" + (f", and {blocked} blocked" if blocked else ""),
        ("created", "action", "connector", "status", "reason"),
        ((moment(one.created), one.action, one.connector, one.status, one.reason) for one in latest),
    )
