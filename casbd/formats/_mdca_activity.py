"""What the exports of Defender for Cloud Apps have in common: names of activities, who, from where, on what, and how a log on ended."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from casbd.formats._activity_table import UNSPECIFIED
from casbd.formats._m365_table import types
from casbd.formats._mdca_fields import known_text
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.records import addresses

CATEGORIES = {
    "EVENT_CATEGORY_LOGIN": "Log on",
    "EVENT_CATEGORY_FAILED_LOGIN": "Failed log on",
    "EVENT_CATEGORY_LOGOUT": "Log out",
    "EVENT_CATEGORY_SSO_LOGIN": "Single sign-on log on",
    "EVENT_CATEGORY_UNSPECIFIED": UNSPECIFIED,
}
"""Categories whose activity is not called as they are; the others say it: EVENT_CATEGORY_UPLOAD_FILE."""


def canonical_type(text: str | None) -> str | None:
    """An activity type as `CloudAppEvents` has it (`FailedLogon`, `Download file`) under its name in the portal."""
    return _known_types().get(_letters(text or ""))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())


@cache
def _known_types() -> dict[str, str]:
    return {_letters(name): name for name in {*types().values(), *CATEGORIES.values()}} | _SPELLINGS


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


def type_of_category(category: str) -> str | None:
    """`Upload file` of EVENT_CATEGORY_UPLOAD_FILE; None where it is no category."""
    words = category.removeprefix("EVENT_CATEGORY_").replace("_", " ").strip()
    return words.capitalize() if words and category.startswith("EVENT_CATEGORY_") else None


def new_activity(timestamp: int, name: str | None, activity_type: str | None) -> Activity:
    """An activity of this type, Unspecified where it has none; name: its id."""
    activity = Activity(timestamp, name or "", (activity_type or "").strip() or UNSPECIFIED)
    settle_log_on(activity)
    return activity


def settle_log_on(activity: Activity) -> None:
    """A failed log on failed; a log on that failed is a failed log on, any other one did not."""
    if activity.activity_type == "Failed log on":
        activity.result = "failure"
    elif activity.activity_type == "Log on" and activity.result == "failure":
        activity.activity_type = "Failed log on"
    elif activity.activity_type == "Log on":
        activity.result = "success"


def fill_user(activity: Activity, name: str | None, of: str | None) -> None:
    """Who did it. name: an address or a name; of: the id."""
    name = (name or "").strip() or None
    activity.user = name.lower() if name and "@" in name else name
    activity.user_id = of


def fill_origin(activity: Activity, address: str | None, country: str | None, agent: str | None) -> None:
    """From where it was done; a country that is no code of two letters is left out."""
    if address:
        activity.ip_address, activity.ip_port = addresses.parse(address)
    activity.country = country.upper() if country and re.fullmatch("[A-Za-z]{2}", country) else None
    activity.user_agent = agent or None


def object_of(one: dict[str, Any]) -> ActivityObject:
    """One of `ActivityObjects` or `eventObjects`."""
    values = {key.casefold(): value for key, value in one.items()}
    name, of = known_text(values.get("name")), known_text(values.get("id"))
    kind = known_text(values.get("type")) or known_text(values.get("serviceobjecttype"))
    role = (known_text(values.get("role")) or "").casefold()
    return ActivityObject(of, name or of, kind, "actor" if role in ("actor", "4") else "target")


def value_of_field(field: str, text: str | None) -> str | None:
    """One of the values that a field can have, whatever its case; None where it is none of them."""
    return next((value for value in FIELDS[field].values if text and value.casefold() == text.casefold()), None)


def device_type_of(text: str | None) -> str | None:
    """A device's type as the portal calls it."""
    return "PC" if text and text.casefold() in ("desktop", "pc") else value_of_field("device_type", text)
