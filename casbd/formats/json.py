"""JSON of any shape: a mapping in the configuration says which path of the record is which field of the activity.

    - {name: own, path: /var/spool/casbd/own/*.json, format: json,
       mapping: {activity_id: id, timestamp: time, user: actor.email}, constants: {app: Our own app}}

Paths are those of `raw.` in rule files. A field that is not mapped, or whose path leads nowhere, stays null; a record
without a time is a reject. It reads the rows of CSV files as well: their columns are the keys. Times of other forms and
zones, tables of values, and regular expressions: see conf/casbd.yaml.
"""

from __future__ import annotations

from typing import Any, ClassVar

from casbd import plugins
from casbd.formats._mapping import OfMapping
from casbd.formats._mapping_options import MappingOptions
from casbd.plugins import registry


@registry.format
class Json(OfMapping):
    """Anything else that is JSON, by a mapping in the configuration: paths, tables of values, times of any form and zone, regular
    expressions, constants.
    """

    Options: ClassVar[type[plugins.Options]] = MappingOptions
    example: ClassVar[dict[str, Any]] = {
        "mapping": {
            "activity_id": "id",
            "user": "actor.email",
            "timestamp": {"path": "when", "format": "%d/%m/%Y %H:%M:%S", "zone": "Europe/Oslo"},
            "result": {"path": "code", "map": {"0": "success", "1": "failure"}, "otherwise": "unknown"},
        },
        "patterns": [{"path": "message", "regex": r"logged on from (?P<ip_address>\S+)"}],
        "constants": {"app": "Our own app", "activity_type": "Log on"},
    }
    words: ClassVar[plugins.Words] = {}
