"""Alerts to a file of one's own: CSV or NDJSON, by the file's name.

A line of NDJSON is what `casbd alerts list --json` prints. CSV is RFC 4180 in UTF-8 with the same names in its first line; lists are
joined by `; `, unknown is nothing, and no spreadsheet takes a text for a formula (`casbd/wire/csv_cells.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from casbd.documents.replacing import whole
from casbd.model.alert import Alert
from casbd.wire import csv_cells, json_lines
from casbd.wire.plain_text import single_line


def export_alerts(alerts: Iterable[Alert], path: Path, *, force: bool = False) -> int:
    """Write them, whole or not at all; how many. force: write over a file that is there.

    ValueError for a name with another ending, OSError where it cannot be written (FileExistsError where it is there).
    """
    ending = path.suffix.lower()
    if ending not in _LINES:
        raise ValueError(f"{path.name} does not end with {' or '.join(_LINES)}")
    number = 0
    with whole(path, mode=0o640, force=force) as file:  # personal data is not for everybody
        if ending == ".csv":
            file.write(csv_cells.row(json_lines.ALERT_KEYS))
        for alert in alerts:
            file.write(_LINES[ending](alert))
            number += 1
    return number


def _csv(alert: Alert) -> bytes:
    return csv_cells.row(map(_cell, json_lines.alert_fields(alert).values()))


def _ndjson(alert: Alert) -> bytes:
    return json_lines.alert(alert) + b"\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return csv_cells.safe(single_line(value if isinstance(value, str) else "; ".join(map(str, value))))


_LINES = {".csv": _csv, ".ndjson": _ndjson}
