"""A Windows event out of any of the shapes that agents and tools write it in: winlogbeat's, flat ones, XML made JSON.

Sources: Elastic, "Winlogbeat fields" (https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog); NXLog,
"Event Log for Windows" (https://docs.nxlog.co/refman/current/im/msvistalog.html).
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Event(NamedTuple):
    """An event, whatever shape it came in. outcome: the keywords' Audit Success or Audit Failure."""

    time: Any
    id: str
    channel: str
    computer: str
    number: str
    outcome: str | None
    data: dict[str, Any]

    def text(self, *names: str) -> str | None:
        """The first of these fields that is known; Windows has a dash for what is not."""
        for name in names:
            value = self.data.get(name)
            if value is not None and (text := as_text(value).strip()) and text != "-":
                return text
        return None


def event_of(record: dict[str, Any]) -> Event | None:
    """The event in a record of any of the shapes; None where it is none."""
    source = record.get("_source")
    record = source if isinstance(source, dict) else record
    inner = record.get("Event")
    xml = inner if isinstance(inner, dict) else record
    if isinstance(xml.get("System"), dict):
        return _of_xml(xml["System"], xml)
    if "EventID" in record:
        outcome = _outcome(record.get("EventType"), record.get("Keywords"))
        moment = [record[name] for name in ("EventTime", "TimeCreated", "TimeGenerated") if record.get(name)]
        channel, computer, number = (_first(record, *names) for names in (("Channel",), ("Hostname", "Computer"), _NUMBERS))
        return Event(moment, as_text(record["EventID"]), channel, computer, number, outcome, record)
    return _of_winlogbeat(record)


_NUMBERS = ("RecordNumber", "EventRecordID", "EventRecordId")


def _first(record: dict[str, Any], *names: str) -> str:
    return next((text for name in names if (text := as_text(record.get(name)))), "")


def _of_winlogbeat(record: dict[str, Any]) -> Event | None:
    data = _under(record, "winlog.event_data") or _under(record, "winlog.user_data")
    old = "event_id" in record and "log_name" in record  # before version 7
    if old:
        data = _under(record, "event_data") or _under(record, "user_data")
    identity = as_text(_at(record, "event_id" if old else "winlog.event_id")) or (as_text(_at(record, "event.code")) if data else "")
    if not identity:
        return None
    names = ("log_name", "computer_name", "record_number") if old else ("winlog.channel", "winlog.computer_name", "winlog.record_id")
    channel, computer, number = (as_text(_at(record, name)) for name in names)
    outcome = _outcome(_at(record, "event.outcome"), _at(record, "winlog.keywords"), record.get("keywords"))
    return Event(record.get("@timestamp"), identity, channel, computer, number, outcome, data)


def _at(record: Any, path: str) -> Any:
    """A value, whether its path is one key with dots, objects inside objects, or something of both."""
    if not isinstance(record, dict):
        return None
    if path in record:
        return record[path]
    head, _, rest = path.partition(".")
    return _at(record.get(head), rest) if rest else None


def _under(record: dict[str, Any], path: str) -> dict[str, Any]:
    """All values under a path."""
    values = _at(record, path)
    if isinstance(values, dict):
        return values
    return {key[len(path) + 1 :]: value for key, value in record.items() if key.startswith(f"{path}.")}


def _of_xml(system: dict[str, Any], event: dict[str, Any]) -> Event:
    data: dict[str, Any] = {}
    for part in (event.get("EventData"), event.get("UserData")):
        if not isinstance(part, dict):
            continue
        pairs = part.get("Data")
        for pair in pairs if isinstance(pairs, list) else ():
            if name := as_text(_attribute(pair, "Name")):
                data[name] = as_text(pair)
        inner = pairs if isinstance(pairs, dict) else part.get("LogFileCleared")
        data |= inner if isinstance(inner, dict) else part
    moment = _attribute(system.get("TimeCreated"), "SystemTime") or system.get("TimeCreated")
    channel, computer, number = (as_text(system.get(name)) for name in ("Channel", "Computer", "EventRecordID"))
    return Event(moment, as_text(system.get("EventID")), channel, computer, number, _outcome(system.get("Keywords")), data)


def _attribute(element: Any, name: str) -> Any:
    """An attribute, as the usual XML-to-JSON tools write them."""
    if not isinstance(element, dict):
        return None
    inner = next((element[key] for key in ("#attributes", "$") if isinstance(element.get(key), dict)), element)
    return inner.get(name) or inner.get(f"@{name}")


def _outcome(*values: Any) -> str | None:
    """Success or failure in words, or by the bits of the keywords."""
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            text = as_text(one).casefold()
            if "success" in text or "failure" in text:
                return "success" if "success" in text else "failure"
            number = as_number(text)
            if number and number & 0x30000000000000:
                return "failure" if number & 0x10000000000000 else "success"
    return None


def as_text(value: Any) -> str:
    """A value as text; of a list (Elasticsearch) the first, of an element with attributes what is inside."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = next((value[key] for key in ("#text", "_", "$t") if key in value), None)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_number(text: str) -> int | None:
    """A decimal number or one in hexadecimal."""
    try:
        return int(text, 0) if len(text) <= 24 else None
    except ValueError:
        return None
