"""Export formats, one file each: claims(sample), parse(record) -> activities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casbd.documents import Document


def table_words() -> dict[str, set[str]]:
    """The activity types and apps of the tables that ship with casbd (`casbd/data/*_activities.yaml`)."""
    words: dict[str, set[str]] = {"activity_type": {"Unspecified"}, "app": set()}
    for path in sorted((Path(__file__).parent.parent / "data").glob("*_activities.yaml")):
        table = Document(path).data
        for part in [table, *table.get("workloads", {}).values()]:
            words["activity_type"] |= {*_types(part.get("activities", {})), *filter(None, [part.get("default")])}
            words["app"] |= {*filter(None, [part.get("app")])}
    return words


def _types(activities: dict[str, Any]) -> Iterator[str]:
    """Of `{type: [operation, ...]}`, or of the same by service."""
    for name, below in activities.items():
        if isinstance(below, dict):
            yield from _types(below)
        else:
            yield name
