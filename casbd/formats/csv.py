"""CSV of any kind: a mapping in the configuration says which column is which field of the activity.

    - {name: hr, path: /var/spool/casbd/hr/*.csv, format: csv, mapping: {timestamp: Event DateTime, user: User Name}}

Columns are named as the header has them, without regard to case; dots and blanks in them need no quotation marks. The
delimiter, quotes, a byte-order mark and PowerShell's `#TYPE` line are seen to when the file is read. What a mapping may say
more: as for `json`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import model_validator

from casbd import plugins
from casbd.formats._mapping import OfMapping
from casbd.formats._mapping_options import MappingOptions
from casbd.plugins import registry
from casbd.records import record_path


def _column(name: Any) -> Any:
    """A column's name as a path of one step; what is no text is left to the check of types."""
    return record_path.write_path((name,)) if isinstance(name, str) and name.strip() else name


def _value(value: Any) -> Any:
    """The same of all columns that a value names, in its parts and conditions."""
    if isinstance(value, list):
        return [_value(one) for one in value]
    if not isinstance(value, dict):
        return _column(value)
    changed: dict[str, Any] = {key: _value(value[key]) for key in ("path", "join", "id", "name", "type", "role") if key in value}
    if isinstance(when := value.get("when"), dict):
        changed["when"] = {_column(name): test for name, test in when.items()}
    return value | changed


def _values(of: Any) -> Any:
    """The same of each member, or element, that has parts."""
    if isinstance(of, dict):
        return {name: _value(part) for name, part in of.items()}
    return [_value(one) if isinstance(one, dict) else one for one in of] if isinstance(of, list) else of


class CsvOptions(MappingOptions):
    """As for `json`, with the names of columns in the place of paths."""

    @model_validator(mode="before")
    @classmethod
    def _columns(cls, options: Any) -> Any:
        if not isinstance(options, dict):
            return options
        changed = {key: _values(options[key]) for key in ("mapping", "patterns", "objects") if key in options}
        if isinstance(tables := options.get("activities"), dict):
            changed["activities"] = {kind: _values(operations) for kind, operations in tables.items()}
        return options | changed


@registry.format
class Csv(OfMapping):
    """Anything else that is CSV, by a mapping in the configuration: the names of columns, and all else as for `json`."""

    Options: ClassVar[type[plugins.Options]] = CsvOptions
    example: ClassVar[dict[str, Any]] = {"mapping": {"timestamp": "Event DateTime", "user": "User Name"}, "constants": {"app": "HR"}}
    words: ClassVar[plugins.Words] = {}
    what: ClassVar[str] = "row of a CSV file"
