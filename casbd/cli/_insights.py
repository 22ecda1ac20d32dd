"""What the pages of users and of addresses share: their options, their JSON and their charts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec
from msgspec.structs import replace

from casbd.activity_log.insights import AddressInsights, UserInsights
from casbd.activity_log.observed import DayFrequency, Frequency, Span
from casbd.cli._charts import bars, columns
from casbd.cli._common import Time, cell, moment
from casbd.clock import now
from casbd.pseudonyms import Pseudonyms
from casbd.records.timestamps import iso
from casbd.wire.json_lines import command_fields, line

F = TypeVar("F", bound=Callable[..., Any])
MOST = 10
"""Lines of one list; `--json` has them all."""
_MOST_DAYS = 40
"""Bars of the chart of days; each stands for several days where there are more."""


def span_options_of(days: int) -> Callable[[F], F]:
    """`--days`, so many where it is left out, and `--as-of`."""

    def options(function: F) -> F:
        function = click.option("--as-of", type=Time(), help="The end of the span; now if left out.")(function)
        return click.option(
            "--days", default=days, show_default=True, type=click.IntRange(1, 9999), help="Of event time, before now or --as-of."
        )(function)

    return options


span_options = span_options_of(30)
"""`--days` and `--as-of`."""


def span_of(days: int, as_of: int | None) -> Span:
    """The span that the options ask for."""
    return Span.before(now() if as_of is None else as_of, days)


def json_line(insights: UserInsights | AddressInsights, days: int, span: Span, **more: Any) -> bytes:
    """All that is known, as one object: the struct's fields, and the span."""
    return line(json_fields(insights) | more | {"days": days, "as_of": iso(span.until)})


def json_fields(insights: UserInsights | AddressInsights) -> dict[str, Any]:
    """The struct's fields, times as text."""
    fields: dict[str, Any] = msgspec.to_builtins(insights)
    for name in ("first_seen", "last_seen"):
        fields[name] = iso(fields[name]) if fields[name] is not None else None
    if isinstance(insights, UserInsights):
        fields["governance"] = [*map(command_fields, insights.governance)]
    return fields


def user_shown(insights: UserInsights, shown: Pseudonyms) -> UserInsights:
    """What a person may see of a user."""
    user = shown.user(insights.user)
    return replace(
        insights,
        user=user,
        display_name=insights.display_name if user == insights.user else user,
        ip_addresses=[replace(one, value=shown.address(one.value)) for one in insights.ip_addresses],
        governance=[*map(shown.command, insights.governance)],
        app_instance=insights.app_instance and shown.text(insights.app_instance),
    )


def address_shown(insights: AddressInsights, shown: Pseudonyms) -> AddressInsights:
    """What a person may see of an address."""
    users = [
        replace(one, value=shown.user(one.value), app_instance=one.app_instance and shown.text(one.app_instance)) for one in insights.users
    ]
    return replace(insights, ip_address=shown.address(insights.ip_address), users=users)


def numbers(*counted: tuple[int, str, str]) -> str:
    """`2 open alerts, 1 country`: each number with what it counts, one of them and several."""
    return ", ".join(f"{number} {one if number == 1 else several}" for number, one, several in counted)


def alerts_and_activities(insights: UserInsights | AddressInsights) -> tuple[tuple[int, str, str], ...]:
    """The numbers that come first, for `numbers`."""
    return (
        (insights.open_alerts, "open alert", "open alerts"),
        (insights.alerts, "alert", "alerts"),
        (insights.matches, "policy match", "policy matches"),
        (insights.activities, "activity", "activities"),
    )


def when(insights: UserInsights | AddressInsights, days: int, span: Span) -> None:
    """The span, when there was activity at all, and what is older and still open."""
    click.echo(f"in the {numbers((days, 'day', 'days'))} up to {moment(span.until)} UTC")
    click.echo(f"first seen {moment(insights.first_seen) or 'never'}, last seen {moment(insights.last_seen) or 'never'}")
    if insights.older_open_alerts:
        click.echo(f"{numbers((insights.older_open_alerts, 'older alert is', 'older alerts are'))} still open")


def time_charts(insights: UserInsights | AddressInsights) -> None:
    """Activities a day and by the hour of the day."""
    step = math.ceil(len(insights.per_day) / _MOST_DAYS)
    each = [insights.per_day[start : start + step] for start in range(0, len(insights.per_day), step or 1)]
    bars("Activities a day" if step <= 1 else f"Activities in {step} days from", [_together(several) for several in each])
    columns("Activities by hour of the day (UTC)", [(f"{one.hour:02d}", one.activities) for one in insights.hours])


def listed(title: str, rows: Sequence[Frequency] | Sequence[tuple[str, int]], activities: int) -> None:
    """The most frequent values with their share of the activities."""
    pairs = [(row.value, row.activities) if isinstance(row, Frequency) else row for row in rows]
    if not pairs:
        return
    left_out = f", the first {MOST} of {len(pairs)}" if len(pairs) > MOST else ""
    bars(f"{title}{left_out}", pairs[:MOST], share_of=activities)


def operations(insights: UserInsights | AddressInsights) -> None:
    """What was done: the activity type, and the vendor's name for it."""
    named = [(one.activity_type + (f" ({one.action_type})" if one.action_type else ""), one.activities) for one in insights.operations]
    listed("Operations", named, insights.activities)


def about(*parts: object) -> None:
    """A line of what is known, the unknown left out."""
    if texts := [text for part in parts if (text := cell(part))]:
        click.echo(", ".join(texts))


def _together(days: Sequence[DayFrequency]) -> tuple[str, int]:
    return days[0].day, sum(one.activities for one in days)
