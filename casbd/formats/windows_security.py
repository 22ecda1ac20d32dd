"""Windows Security events, those of domain controllers before all, as agents and tools write them in JSON.

Read as winlogbeat has them (nested, or with dots in the keys; of versions before 7, too), flat as NXLog and Log Analytics have
them, and as the event's XML made JSON: `{"Event": {"System": ..., "EventData": ...}}`.
Sources: Microsoft, one page an event ("Advanced security auditing", as of 4624:
https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4624);
Elastic, "Winlogbeat fields" (https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog); NXLog, "Event Log
for Windows" (https://docs.nxlog.co/refman/current/im/msvistalog.html). Which event is which canonical activity, what it is
called, and what its codes mean is in `casbd/data/windows_security_activities.yaml`.

`action_type` is the id and Microsoft's title, as in `4624 An account was successfully logged on`; of other logs the id and the
log. `user` is `domain\\name` in lower case, or the address where the event has one for a name. Of a log on it is the account
that logs on, of anything else the subject. `result_detail` has the reason in words with its code, then the kind of log on:
`wrong password (0xC000006A), network`. Service tickets (4769) and log ons with other credentials (4648) are `Unspecified`: the
first come with every access, the second have a 4624 of their own.

What it cannot know: `CONTOSO\\anna`, `contoso.local\\anna` and `anna@CONTOSO.LOCAL` may be one user (`user_id`, the SID, tells
where it is known). NTLM validations (4776) have neither domain nor address. NXLog may write the local time without a zone: it
is read as UTC. A replication with directory rights (DCSync) is a 4662 that only its properties show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd import plugins
from casbd.documents import Document
from casbd.errors import BadRecord
from casbd.formats._activity_table import DATA, ActivityTable
from casbd.formats._lenient import as_object, records_of
from casbd.formats._objects import put_objects
from casbd.formats._times import time_of
from casbd.formats._windows_event import Event, as_number, as_text, event_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses

APP = "Active Directory"
_Thing = tuple[str | None, str | None, str | None, str]
"""An object's id, name, type and role."""


@registry.format
class WindowsSecurity:
    """Windows Security events (of domain controllers) in JSON: winlogbeat, NXLog, Log Analytics, the event's XML made JSON."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = ActivityTable("windows_security")
        data = Document(DATA / "windows_security_activities.yaml").data
        self._names, self._codes, self._logon_types = data["names"], data["codes"], data["logon_types"]

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """All are Windows events with a channel, and some are of the Security log: agents mix the logs."""
        records = records_of(sample)
        events = [event for event in map(event_of, records) if event and event.id and event.channel and event.time]
        return len(events) / len(records) if any(event.channel.casefold() == "security" for event in events) else 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object, no Windows event, or has no time or event id."""
        data = as_object(record)
        event = event_of(data)
        if event is None:
            raise BadRecord("not a Windows event: it has no winlog, System or EventID")
        if not (event.id.isascii() and event.id.isdigit() and len(event.id) <= 5):
            raise BadRecord(f"event id {event.id[:40]!r}: is none")
        timestamp = _timestamp(event.time)
        channel = event.channel.casefold()
        audited = channel in ("", "security") or (channel, event.id) == ("system", "7045")
        kind = self._table.kind(event.id if audited else "")
        name = self._names.get(event.id, "") if audited else event.channel
        activity = Activity(timestamp, "", kind.activity_type, f"{event.id} {name}".rstrip(), APP)
        if event.computer and event.number:
            # The time is part of it, as the numbers start anew with a new log.
            activity.activity_id = f"{event.computer.lower()}/{event.channel}/{event.number}/{timestamp}"
        activity.app_instance = _domain_of(event.computer)
        activity.is_admin_operation = kind.admin
        if audited:
            _who(event, activity)
            activity.ip_address = addresses.parse(event.text("IpAddress", "ClientAddress")).ip
            activity.ip_port = _port(event.text("IpPort")) if activity.ip_address else None
            self._result(event, activity)
            put_objects(activity, _objects(event))
        return (activity,)

    def _result(self, event: Event, activity: Activity) -> None:
        status = _code(event.text("Status")) if event.id in _WITH_STATUS else None
        if status not in (None, "0x0"):
            activity.result = "unknown" if status == _ASKED_FOR_MORE else "failure"
        elif event.id in _FAILURES:
            activity.result = "failure"
        else:
            certain = event.id in self._names and event.id not in _EITHER
            activity.result = event.outcome or ("success" if status == "0x0" or certain else None)
        details = []
        if activity.result in ("failure", "unknown"):
            below = _code(event.text("SubStatus"))
            code = below if below not in (None, "0x0") else status
            if code not in (None, "0x0"):
                words = self._codes.get(code)
                details.append(f"{words} ({code})" if words else str(code))
        if activity.activity_type in ("Log on", "Failed log on"):
            kinds = {"success": "Log on", "failure": "Failed log on"}
            activity.activity_type = kinds.get(activity.result or "", "Unspecified")
        logon_type = event.text("LogonType")
        if logon_type and event.id in _LOGONS:
            details.append(self._logon_types.get(logon_type, f"logon type {logon_type[:40]}"))
        activity.result_detail = ", ".join(details) or None


_LOGONS = frozenset({"4624", "4625", "4634", "4647"})
_SESSIONS = frozenset({"4778", "4779"})
"""Of a remote desktop, reconnected and disconnected."""
_OF_THE_TARGET = _LOGONS | {"4627", "4768", "4769", "4770", "4771", "4776", "4964"}
"""Where the user is the target, since the subject is but the computer that reports."""
_WITH_STATUS = frozenset({"4625", "4768", "4769", "4771", "4776"})
_FAILURES = frozenset({"4625", "4771", "4772", "4777"})
_EITHER = frozenset({"4662", "4723", "4724", "4768", "4769", "4776", "4794", "5145"})
"""Events that are written for success and for failure."""
_ASKED_FOR_MORE = "0x19"
"""KDC_ERR_PREAUTH_REQUIRED: the client asks again with more."""
_SYSTEM_SIDS = frozenset({"S-1-5-7", "S-1-5-18", "S-1-5-19", "S-1-5-20"})
_SYSTEM_SID_PREFIXES = ("S-1-5-80-", "S-1-5-90-", "S-1-5-96-")
"""Services, window managers, font drivers."""
_SYSTEM_NAMES = frozenset({"system", "anonymous logon", "local service", "network service"})
_GROUPS = frozenset(str(number) for number in (*range(4727, 4738), *range(4744, 4765)))
_COMPUTERS = frozenset({"4741", "4742", "4743"})


def _code(text: str | None) -> str | None:
    """A status as `0xC000006A`; what is no number stays as it is."""
    if not text:
        return None
    number = as_number(text)
    return text[:40] if number is None else f"0x{number & 0xFFFFFFFF:X}"


def _port(text: str | None) -> int | None:
    number = as_number(text or "")
    return number if number and 0 < number < 65536 else None


def _timestamp(moment: Any) -> int:
    """Of text, or of a number of seconds or milliseconds, as NXLog is often configured to write; of several the first that is a time."""
    moments = moment if isinstance(moment, list) else [moment]
    return time_of("time", *(one if isinstance(one, int | dict) else as_text(one) for one in moments))


def _domain_of(computer: str) -> str | None:
    """`contoso.local` of `DC01.contoso.local`."""
    domain = computer.partition(".")[2].lower()
    return domain if domain and addresses.parse(computer).ip is None else None


def _account(name: str | None, domain: str | None) -> str | None:
    if not name or "@" in name or "\\" in name or not domain:
        return name.lower() if name else None
    return f"{domain}\\{name}".lower()


def _sid(text: str | None) -> str | None:
    return None if text in (None, "S-1-0-0") else text


def _who(event: Event, activity: Activity) -> None:
    """The target of a log on, else the subject, else (a locked workstation) the target all the same."""
    subject = event.text("SubjectUserName"), event.text("SubjectDomainName"), _sid(event.text("SubjectUserSid"))
    if event.id in _SESSIONS:
        subject = event.text("AccountName"), event.text("AccountDomain"), None
    name, domain, sid = subject if (subject[0] or subject[2]) and event.id not in _OF_THE_TARGET else _target(event)
    if event.id == "7045":
        name, domain, sid = None, None, None  # its AccountName is what the service runs as
    sid = _sid(sid)
    activity.user, activity.user_id = _account(name, domain), sid
    if name or sid:
        activity.user_type = "System" if _is_system(name or "", sid or "") else "Regular"


def _is_system(name: str, sid: str) -> bool:
    """Computers, and what Windows itself runs as."""
    plain = name.partition("@")[0].casefold()
    return plain.endswith("$") or plain in _SYSTEM_NAMES or sid in _SYSTEM_SIDS or sid.startswith(_SYSTEM_SID_PREFIXES)


def _target(event: Event) -> tuple[str | None, str | None, str | None]:
    """Name, domain and SID of the account that an event is about."""
    domain = event.text("TargetDomainName")
    if event.id == "4740":
        domain = event.text("SubjectDomainName")  # what is called the target's domain is the computer that asked
    elif event.id == "4771":
        domain = (event.text("ServiceName") or "").partition("/")[2] or None  # krbtgt/CONTOSO
    return event.text("TargetUserName", "NewTargetUserName"), domain, event.text("TargetUserSid", "TargetSid")


def _objects(event: Event) -> list[ActivityObject]:
    """What was acted on: of a group's members the member, then the group; of a log on the computer."""
    things: list[_Thing] = []
    source = event.text("WorkstationName", "Workstation") or (event.text("ClientName") if event.id in _SESSIONS else None)
    if event.id in _LOGONS:
        things.append((None, event.computer or None, "Device", "target"))
    elif event.id == "4769":
        things.append((_sid(event.text("ServiceSid")), event.text("ServiceName"), "Service", "target"))
    elif event.id in ("4697", "7045"):
        things.append((None, event.text("ServiceName"), "Service", "target"))
    elif event.id == "4662":
        things.append((None, event.text("ObjectName"), event.text("ObjectType"), "target"))
    elif event.id in ("5136", "5137", "5141"):
        things.append((event.text("ObjectGUID"), event.text("ObjectDN"), event.text("ObjectClass"), "target"))
    elif event.id not in _OF_THE_TARGET and event.text("SubjectUserName", "SubjectUserSid"):
        things += _accounts(event)
    if source:
        things.append((None, source.lstrip("\\"), "Device", "source"))
    return [ActivityObject(*one) for one in things if one[0] or one[1]]


def _accounts(event: Event) -> list[_Thing]:
    name, domain, sid = _target(event)
    kind = "Group" if event.id in _GROUPS else "Device" if event.id in _COMPUTERS else "User"
    target = (_sid(sid), _account(name, domain), kind, "target")
    if member := event.text("MemberName", "MemberSid"):
        sid = _sid(event.text("MemberSid"))
        return [(sid, member, "Account", "target"), target]
    if event.id == "4781":
        return [target, (None, _account(event.text("OldTargetUserName"), domain), kind, "source")]
    if event.id == "4740":
        return [target, (None, event.text("TargetDomainName"), "Device", "source")]
    if event.id == "4648":
        return [target, (None, event.text("TargetServerName"), "Device", "target")]
    return [target]
