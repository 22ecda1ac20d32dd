"""JSON of any shape: a mapping in the configuration says which path of the record is which field of the activity.

    - {name: own, path: /var/spool/casbd/own/*.json, format: json,
       mapping: {activity_id: id, timestamp: time, user: actor.email}, constants: {app: Our own app}}

Paths are those of `raw.` in rule files. A field that is not mapped, or whose path leads nowhere, stays null; a record
without a time is a reject. It reads the rows of CSV files as well: their columns are the keys. Of several ways to a value the
first that leads to one, conditions, values put together, tables of values and operations, times of other forms and zones,
several events in a record, what was acted on, regular expressions: see conf/casbd.yaml.
"""

from __future__ import annotations

from typing import Any, ClassVar

from casbd import plugins
from casbd.formats._mapping import OfMapping
from casbd.formats._mapping_options import MappingOptions
from casbd.plugins import registry


@registry.format
class Json(OfMapping):
    """Anything else that is JSON, by a mapping in the configuration: paths, conditions, tables of values and operations, times of any
    form and zone, events within a record, regular expressions, constants.
    """

    Options: ClassVar[type[plugins.Options]] = MappingOptions
    example: ClassVar[dict[str, Any]] = {
        "mapping": {
            "activity_id": "^.id",
            "timestamp": {"join": ["^.day", "^.clock"], "with": " ", "format": "%d/%m/%Y %H:%M:%S", "zone": "Europe/Oslo"},
            "action_type": "name",
            "user": ["^.actor.email", {"path": "^.actor.login", "when": {"^.actor.type": ["person", "guest*"]}}, {"value": "system"}],
            "user_agent": {"path": "^.client", "regex": "agent=([^;]+)"},
            "result": {"path": "code", "map": {"2*": "success", "4*": "failure"}, "otherwise": "unknown"},
        },
        "patterns": [{"path": "message", "regex": r"from (?P<ip_address>\S+)"}],
        "constants": {"app": "Our own app"},
        "each": "events",
        "objects": [
            {"each": "targets", "id": "id", "name": ["email", "name"], "type": "kind"},
            {"name": "changes[field=owner].to", "type": {"value": "User"}, "when": {"changes": {"isset": True}}},
        ],
        "activities": {"Log on": ["login", "sso_*"], "Delete file": [{"operation": "delete", "when": {"targets.kind": "file"}}]},
        "admin": ["policy.", "*.delete"],
        "not_admin": ["draft.delete"],
    }
    words: ClassVar[plugins.Words] = {}
