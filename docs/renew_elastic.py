"""Writes `conf/elastic/*.json`: index templates for the output `elastic`, after the fields in `casbd/wire/ecs.py`. A test holds them to it.

Sources: Elastic, "Create or update an index template API", "Field data types"; OpenSearch, "Index templates", "Supported field types".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from casbd.wire.ecs import VERSION, index_types

FOLDER = Path(__file__).parent.parent / "conf" / "elastic"
_LONGEST = 1024
"""Characters of a keyword that are indexed. Lucene refuses a document for a term of more than 32,766 bytes."""
_OPENSEARCH = {"constant_keyword": "keyword", "match_only_text": "text"}
"""What OpenSearch has in the place of Elasticsearch's types, or older releases of it have."""
_UNSEARCHED = "event.original"
FILES = ("elasticsearch.json", "opensearch.json")


def template(name: str) -> dict[str, Any]:
    """The body of `PUT _index_template/casbd`, for one of `FILES`."""
    is_elastic = name == "elasticsearch.json"
    properties: dict[str, Any] = {}
    for path, kind in index_types():
        *above, last = path.split(".")
        place = properties
        for part in above:
            place = place.setdefault(part, {"properties": {}})["properties"]
        place[last] = _mapping(path, kind, is_elastic)
    return {
        "index_patterns": ["logs-casbd.*-*"],
        "data_stream": {},
        "priority": 200,
        "template": {"mappings": {"dynamic": False, "properties": properties}},
        "_meta": {"description": f"casbd: alerts, activities and outcomes of governance, by ECS {VERSION}"},
    }


def _mapping(path: str, kind: str, is_elastic: bool) -> dict[str, Any]:
    if path == _UNSEARCHED:
        return {"type": "keyword", "index": False, "doc_values": False}
    if not is_elastic:
        if kind == "flattened":
            return {"type": "object", "enabled": False}
        kind = _OPENSEARCH.get(kind, kind)
    if kind in ("keyword", "flattened"):
        return {"type": kind, "ignore_above": _LONGEST}
    if kind in ("ip", "date", "geo_point", "long", "float", "double") and path != "@timestamp":
        return {"type": kind, "ignore_malformed": True}
    return {"type": kind}


def text(name: str) -> str:
    """The file."""
    return json.dumps(template(name), indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in FILES:
        (FOLDER / each).write_text(text(each))
