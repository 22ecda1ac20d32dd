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
    """`format: json`."""

    Options: ClassVar[type[plugins.Options]] = MappingOptions
    example: ClassVar[dict[str, Any]] = {"mapping": {"timestamp": "time", "user": "actor.email"}, "constants": {"app": "Our own app"}}
    words: ClassVar[plugins.Words] = {}
