"""The story of an alert, as JSON and as a page in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from casbd.activity_log.insights import AddressInsights, UserInsights
from casbd.activity_log.observed import Frequency
from casbd.cli import _insights
from casbd.cli._common import SHORT, cell, moment, table
from casbd.cli.users import _priority
from casbd.investigation.advice import Advice
from casbd.investigation.story import DAYS, SIMILAR_DAYS, Story
from casbd.investigation.timeline import Timeline
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.pseudonyms import Pseudonyms
from casbd.store.state.priority import Part
from casbd.wire import json_lines
from casbd.wire.plain_text import cut

_STEP = (
    *("timestamp", "activity_id", "activity_type", "action_type", "app", "user", "object_name", "object_type", "ip_address", "country"),
    *("city", "isp", "user_agent", "browser", "os", "result", "result_detail"),
)
_MOST = 60
"""Characters of a cell."""
_FEW = 5
"""Values of a list in one line."""


def shown(story: Story, names: Pseudonyms) -> Story:
    """What a person may see of it."""
    return replace(
        story,
        alert=names.alert(story.alert),
        timeline=replace(story.timeline, steps=[*map(names.activity, story.timeline.steps)]),
        user=story.user and _insights.user_shown(story.user, names),
        address=story.address and _insights.address_shown(story.address, names),
        governance=[*map(names.command, story.governance)],
        similar=replace(story.similar, latest=[*map(names.alert, story.similar.latest)]),
        incident=[*map(names.alert, story.incident)],
    )


def json_line(story: Story) -> bytes:
    """The alert's fields, and beside them the parts of its story."""
    priority = story.priority
    similar = msgspec.structs.asdict(story.similar) | {"latest": [*map(json_lines.alert_fields, story.similar.latest)]}
    parts = {
        "timeline": [_step(*one) for one in zip(story.timeline.steps, story.timeline.new, strict=True)],
        "priority": 0 if priority is None else priority.worth,
        "priority_lessons": 0 if priority is None else priority.lessons,
        "timeline_left_out": story.timeline.left_out,
        "user_context": story.user and _insights.json_fields(story.user),
        "address_context": story.address and _insights.json_fields(story.address),
        "matched_policies": [{"policy_id": policy, "activities": number} for policy, number in story.timeline.policies.items()],
        "governance": [*map(json_lines.command_fields, story.governance)],
        "similar": similar,
        "incident": [*map(json_lines.alert_fields, story.incident)],
        "advice": {name: value for name, value in msgspec.structs.asdict(story.advice).items() if name not in ("policies", "category")},
    }
    return json_lines.line(json_lines.alert_fields(story.alert) | parts)


def _step(activity: Activity, new: list[str] | None) -> dict[str, Any]:
    fields = json_lines.activity_fields(activity)
    return {name: fields[name] for name in _STEP} | {"new": new}


def page(story: Story) -> None:
    """All of it, one part below the other."""
    _alert(story.alert, story.priority)
    if story.alert.activity_count:
        _timeline(story.timeline, of_one_user=story.alert.user is not None)
    if story.user is not None:
        _user(story.user)
    if story.address is not None:
        _address(story.address)
    if story.timeline.policies:
        _heading("Policies whose filters these activities meet")
        click.echo(cell(", ".join(f"{policy} ({number})" for policy, number in story.timeline.policies.items())))
    _governance(story.governance)
    _alike(story)
    _together(story)
    _advice(story.advice)


def _heading(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


def _alert(alert: Alert, priority: Part | None) -> None:
    click.secho(f"{alert.severity}: {cell(alert.policy_name)}", bold=True)
    for text in (alert.title if alert.title != alert.policy_name else "", alert.evidence, alert.description):
        if text:
            click.echo(cell(text))
    whose = f"assigned to {cell(alert.assigned_to)}" if alert.assigned_to else None
    _insights.about(
        f"alert {alert.alert_id}",
        f"policy {alert.policy_id}",
        alert.category,
        f"risk {alert.risk_score}" if alert.risk_score is not None else None,
        _insights.numbers((alert.activity_count, "activity", "activities")),
        f"from {moment(alert.first_activity)} to {moment(alert.last_activity)} UTC",
        f"raised {moment(alert.created)}",
    )
    _insights.about(_status(alert), "read" if alert.read else "not read", whose, "held back" if alert.suppressed else None)
    if alert.merged_into:
        click.echo(f"it turned out to be a part of alert {alert.merged_into}")
    if priority is not None:
        reasons = _priority.why(priority)
        click.echo(f"worth {priority.worth} of the user's investigation priority" + (f" ({reasons})" if reasons else ""))
    if alert.comment:
        click.echo(f"comment: {cell(alert.comment)}")


def _status(alert: Alert) -> str:
    if alert.status == "open":
        return "open"
    by = f" by {alert.closed_by}" if alert.closed_by else ""
    at = f" at {moment(alert.closed)}" if alert.closed else ""
    return f"closed as {(alert.resolution or 'nothing in particular').replace('_', ' ')}{by}{at}"


def _timeline(steps: Timeline, *, of_one_user: bool) -> None:
    """of_one_user: who it was stands in the alert, and needs no column."""
    _heading("What happened" + (f" ({steps.left_out} more activities are not shown)" if steps.left_out else ""))
    who = () if of_one_user else ("user",)
    table(
        "",
        ("time", *who, "what", "object", "from", "with", "result", "new for the user", "activity"),
        (_row(activity, new, [activity.user for _ in who]) for activity, new in zip(steps.steps, steps.new, strict=True)),
        less=("activity", "with", "result"),
    )


def _row(activity: Activity, new: list[str] | None, who: list[str | None]) -> Sequence[str | None]:
    place = " ".join(filter(None, (activity.ip_address, activity.country, activity.isp)))
    agent = " on ".join(filter(None, (activity.browser, activity.os))) or activity.user_agent or ""
    result = " ".join(filter(None, (activity.result, activity.result_detail)))
    what = activity.activity_type if activity.activity_type != "Unspecified" else activity.action_type
    texts = (*who, what, activity.object_name, place, agent, result, ", ".join(new or ()))
    return (moment(activity.timestamp), *(cut(text or "", _MOST) for text in texts), activity.activity_id)


def _user(user: UserInsights) -> None:
    _heading(f"{cell(user.user)} in the {DAYS} days up to it")
    _insights.about(
        user.display_name, user.user_type, "administrative activities" if user.is_admin else None, "external" if user.is_external else None
    )
    if user.groups:
        click.echo(f"groups: {cell(user.groups)}")
    click.echo(_insights.numbers(*_insights.alerts_and_activities(user), (user.failed_log_ons, "failed log on", "failed log ons")))
    click.echo(f"first seen {moment(user.first_seen) or 'never'}, last seen {moment(user.last_seen) or 'never'}")
    _usual("countries", user.countries)
    _usual("addresses", user.ip_addresses)
    _usual("apps", user.apps)


def _address(address: AddressInsights) -> None:
    _heading(f"{cell(address.ip_address)} in the {DAYS} days up to it")
    tags = f"tags: {cell(address.ip_tags)}" if address.ip_tags else None
    _insights.about(address.city, address.country, address.isp, address.ip_category, tags)
    click.echo(_insights.numbers(*_insights.alerts_and_activities(address), (len(address.users), "user", "users")))
    click.echo(f"first seen {moment(address.first_seen) or 'never'}, last seen {moment(address.last_seen) or 'never'}")
    _usual("users", [Frequency(one.value, one.activities) for one in address.users])


def _usual(what: str, values: Sequence[Frequency]) -> None:
    if values:
        more = f" and {len(values) - _FEW} more" if len(values) > _FEW else ""
        click.echo(f"{what}: {cell(', '.join(f'{one.value} ({one.activities})' for one in values[:_FEW]))}{more}")


def _governance(commands: Sequence[GovernanceCommand]) -> None:
    if commands:
        _heading("What governance did")
        rows = ((moment(one.created), one.action, one.target, one.connector, one.status, one.error or one.reason) for one in commands)
        table("", ("decided", "action", "user", "connector", "status", "why"), rows)


def _alike(story: Story) -> None:
    similar = story.similar
    _heading(f"Alerts like it in {SIMILAR_DAYS} days")
    if story.alert.user is not None:
        click.echo(f"of this policy and user: {_outcomes(similar.same_policy_and_user)}")
    click.echo(f"of this policy: {_outcomes(similar.same_policy)}")
    _listed(similar.latest)


def _outcomes(numbers: Mapping[str, int]) -> str:
    if not numbers:
        return "none"
    return f"{sum(numbers.values())}: " + ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in numbers.items())


def _listed(alerts: Iterable[Alert]) -> None:
    rows = [
        (
            moment(one.first_activity),
            one.severity,
            one.policy_name,
            one.user,
            cut(one.evidence, _MOST),
            (one.resolution or one.status).replace("_", " "),
            one.comment,
        )
        for one in alerts
    ]
    if rows:
        table("", ("first activity", "severity", "policy", "user", "evidence", "status", "comment"), rows, less=("comment", "evidence"))


def _together(story: Story) -> None:
    if story.incident:
        _heading(f"The other alerts of incident {(story.alert.incident_id or '')[:SHORT]}")
        _listed(story.incident)


def _advice(advice: Advice) -> None:
    _heading("How to judge it")
    click.echo(f"true positive: {advice.true_positive}")
    click.echo(f"benign: {advice.benign}")
    click.echo(f"false positive: {advice.false_positive}")
    click.echo(f"look at: {'; '.join(advice.look)}")
    click.echo(f"then: {'; '.join(advice.act)}")
    click.echo(f"see {advice.source}")
