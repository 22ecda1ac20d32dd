"""CEF of any sender: the standard keys become fields by themselves, a mapping in the configuration may say more or otherwise.

    - {name: firewall, path: /var/spool/casbd/cef/*.log, format: cef, mapping: {object_name: extension.fname}}

Paths go into an object that has `vendor`, `product`, `version`, `class_id`, `name`, `severity`, `before` (what stands in front
of the message), `extension` with the keys, and `labels` with the values of cs1 to cs6, cn1 and so on by their labels in lower case.
Source: Micro Focus, "ArcSight Common Event Format (CEF) Implementation Standard", version 26: the dictionary of keys.

What it cannot know: a message's id, as `externalId` is with some senders that of a kind of event; map it where it is not.
`activity_type` is Unspecified unless it is mapped. A time without a zone is of the zone in `dtz`, else UTC; one without a year, as
the old syslog header has it, is none, and a message without a time is a reject.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import model_validator

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._mapping import Mapper
from casbd.formats._mapping_options import MappingOptions
from casbd.model.activity import Activity
from casbd.plugins import registry
from casbd.records import cef_reading

STANDARD: dict[str, str] = {
    "timestamp": "time",
    "action_type": "name",
    "app": "product",
    "user": "extension.suser",
    "user_id": "extension.suid",
    "ip_address": "extension.src",
    "ip_port": "extension.spt",
    "user_agent": "extension.requestClientApplication",
    "object_name": "object",
    "object_id": "extension.fileId",
    "result": "extension.outcome",
    "result_detail": "extension.reason",
}
"""Field to path; what the mapping says of a field goes before it."""


class CefOptions(MappingOptions):
    """As for `json`, but the standard keys need no mapping."""

    @model_validator(mode="before")
    @classmethod
    def _with_standard_keys(cls, options: Any) -> Any:
        mapping = options.get("mapping", {}) if isinstance(options, dict) else None
        return options | {"mapping": STANDARD | mapping} if isinstance(mapping, dict) else options


@registry.format
class Cef:
    """Anybody's CEF: the standard keys by themselves, the rest by a mapping."""

    Options: ClassVar[type[plugins.Options]] = CefOptions
    example: ClassVar[dict[str, Any]] = {"mapping": {"object_name": "extension.fname"}, "constants": {"app": "Firewall"}}
    words: ClassVar[plugins.Words] = {}

    def __init__(self, options: CefOptions) -> None:
        self._activity = Mapper(options).activity

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Lines with a CEF header; not surely, as a format of its own may know the sender."""
        hits = sum(_START.search(record[:400]) is not None for record in sample)
        return 0.6 * hits / len(sample) if sample else 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where there is no CEF message, or no time in it."""
        text = record.decode()
        try:
            message = cef_reading.parse(text)
        except ValueError as error:
            raise BadRecord(str(error)) from None
        activity = self._activity(_values(message))
        if not activity.activity_id:
            # Not externalId: with some senders it is the kind of an event. What a relay puts before the message is not of it.
            own = text[text.index("CEF:") :].rstrip()
            activity.activity_id = hashlib.blake2b(f"{activity.timestamp} {own}".encode(), digest_size=16).hexdigest()
        return (activity,)


_START = re.compile(rb"CEF:\s?\d\|")


def _values(message: cef_reading.Message) -> dict[str, Any]:
    """The message as paths see it. time: of `rt`, `start`, `end`, `art`, then what stands in front; the first that is one counts."""
    keys = message.extension
    sent = _SENT.match(message.before)
    times = [*message.times("rt", "start", "end", "art"), *([sent[1]] if sent else [])]
    target = next((keys[key] for key in ("filePath", "fname", "duser", "request", "dhost") if keys.get(key)), None)
    return message._asdict() | {"time": times, "labels": message.labelled(), "object": target}


_SENT = re.compile(r"(?:<[0-9]{1,3}>(?:1 )?)?([0-9]{4}-[0-9]{2}-[0-9]{2}T\S{8,30})")
"""What a syslog header with a whole time begins with (RFC 5424, or RFC 3164 with a time of RFC 3339)."""
