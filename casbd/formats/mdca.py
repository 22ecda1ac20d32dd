"""What Microsoft Defender for Cloud Apps itself exports: for those who leave it, or keep both for a while.

* rows of `CloudAppEvents` (advanced hunting, Log Analytics, the streaming API's envelope, their CSV)
* its Activities API, as answers or one activity a line
* the activity log's CSV: its columns are not documented, so they are found by their names, and unknown ones are tolerated
* the CEF of its SIEM agent, alerts included

Sources: Microsoft, "CloudAppEvents" (https://learn.microsoft.com/defender-xdr/advanced-hunting-cloudappevents-table),
"Activities API" (https://learn.microsoft.com/defender-cloud-apps/api-activities), "Generic SIEM integration"
(https://learn.microsoft.com/defender-cloud-apps/siem).

What it cannot know: only the API, and the app's own record in a row of CloudAppEvents, say whether an activity failed, and not of
every app; otherwise a log on's type says it. CEF has no user ids and no countries. An alert is an activity `Security alert`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import UNSPECIFIED
from casbd.formats._lenient import as_dict, as_object
from casbd.formats._mdca_activity import (
    CATEGORIES,
    device_type_of,
    fill_origin,
    fill_user,
    new_activity,
    object_of,
    settle_log_on,
    type_of_category,
)
from casbd.formats._mdca_fields import Fields, known_text
from casbd.formats._mdca_row import activity_of_row
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, list_of
from casbd.formats._times import time_of
from casbd.formats._user_names import address_of, guid_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import cef_reading

ALERT = "Security alert"


@registry.format
class Mdca:
    """What Defender for Cloud Apps exports: `CloudAppEvents`, its Activities API, the activity log's CSV, the CEF of its SIEM agent."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": None, "activity_type": None}

    def __init__(self, options: plugins.Options) -> None:
        """It has no options."""

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """CEF of the SIEM agent, or one of the shapes."""
        hits = sum(_AGENT in record or _shape(Fields(as_dict(record) or {})) is not None for record in sample)
        return hits / len(sample) if sample else 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is neither CEF nor JSON of a known shape, or has no time."""
        if record.lstrip()[:1] != b"{" and b"CEF:" in record:
            return (_of_cef(record.decode()),)
        data = as_object(record)
        fields = Fields(data)
        shape = _shape(fields)
        if shape is None:
            raise BadRecord("neither an activity nor a row of CloudAppEvents of Defender for Cloud Apps")
        return ({"row": activity_of_row, "api": _of_api, "csv": _of_csv}[shape](fields),)


_AGENT = b"|MCAS|SIEM_Agent|"


def _shape(fields: Fields) -> str | None:
    if "actiontype" in fields and ("applicationid" in fields or "activitytype" in fields or fields.category.endswith("CloudAppEvents")):
        return "row" if "timestamp" in fields or "timegenerated" in fields else None
    if "timestamp" in fields and ("id" in fields or "uid" in fields) and ("eventtypename" in fields or "maininfo" in fields):
        return "api"
    named = [_CSV[column] for column in ("user", "app", "time", "country")]  # without a place it is somebody else's: Netskope's, say
    return "csv" if "activity" in fields and all(any(name in fields for name in names) for names in named) else None


def _of_api(fields: Fields) -> Activity:
    """An activity of the Activities API."""
    info, actor, user = dict_of(fields.get("maininfo")), dict_of(fields.get("resolvedactor")), dict_of(fields.get("user"))
    device, place = dict_of(fields.get("device")), dict_of(fields.get("location"))
    activity = new_activity(fields.time("timestamp"), fields.text("id", "uid"), None)
    category = fields.text("eventtypename", "eventtypevalue") or ""
    shown = known_text(info.get("prettyOperationName")) or fields.text("description")
    activity.activity_type = CATEGORIES.get(category) or type_of_category(category) or UNSPECIFIED
    activity.action_type = known_text(info.get("rawOperationName")) or shown or category or None
    activity.app, activity.app_instance = fields.text("appname") or fields.text("appid", "saasid"), known_text(actor.get("instId"))
    name, shown, of = known_text(user.get("userName")), known_text(actor.get("name")), known_text(actor.get("id"))
    fill_user(activity, address_of(name, shown, of) or name or shown, guid_of(of, name, shown) or of)
    activity.user_display_name = known_text(actor.get("name"))
    agent = dict_of(fields.get("useragent"))
    code = known_text(device.get("countryCode")) or known_text(place.get("countryCode"))
    fill_origin(activity, known_text(device.get("clientIP")), code, known_text(device.get("userAgent")))
    activity.city, activity.isp = known_text(place.get("city")), known_text(place.get("organizationSearchable"))
    activity.device_type = device_type_of(known_text(agent.get("deviceType")))
    activity.is_impersonated = fields.flag("impersonated")
    outcome = dict_of(info.get("activityResult")).get("isSuccess")
    if isinstance(outcome, bool):
        activity.result = "success" if outcome else "failure"
    settle_log_on(activity)
    put_objects(activity, [object_of(dict_of(one)) for one in list_of(info.get("eventObjects"))])
    return activity


_CSV = {
    "time": ("date", "time", "timestamp", "activitydate", "datetime"),
    "id": ("activityid", "id"),
    "type": ("activitytype", "eventtype"),
    "action": ("actiontype", "activity"),
    "user": ("user", "username", "account", "accountname", "actor"),
    "app": ("app", "appname", "application", "service"),
    "ip": ("ipaddress", "clientip", "ip"),
    "country": ("countrycode", "location", "country"),
    "agent": ("useragent",),
    "device": ("devicetype", "device"),
    "object": ("activityobjects", "objects", "targetobject", "object"),
}
"""What the columns of the activity log's CSV may be called."""


def _of_csv(fields: Fields) -> Activity:
    """A row of the activity log's CSV."""
    shown = fields.text("activity") or ""
    activity = new_activity(fields.time(*_CSV["time"]), fields.text(*_CSV["id"]), fields.text(*_CSV["type"]) or shown.partition(":")[0])
    activity.action_type, activity.app = fields.text(*_CSV["action"]), fields.text(*_CSV["app"])
    names = [fields.text(name) for name in (*_CSV["user"], "userid", "accountid")]
    fill_user(activity, address_of(*names) or fields.text(*_CSV["user"]), guid_of(*names) or fields.text("userid", "accountid"))
    fill_origin(activity, fields.text(*_CSV["ip"]), fields.text(*_CSV["country"]), fields.text(*_CSV["agent"]))
    activity.device_type, activity.isp = device_type_of(fields.text(*_CSV["device"])), fields.text("isp")
    names = [name.strip() for name in (fields.text(*_CSV["object"]) or "").split(",")]
    put_objects(activity, [ActivityObject(None, name, None, "target") for name in names if name])
    return activity


def _of_cef(text: str) -> Activity:
    """A message of the SIEM agent."""
    try:
        message = cef_reading.parse(text)
    except ValueError as error:
        raise BadRecord(str(error)) from None
    if (message.vendor, message.product) != ("MCAS", "SIEM_Agent"):
        raise BadRecord(f"CEF of {message.vendor[:40]} {message.product[:40]}, not of the SIEM agent of Defender for Cloud Apps")
    values, labelled = message.extension, message.labelled()
    timestamp = time_of("start", *message.times("start", "rt", "end"))
    impersonated = message.name.removesuffix(" (impersonated)")
    alert = message.class_id.startswith("ALERT_")
    activity = new_activity(timestamp, values.get("externalId"), ALERT if alert else CATEGORIES.get(message.class_id, impersonated))
    command = _COMMAND.search(values.get("msg", ""))
    activity.action_type = command[1] if command else message.class_id
    activity.is_impersonated = True if impersonated != message.name else None
    activity.app = values.get("destinationServiceName") or None
    fill_user(activity, values.get("suser"), None)
    address = values.get("dvc") or values.get("src") or labelled.get("device ipv6 address") or values.get("c6a1")
    fill_origin(activity, address, None, values.get("requestClientApplication"))
    if alert:
        activity.result_detail = values.get("msg", "").replace("''", "'") or None
        put_objects(activity, [ActivityObject(None, message.name, "Policy", "target")] if message.name else [])
    else:
        names = dict.fromkeys(name.strip() for name in labelled.get("targetobjects", "").split(","))
        put_objects(activity, [ActivityObject(None, name, None, "target") for name in names if name and name != values.get("suser")])
    return activity


_COMMAND = re.compile(r"^Run command: task (\S+?);?(?:\s|$)")
