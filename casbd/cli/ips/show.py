"""`casbd ips show`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import click

from casbd.activity_log.insights import LOOKED_AT, AddressInsights, of_address
from casbd.activity_log.observed import Span
from casbd.activity_log.reading import one_moment
from casbd.cli import EXIT_NO, _insights
from casbd.cli._addresses import address_enrichers, lacking
from casbd.cli._common import cell, json_option, open_store, write_lines
from casbd.cli._screen import real, screen
from casbd.model.activity import Activity
from casbd.model.identity import named
from casbd.pipeline.enrichment import Enrichment
from casbd.plugins import Reason, Reasoning
from casbd.records import addresses

_NAMES = {"ip_category": "category", "ip_tags": "tags", "asn": "AS number", "isp": "ISP"}
_COMPARED = ("country", "city", "isp", "asn", "ip_category", "ip_tags")


class Today(NamedTuple):
    """What the configured files say of an address now (an unknown place or ISP is None), and which of them hold it.

    takes: what would have to be configured for the fields that nobody can know.
    """

    values: dict[str, Any]
    reasons: list[Reason]
    takes: Mapping[str, str]


class Address(click.ParamType[str]):
    """An IP address in any of the usual forms, as the canonical text."""

    name = "ip"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address alone: a port is left out."""
        ip = addresses.parse(str(value)).ip
        if ip is None:
            self.fail(f"{cell(value)!r} is no IP address; write 192.0.2.1 or 2001:db8::1", param, ctx)
        return ip


@click.command("show")
@click.argument("ip", type=Address())
@_insights.span_options
@json_option
@click.pass_obj
def show(configuration: Path, ip: str, days: int, as_of: int | None, as_json: bool) -> None:
    """Show one IP address: alerts, users, activities, where it is, and why it has its category and tags.

    Numbers, lists and charts are of the activities of the last days (--days) before now or --as-of; an alert counts if its activities
    reach into them. When the address was first and last seen is of the whole log. Place, ISP, category and tags are as the latest
    activity has them; where today's ranges, lists and GeoIP files say otherwise, that is shown too. Exit code 1 if it was never seen.
    """
    span = _insights.span_of(days, as_of)
    shown = screen(configuration)
    with open_store(configuration) as store, one_moment(store, LOOKED_AT):
        real_ip = real(store, shown, ip)
        insights = of_address(store, real_ip, span)
    today = _today(configuration, real_ip)
    today = today._replace(reasons=[reason._replace(subnet=shown.text(reason.subnet)) for reason in today.reasons])
    if insights is None:
        click.echo(f"casbd: there is no activity from {ip}", err=True)
        for reason in today.reasons:
            click.echo(_because(reason), err=True)
        sys.exit(EXIT_NO)
    insights = _insights.address_shown(insights, shown)
    if as_json:
        write_lines([_insights.json_line(insights, days, span, reasons=[one._asdict() for one in today.reasons], today=today.values)])
    else:
        _page(insights, today, days, span)


def _today(configuration: Path, ip: str) -> Today:
    """What the enrichers that look at the address say; a file that cannot be read is warned of and left out."""
    enrichers = address_enrichers(configuration)
    activity = Activity(ip_address=ip)
    Enrichment(enrichers).enrich([activity])
    reasons = [reason for enricher in enrichers if isinstance(enricher, Reasoning) for reason in enricher.reasons(ip)]
    return Today({name: getattr(activity, name) for name in _COMPARED} | {"ip_tags": [*activity.ip_tags]}, reasons, lacking(enrichers))


def _page(insights: AddressInsights, today: Today, days: int, span: Span) -> None:
    click.secho(insights.ip_address, bold=True)
    _insights.about(insights.city, insights.country, insights.isp, insights.asn and f"AS{insights.asn}")
    _insights.about(f"category: {cell(insights.ip_category) or 'unknown'}", insights.ip_tags and f"tags: {cell(insights.ip_tags)}")
    for reason in today.reasons:
        click.echo(_because(reason))
    for name in ("city", "isp"):
        if name in today.takes and getattr(insights, name) is None and ip_address(insights.ip_address).is_global:
            click.echo(f"{_NAMES.get(name, name)}: unknown, it takes {today.takes[name]}")
    for name, text in _changed(insights, today):
        click.echo(f"today's {name}: {text}")
    click.echo()
    click.echo(
        _insights.numbers(
            *_insights.alerts_and_activities(insights),
            (insights.admin_activities, "administrative activity", "administrative activities"),
            (insights.failed_log_ons, "failed log on", "failed log ons"),
            (len(insights.users), "user", "users"),
            (len(insights.apps), "app", "apps"),
        )
    )
    _insights.when(insights, days, span)
    _insights.time_charts(insights)
    users = [(named(one.value, one.app, one.app_instance), one.activities) for one in insights.users]
    _insights.listed("Users", users, insights.activities)
    _insights.listed("Apps", insights.apps, insights.activities)
    _insights.operations(insights)


def _because(reason: Reason) -> str:
    """`in 203.0.113.0/24 of Offices: Corporate, Office`."""
    return cell(f"in {reason.subnet} of {reason.name}: {', '.join(filter(None, (reason.category, *reason.tags)))}")


def _changed(insights: AddressInsights, today: Today) -> list[tuple[str, str]]:
    """What is otherwise today, for people. A place that no file knows today is as it was; of tags it is enough that lists were read."""
    changed = []
    for name, value in today.values.items():
        known = today.values["ip_category"] if name == "ip_tags" else value
        if known is not None and value != getattr(insights, name):
            changed.append((_NAMES.get(name, name), cell(value) or "none"))
    return changed
