"""An input for a file of an unknown format, as it is written in the configuration, with a mapping to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from casbd.model.chunk import Chunk
from casbd.onboarding.first_records import container
from casbd.onboarding.suggestion import Paths, leaves, suggest, time_format
from casbd.records import opening, record_path


class SuggestedInput(NamedTuple):
    """text: YAML, to be put into the configuration and looked through.

    several_under: a path under which a record holds several things with a time, of which the mapping takes the first; else empty.
    """

    text: str
    several_under: str


def suggested_input(file: Path, chunk: Chunk) -> SuggestedInput | None:
    """What can be guessed from the names and values in the records of `chunk`, the first of `file`; None where that is nothing."""
    records = [data for record in chunk.records if isinstance(data := opening.decode(record.decode("utf-8", "replace")), dict)]
    mapping = suggest(records)
    if not mapping:
        return None
    values = leaves(records)
    is_table = container(chunk) == "csv"
    lines = ["inputs:", "  - name: own", f"    path: {_scalar(str(file.resolve()))}", f"    format: {'csv' if is_table else 'json'}"]
    lines += ["    mapping:", *_mapping_lines(mapping, values, is_table=is_table)]
    return SuggestedInput("\n".join(lines), _several_under(mapping, values, len(records)))


def _mapping_lines(mapping: Mapping[str, str], values: Paths, *, is_table: bool) -> list[str]:
    lines = []
    if "timestamp" not in mapping:
        lines.append("      # timestamp: {path: ..., format: ...}      # no time was found; without one nothing is an activity")
    for field, path in mapping.items():
        steps = record_path.parse_path(path)
        written = _scalar(str(steps[0]) if is_table else path)  # a table's columns are named as they are
        form = time_format(values[steps]) if field == "timestamp" else None
        if form:
            written = f"{{path: {written}, format: {json.dumps(form)}, zone: UTC}}      # whose time is it? such as Europe/Oslo"
        lines.append(f"      {field}: {written}")
    return lines


def _several_under(mapping: Mapping[str, str], values: Paths, records: int) -> str:
    if "timestamp" not in mapping:
        return ""
    steps = record_path.parse_path(mapping["timestamp"])
    return str(steps[0]) if len(values[steps]) > records else ""


def _scalar(text: str) -> str:
    """Text as YAML has it; in quotes, with everything that could command a terminal escaped, unless it is plain."""
    return text if re.fullmatch(r"[A-Za-z_/][\w./\[\]-]*", text, re.ASCII) else json.dumps(text)
