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


class CsvOptions(MappingOptions):
    """As for `json`, with the names of columns in the place of paths."""

    @model_validator(mode="before")
    @classmethod
    def _columns(cls, options: Any) -> Any:
        if not isinstance(options, dict):
            return options
        options = dict(options)
        if isinstance(mapping := options.get("mapping"), dict):
            options["mapping"] = {name: _with_column(part) if isinstance(part, dict) else _column(part) for name, part in mapping.items()}
        if isinstance(patterns := options.get("patterns"), list):
            options["patterns"] = [_with_column(part) if isinstance(part, dict) else part for part in patterns]
        return options


def _with_column(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"path": _column(part["path"])} if "path" in part else part


@registry.format
class Csv(OfMapping):
    """Anything else that is CSV, by a mapping in the configuration: the names of columns, and all else as for `json`."""

    Options: ClassVar[type[plugins.Options]] = CsvOptions
    example: ClassVar[dict[str, Any]] = {"mapping": {"timestamp": "Event DateTime", "user": "User Name"}, "constants": {"app": "HR"}}
    words: ClassVar[plugins.Words] = {}
    what: ClassVar[str] = "row of a CSV file"
