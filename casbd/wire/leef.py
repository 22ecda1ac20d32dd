"""Alerts, activities and outcomes of governance as LEEF 2.0, the format of IBM QRadar.

Source: https://www.ibm.com/docs/en/dsm?topic=leef-overview. IBM's predefined attributes carry what they are for; the others are custom
ones, and named as CEF or casbd names the same. The order is that of importance: a message too long for its receiver loses attributes
from the end.

Between attributes stands `^`: relays rewrite the tab (rsyslog makes `#011` of it), and parsers in use (SC4S) do not know the hex that
the header might have in its place. LEEF has no escapes: in a value `^` becomes `~`, `|`, at which the same parsers split, becomes `/`,
and line ends become blanks. `CEF:0` is replaced as in CEF.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from casbd import __version__
from casbd.model.activity import Activity
from casbd.model.alert import Alert, Severity
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.wire.cef import event_class, outcome_severity
from casbd.wire.cef_classes import alert_class
from casbd.wire.cef_message import CLASS_MOST, Part, external_id, fitted, hashed, without_beginnings
from casbd.wire.cef_values import is_address, link
from casbd.wire.moments import moment
from casbd.wire.pairs import Key, Pairs, Value
from casbd.wire.plain_text import cut, single_line

SEVERITY: dict[Severity, int] = {"informational": 1, "low": 3, "medium": 6, "high": 8}
"""As in CEF, but 1 is the lowest."""
TIME_FORMAT = "MMM dd yyyy HH:mm:ss.SSS z"
"""How QRadar is to read `devTime`: with the year and the zone, which a syslog header loses on the way."""

_DELIMITER = "^"
_SUBSTITUTED = str.maketrans({_DELIMITER: "~", "|": "/"})
_NAMES = 255
"""Characters that QRadar keeps of a user's or an account's name."""
_TEXTS, _LISTS = 1023, 4000
_LAST_PORT = 65_535
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _attribute(name: str, value: str | Callable[[Any], Value] = "", most: int = _TEXTS) -> Key:
    """value: a field's name, or what makes it of the item; left out: the field has the attribute's name."""
    return Key(f"{name}=", value or name, most)


def _time_of(field: str) -> Callable[[Any], str | None]:
    get = attrgetter(field)

    def written(item: Any) -> str | None:
        time = get(item)
        return None if time is None else iso(time)

    return written


_TIMES = (_attribute("devTime", lambda item: device_time(moment(item)), 0), _attribute("devTimeFormat", lambda _: TIME_FORMAT, 0))


def _address(item: Any) -> str | None:
    return item.ip_address if is_address(item.ip_address) else None


_ALERT = (
    _attribute("externalId", lambda a: _id(a.alert_id), 0),
    *_TIMES,
    _attribute("sev", lambda a: SEVERITY[a.severity], 0),
    _attribute("cat", "category", _NAMES),
    _attribute("usrName", "user", _NAMES),
    _attribute("src", _address, 0),
    _attribute("policy", "policy_id"),
    _attribute("policyName", "policy_name"),
    _attribute("act", "event"),
    _attribute("firstActivity", _time_of("first_activity"), 0),
    _attribute("lastActivity", _time_of("last_activity"), 0),
    _attribute("cnt", "activity_count", 0),
    _attribute("title"),
    _attribute("evidence"),
    _attribute("msg", "description"),
    _attribute("app"),
    _attribute("appInstance", "app_instance"),
    _attribute("country"),
    _attribute("outcome", "resolution"),
    _attribute("reason", "comment"),
    _attribute("closedBy", "closed_by"),
    _attribute("riskScore", "risk_score", 0),
    _attribute("tags", most=_LISTS),
    _attribute("relatedAudits", "activity_ids", _LISTS),
)

_ACTIVITY = (
    _attribute("externalId", lambda a: _id(a.activity_id), 0),
    *_TIMES,
    _attribute("sev", lambda _: SEVERITY["informational"], 0),
    _attribute("cat", "result", _NAMES),
    _attribute("usrName", "user", _NAMES),
    _attribute("src", _address, 0),
    _attribute("identSrc", lambda a: _address(a) if a.activity_type == "Log on" and a.user else None, 0),
    _attribute("srcPort", lambda a: a.ip_port if a.ip_port is not None and 0 <= a.ip_port <= _LAST_PORT else None, 0),
    _attribute("activityType", "activity_type"),
    _attribute("act", "action_type"),
    _attribute("reason", "result_detail"),
    _attribute("app"),
    _attribute("appInstance", "app_instance"),
    _attribute("accountName", lambda a: a.object_name or a.object_id if a.object_type in ("User", "user") else None, _NAMES),
    _attribute("objectName", "object_name"),
    _attribute("objectId", "object_id"),
    _attribute("objectType", "object_type"),
    _attribute("role", "user_type"),
    _attribute("domain", "user_domain"),
    _attribute("userId", "user_id"),
    _attribute("policy", "matched_policies", _LISTS),
    _attribute("country"),
    _attribute("city"),
    _attribute("isp"),
    _attribute("asn", "asn", 0),
    _attribute("ipCategory", "ip_category"),
    _attribute("userAgent", "user_agent"),
    _attribute("tags", lambda a: (*a.ip_tags, *a.user_agent_tags, *a.device_tags), _LISTS),
    _attribute("targetObjects", lambda a: tuple([o.name or o.id for o in a.objects]), _LISTS),
    _attribute("source"),
)

_COMMAND = (
    _attribute("externalId", lambda c: _id(c.command_id), 0),
    *_TIMES,
    _attribute("sev", lambda c: SEVERITY[outcome_severity(c)], 0),
    _attribute("cat", "status", _NAMES),
    _attribute("usrName", "target", _NAMES),
    _attribute("act", "action"),
    _attribute("reason", lambda c: c.error or c.reason),
    _attribute("connector"),
    _attribute("app"),
    _attribute("appInstance", "app_instance"),
    _attribute("accountName", "who", _NAMES),
    _attribute("userId", "user_id"),
    _attribute("policy", "policy_id"),
    _attribute("alertId", "alert_id"),
    _attribute("request"),
    _attribute("answer"),
    _attribute("durationMs", "duration", 0),
    _attribute("reverts"),
)

_SHOWN = {"alerts": (_ALERT, "alert_id"), "activities": (_ACTIVITY, "activity_id"), "governance": (_COMMAND, "command_id")}
"""By the page of a portal that shows items of a kind: their attributes, and the field that its address ends with."""


def alert(alert: Alert, *, portal: str = "", limit: int = 0) -> str:
    """An alert as one LEEF message.

    portal: the address of a web page that shows alerts, for `url`. limit: bytes, from 480; 0 is no limit.
    """
    return _message(alert_class(alert), _attributes("alerts", portal), alert, limit)


def activity(activity: Activity, *, portal: str = "", limit: int = 0) -> str:
    """An activity as one LEEF message; portal and limit as for `alert`. `identSrc` ties an address to who logged on from it."""
    return _message(event_class(activity.activity_type[:CLASS_MOST]), _attributes("activities", portal), activity, limit)


def command(command: GovernanceCommand, *, portal: str = "", limit: int = 0) -> str:
    """What became of a governance command as one LEEF message; portal and limit as for `alert`.

    usrName: to whom it was done; accountName: who asked for it or approved it.
    """
    class_id = f"GOVERNANCE_{command.action.upper()}"[:CLASS_MOST]
    return _message(class_id, _attributes("governance", portal), command, limit)


def device_time(time: int) -> str:
    """`Jan 31 2026 12:00:00.000 GMT`, as `TIME_FORMAT` says. time: milliseconds since 1970."""
    text = iso(time)
    return f"{_device_second(text[:19])}{text[19:23]} GMT"


@lru_cache(1024)
def _device_second(text: str) -> str:
    return f"{_MONTHS[int(text[5:7]) - 1]} {text[8:10]} {text[:4]} {text[11:]}"


@cache
def _attributes(page: str, portal: str) -> tuple[Key, ...]:
    """All of what is shown on such a page of the portal."""
    attributes, item_id = _SHOWN[page]
    return (*attributes, _attribute("url", lambda item: link(portal, page, getattr(item, item_id))))


def _message(class_id: str, attributes: tuple[Key, ...], item: object, limit: int) -> str:
    start = f"LEEF:2.0|casbd|casbd|{__version__}|{class_id}|{_DELIMITER}|"
    text = start + without_beginnings(_ATTRIBUTES.joined(attributes, item))
    if not limit or (len(text) if text.isascii() else len(text.encode())) <= limit:
        return text
    parts: list[Part] = []
    for name, value, most in _ATTRIBUTES.listed(attributes, item):
        parts.append(Part(f"{_DELIMITER if parts else start}{name}", without_beginnings(value), cuttable=most > 0))
    return fitted(parts, limit)


def _text(text: str, most: int) -> str:
    text = single_line(text.translate(_SUBSTITUTED))
    return cut(text, most) if most else text


_ATTRIBUTES = Pairs(_DELIMITER, _DELIMITER + "|", _text)


def _id(text: str) -> str:
    """As in CEF. Two ids of which one has what takes the place of a character in the other stay different."""
    return hashed(text) if _DELIMITER in text or "|" in text else external_id(text)
