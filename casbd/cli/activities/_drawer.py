"""One activity for people, in the sections of MDCA's activity drawer; and what leads from it to others."""

from __future__ import annotations

from collections.abc import Sequence

import click

from casbd import activity_log
from casbd.activity_log import Wanted
from casbd.activity_log.people import person_of
from casbd.activity_log.queries import Query
from casbd.cli._common import SHORT, drawer, table
from casbd.cli._search_options import NEWEST_FIRST, SearchOptions
from casbd.clock import now
from casbd.filters.tree import Condition
from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert

SECTIONS = {
    "what": ("timestamp", "activity_type", "action_type", "app", "app_instance", "result", "result_detail", "is_admin_operation"),
    "who": (
        *("user", "user_display_name", "user_id", "user_domain", "user_type", "user_groups", "user_organization"),
        *("is_external_user", "is_impersonated"),
    ),
    "where": ("country", "city", "latitude", "longitude", "ip_address", "ip_port", "ip_category", "ip_tags", "isp", "asn"),
    "with what": ("device_type", "device_tags", "os", "os_version", "browser", "browser_version", "user_agent", "user_agent_tags"),
    "objects": ("object_type", "object_name", "object_id"),
    "policies": ("matched_policies",),
    "alerts": (),
    "unusual": (),
    "record": ("activity_id", "source", "input", "input_file", "input_offset"),
}
"""The fields of each; any other field stands in the last one. Where all objects are known, they stand for the first one's fields."""
SAME = {"type": "activity_type", "user": "user", "ip": "ip_address", "country": "country", "48h": "user"}
"""MDCA's pivots: the field that the others have in common with the activity."""
_DAY = 86_400_000


def show(activity: Activity, alerts: Sequence[Alert], unusual: dict[str, str] | None, priority: int | None) -> None:
    """All of it, and the record at the end. unusual: fields with values that are new for the user; None where it is not known.

    priority: what its alerts add to that of its user; None: nothing.
    """
    fields = dict(drawer(activity, ("raw", "objects")))
    rows = {section: [(name, fields.pop(name)) for name in names if name in fields] for section, names in SECTIONS.items()}
    rows["record"] += fields.items()
    rows["objects"] = [_object(thing) for thing in activity.objects] or rows["objects"]
    rows["alerts"] = [(alert.severity, f"{alert.policy_name}, {alert.status}, {alert.alert_id[:SHORT]}") for alert in alerts]
    if priority:
        rows["alerts"].append(("priority", str(priority)))
    if unusual:
        rows["unusual"] = [("new for this user", ", ".join(f"{name} {value}" for name, value in unusual.items()))]
    table("", ("", "field", "value"), [("" if n else section, *row) for section, own in rows.items() for n, row in enumerate(own)])
    click.echo(activity_log.pretty_raw(activity))


def same(activity: Activity, what: str, limit: int) -> SearchOptions:
    """What is asked for by a pivot: the others of a kind; of `48h` in the day before and the day after. Wrong use if it is not known."""
    field = "action_type" if what == "type" and activity.activity_type == "Unspecified" else SAME[what]
    value = getattr(activity, field)
    if value is None:
        raise click.BadParameter(f"the {field} of this activity is not known", param_hint="--same")
    wanted = Wanted(person_of(activity).conditions() if field == "user" else [Condition(field, "eq", (value,))], now)
    since, until = (activity.timestamp - _DAY, activity.timestamp + _DAY) if what == "48h" else (None, None)
    return SearchOptions(wanted, since, until, NEWEST_FIRST, limit, Query())


def _object(thing: ActivityObject) -> tuple[str, str]:
    named = " ".join(text for text in (thing.name, thing.id) if text)
    return thing.type or "object", f"{named} ({thing.role})" if thing.role else named
