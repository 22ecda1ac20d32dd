"""What Microsoft Defender for Cloud Apps itself exports: for those who leave it, or keep both for a while.

* rows of `CloudAppEvents` (advanced hunting, Log Analytics, the streaming API's envelope, their CSV)
* its Activities API, as answers or one activity a line
* the activity log's CSV: its columns are not documented, so they are found by their names, and unknown ones are tolerated
* the CEF of its SIEM agent, alerts included

Sources: Microsoft, "CloudAppEvents" (https://learn.microsoft.com/defender-xdr/advanced-hunting-cloudappevents-table),
"Activities API" (https://learn.microsoft.com/defender-cloud-apps/api-activities), "Generic SIEM integration"
(https://learn.microsoft.com/defender-cloud-apps/siem).

What it cannot know: only the API, and the app's own record in a row of CloudAppEvents, tell whether an activity failed, and not of
every app; otherwise log ons tell it by their type. CEF has no user ids and no countries. An alert is an activity `Security alert`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, ClassVar

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import UNSPECIFIED
from casbd.formats._lenient import as_dict, why_not
from casbd.formats._m365_table import DIRECTORY, table, type_of, types
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, list_of
from casbd.formats._times import time_of
from casbd.formats._user_names import address_of, first_address, guid_of
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses, cef_reading
from casbd.records.record_path import decode

ALERT = "Security alert"


@registry.format
class Mdca:
    """`format: mdca`."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": None, "activity_type": None}

    def __init__(self, options: plugins.Options) -> None:
        """It has no options."""

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """CEF of the SIEM agent, or one of the shapes."""
        hits = sum(_AGENT in record or _shape(_Fields(as_dict(record) or {})) is not None for record in sample)
        return hits / len(sample) if sample else 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is neither CEF nor JSON of a known shape, or has no time."""
        if record.lstrip()[:1] != b"{" and b"CEF:" in record:
            return (_of_cef(record.decode()),)
        data = as_dict(record)
        if data is None:
            raise BadRecord(why_not(record))
        fields = _Fields(data)
        shape = _shape(fields)
        if shape is None:
            raise BadRecord("neither an activity nor a row of CloudAppEvents of Defender for Cloud Apps")
        return ({"row": _of_row, "api": _of_api, "csv": _of_csv}[shape](fields),)


_AGENT = b"|MCAS|SIEM_Agent|"


class _Fields:
    """A record's fields by name, without regard to case, blanks and underscores; JSON inside text is opened."""

    def __init__(self, record: dict[str, Any]) -> None:
        inside = record.get("properties")
        self._values = {_folded(key): value for key, value in (inside if isinstance(inside, dict) else record).items()}
        self.category = str(record.get("category", ""))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, *names: str) -> Any:
        """The first value that is known."""
        found = next((value for name in names if (value := self._values.get(name)) not in (None, "", [], {})), None)
        return decode(found) if isinstance(found, str) and found[:1] in ("{", "[") else found

    def text(self, *names: str) -> str | None:
        """The first value that is known, as text."""
        for name in names:
            value = self._values.get(name)
            if value is not None and (text := _text(value)):
                return text
        return None

    def flag(self, name: str) -> bool | None:
        """True, false, or unknown."""
        return {"true": True, "1": True, "false": False, "0": False}.get(str(self._values.get(name)).casefold())

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        value = self.get(name)
        values = value if isinstance(value, list) else [value]
        return tuple(text for one in values if (text := _text(one)))

    def time(self, *names: str) -> int:
        """Milliseconds, of the first that is a time; BadRecord where there is none."""
        return time_of("time", *(self._values.get(name) for name in names))


def _folded(key: str) -> str:
    return key.translate(_GAPS).casefold()


_GAPS = str.maketrans("", "", " _\t\xa0")


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    return str(value) if isinstance(value, int) else value.strip() or None if isinstance(value, str) else None


def _shape(fields: _Fields) -> str | None:
    if "actiontype" in fields and ("applicationid" in fields or "activitytype" in fields or fields.category.endswith("CloudAppEvents")):
        return "row" if "timestamp" in fields or "timegenerated" in fields else None
    if "timestamp" in fields and ("id" in fields or "uid" in fields) and ("eventtypename" in fields or "maininfo" in fields):
        return "api"
    named = {*_CSV["user"]}, {*_CSV["app"]}, {*_CSV["time"]}
    return "csv" if "activity" in fields and all(any(name in fields for name in names) for names in named) else None


def _of_row(fields: _Fields) -> Activity:
    """A row of CloudAppEvents."""
    raw, action = dict_of(fields.get("raweventdata")), fields.text("actiontype") or ""
    kind = type_of(action) or _canonical(fields.text("activitytype")) or _canonical(action)
    activity = _activity(fields.time("timestamp", "timegenerated"), fields.text("reportid"), kind)
    activity.action_type = action or None
    activity.app, activity.app_instance = fields.text("application"), fields.text("appinstanceid")
    activity.result = _raw_result(raw, action)
    _settle(activity)
    shown = [fields.text(name) for name in ("accountupn", "accountid", "accountdisplayname")]
    of = fields.text("accountobjectid") or guid_of(*_own_names(raw), *shown) or shown[1]
    _who(activity, first_address(_own_names(raw)) or address_of(*shown) or shown[1] or shown[2], of)
    activity.user_display_name = fields.text("accountdisplayname")
    activity.user_type = _choice("user_type", fields.text("accounttype"))
    activity.is_admin_operation, activity.is_external_user = fields.flag("isadminoperation"), fields.flag("isexternaluser")
    activity.is_impersonated = fields.flag("isimpersonated")
    _from(activity, fields.text("ipaddress"), fields.text("countrycode"), fields.text("useragent"))
    activity.city, activity.isp = fields.text("city"), fields.text("isp")
    activity.ip_category, activity.ip_tags = _choice("ip_category", fields.text("ipcategory")), fields.texts("iptags")
    activity.user_agent_tags = fields.texts("useragenttags")
    activity.device_type = _device_type(fields.text("devicetype"))
    objects = [_object(dict_of(one)) for one in list_of(fields.get("activityobjects"))]
    if not any(one.name or one.id for one in objects):
        objects = [ActivityObject(fields.text("objectid"), fields.text("objectname"), fields.text("objecttype"), "target")]
    put_objects(activity, [one for one in objects if one.name or one.id])
    return activity


_USERS = (
    ("UserId",),
    ("UserKey",),
    ("userPrincipalName",),
    ("actor",),
    ("actor", "email"),
    ("actor", "alternateId"),
    ("initiatedBy", "user", "userPrincipalName"),
    ("caller",),
    ("created_by", "login"),
    ("userIdentity", "userName"),
)
"""Where the records of Microsoft 365, Google, Okta, Entra ID, Azure, Box and AWS have the user's address."""


def _own_names(raw: dict[str, Any]) -> Iterator[str | None]:
    """What the app's own record calls the user; in Microsoft 365's Actor a UPN is of type 5."""
    for path in _USERS:
        yield _text(_at(raw, path))
    for one in map(dict_of, list_of(raw.get("Actor"))):
        if one.get("Type") == 5:
            yield _text(one.get("ID"))


def _at(record: Any, path: Sequence[str]) -> Any:
    for step in path:
        record = dict_of(record).get(step)
    return record


def _raw_result(raw: dict[str, Any], action: str) -> str | None:
    """What the app's own record says, of Microsoft 365 and Okta. Of log ons to Entra ID ResultStatus says nothing."""
    if raw.get("Workload") == DIRECTORY and str(raw.get("Operation", "")).startswith("UserLog"):
        return None
    status = _text(raw.get("ResultStatus")) or _text(_at(raw, ("outcome", "result")))
    if status:
        return table().results.get(status.casefold())
    if isinstance(done := raw.get("IsSuccess"), bool):
        return "success" if done else "failure"
    workload = table().workloads.get(str(raw.get("Workload")))
    return workload.result(action) if workload else None


def _of_api(fields: _Fields) -> Activity:
    """An activity of the Activities API."""
    info, actor, user = dict_of(fields.get("maininfo")), dict_of(fields.get("resolvedactor")), dict_of(fields.get("user"))
    device, place = dict_of(fields.get("device")), dict_of(fields.get("location"))
    activity = _activity(fields.time("timestamp"), fields.text("id", "uid"), None)
    category = fields.text("eventtypename", "eventtypevalue") or ""
    shown = _text(info.get("prettyOperationName")) or fields.text("description")
    activity.activity_type = _CATEGORIES.get(category) or _of_category(category) or UNSPECIFIED
    activity.action_type = _text(info.get("rawOperationName")) or shown or category or None
    activity.app, activity.app_instance = fields.text("appname") or fields.text("appid", "saasid"), _text(actor.get("instId"))
    name, shown, of = _text(user.get("userName")), _text(actor.get("name")), _text(actor.get("id"))
    _who(activity, address_of(name, shown, of) or name or shown, guid_of(of, name, shown) or of)
    activity.user_display_name = _text(actor.get("name"))
    agent = dict_of(fields.get("useragent"))
    code = _text(device.get("countryCode")) or _text(place.get("countryCode"))
    _from(activity, _text(device.get("clientIP")), code, _text(device.get("userAgent")))
    activity.city, activity.isp = _text(place.get("city")), _text(place.get("organizationSearchable"))
    activity.device_type = _device_type(_text(agent.get("deviceType")))
    activity.is_impersonated = fields.flag("impersonated")
    outcome = dict_of(info.get("activityResult")).get("isSuccess")
    if isinstance(outcome, bool):
        activity.result = "success" if outcome else "failure"
    _settle(activity)
    put_objects(activity, [_object(dict_of(one)) for one in list_of(info.get("eventObjects"))])
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


def _of_csv(fields: _Fields) -> Activity:
    """A row of the activity log's CSV."""
    shown = fields.text("activity") or ""
    activity = _activity(fields.time(*_CSV["time"]), fields.text(*_CSV["id"]), fields.text(*_CSV["type"]) or shown.partition(":")[0])
    activity.action_type, activity.app = fields.text(*_CSV["action"]), fields.text(*_CSV["app"])
    names = [fields.text(name) for name in (*_CSV["user"], "userid", "accountid")]
    _who(activity, address_of(*names) or fields.text(*_CSV["user"]), guid_of(*names) or fields.text("userid", "accountid"))
    _from(activity, fields.text(*_CSV["ip"]), fields.text(*_CSV["country"]), fields.text(*_CSV["agent"]))
    activity.device_type, activity.isp = _device_type(fields.text(*_CSV["device"])), fields.text("isp")
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
    activity = _activity(timestamp, values.get("externalId"), ALERT if alert else _CATEGORIES.get(message.class_id, impersonated))
    command = _COMMAND.search(values.get("msg", ""))
    activity.action_type = command[1] if command else message.class_id
    activity.is_impersonated = True if impersonated != message.name else None
    activity.app = values.get("destinationServiceName") or None
    _who(activity, values.get("suser"), None)
    address = values.get("dvc") or values.get("src") or labelled.get("device ipv6 address") or values.get("c6a1")
    _from(activity, address, None, values.get("requestClientApplication"))
    if alert:
        activity.result_detail = values.get("msg", "").replace("''", "'") or None
        put_objects(activity, [ActivityObject(None, message.name, "Policy", "target")] if message.name else [])
    else:
        names = dict.fromkeys(name.strip() for name in labelled.get("targetobjects", "").split(","))
        put_objects(activity, [ActivityObject(None, name, None, "target") for name in names if name and name != values.get("suser")])
    return activity


_CATEGORIES = {
    "EVENT_CATEGORY_LOGIN": "Log on",
    "EVENT_CATEGORY_FAILED_LOGIN": "Failed log on",
    "EVENT_CATEGORY_LOGOUT": "Log out",
    "EVENT_CATEGORY_SSO_LOGIN": "Single sign-on log on",
    "EVENT_CATEGORY_UNSPECIFIED": UNSPECIFIED,
}
"""Categories whose activity is not called as they are; the others say it: EVENT_CATEGORY_UPLOAD_FILE."""


_COMMAND = re.compile(r"^Run command: task (\S+?);?(?:\s|$)")


def _canonical(text: str | None) -> str | None:
    """An activity type as `CloudAppEvents` has it (`FailedLogon`, `Download file`) under its name in the portal."""
    return _known_types().get(_letters(text or ""))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())


@cache
def _known_types() -> dict[str, str]:
    return {_letters(name): name for name in {*types().values(), *_CATEGORIES.values()}} | _SPELLINGS


_SPELLINGS = {
    "login": "Log on",
    "logon": "Log on",
    "logonsuccess": "Log on",
    "logonfailed": "Failed log on",
    "failedlogin": "Failed log on",
    "failedlogon": "Failed log on",
    "logoff": "Log out",
    "logout": "Log out",
    "ssologin": "Single sign-on log on",
}


def _of_category(category: str) -> str | None:
    words = category.removeprefix("EVENT_CATEGORY_").replace("_", " ").strip()
    return words.capitalize() if words and category.startswith("EVENT_CATEGORY_") else None


def _activity(timestamp: int, name: str | None, activity_type: str | None) -> Activity:
    activity = Activity(timestamp, name or "", (activity_type or "").strip() or UNSPECIFIED)
    _settle(activity)
    return activity


def _settle(activity: Activity) -> None:
    """A failed log on failed; a log on that failed is a failed log on, any other one did not."""
    if activity.activity_type == "Failed log on":
        activity.result = "failure"
    elif activity.activity_type == "Log on" and activity.result == "failure":
        activity.activity_type = "Failed log on"
    elif activity.activity_type == "Log on":
        activity.result = "success"


def _who(activity: Activity, name: str | None, of: str | None) -> None:
    name = (name or "").strip() or None
    activity.user = name.lower() if name and "@" in name else name
    activity.user_id = of


def _from(activity: Activity, address: str | None, country: str | None, agent: str | None) -> None:
    if address:
        activity.ip_address, activity.ip_port = addresses.parse(address)
    activity.country = country.upper() if country and re.fullmatch("[A-Za-z]{2}", country) else None
    activity.user_agent = agent or None


def _object(one: dict[str, Any]) -> ActivityObject:
    """One of `ActivityObjects` or `eventObjects`."""
    values = {key.casefold(): value for key, value in one.items()}
    name, of = _text(values.get("name")), _text(values.get("id"))
    kind = _text(values.get("type")) or _text(values.get("serviceobjecttype"))
    role = (_text(values.get("role")) or "").casefold()
    return ActivityObject(of, name or of, kind, "actor" if role in ("actor", "4") else "target")


def _choice(field: str, text: str | None) -> str | None:
    return next((value for value in FIELDS[field].values if text and value.casefold() == text.casefold()), None)


def _device_type(text: str | None) -> str | None:
    return "PC" if text and text.casefold() in ("desktop", "pc") else _choice("device_type", text)
