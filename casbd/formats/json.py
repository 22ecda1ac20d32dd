"""JSON of any shape: a mapping in the configuration says which path of the record is which field of the activity.

    - {name: own, path: /var/spool/casbd/own/*.json, format: json,
       mapping: {activity_id: id, timestamp: time, user: actor.email}, constants: {app: Our own app}}

Paths are those of `raw.` in rule files. A field that is not mapped, or whose path leads nowhere, stays null; a record
without a time is a reject. It reads the rows of CSV files as well: their columns are the keys. Times of other forms and
zones, tables of values, and regular expressions: see conf/casbd.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._mapping import Mapper, MappingOptions, example
from casbd.model.activity import Activity
from casbd.registry import plugin
from casbd.wire import record_path


@plugin
class Json:
    """`format: json`."""

    Options: ClassVar[type[plugins.Options]] = MappingOptions
    example: ClassVar[dict[str, Any]] = example()

    def __init__(self, options: MappingOptions) -> None:
        self._activity = Mapper(options).activity

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:  # noqa: ARG003  the protocol's
        """Never: without a mapping nobody can say what a record means."""
        return 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time."""
        data = record_path.decode(record.decode())
        if not isinstance(data, dict):
            raise BadRecord("not a JSON object")
        return (self._activity(data),)
