"""Elasticsearch's bulk API on loopback, as Elastic's documentation says, with the index template of `conf/elastic` in it.

Source: Elastic, "Bulk index or delete documents", "Field data types", "Data streams"; Lucene's limit of a term.
"""

import base64
import gzip
import ipaddress
import json
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tests.outputs.answering import Answering

ROOT = Path(__file__).parents[2]
KEY = base64.b64encode(b"id:s3cret-of-the-key").decode()
PASSWORD = "s3cret-pass"
MOST_OF_TERM = 32_766


class Elasticsearch(Answering):
    """documents: by stream and id. faults: instead of the next answers: (status, body, headers), "drops", "stores and drops".

    refuses: (status, type, reason) for a document that is not stored, else None. most: bytes of a request, decompressed.
    """

    def __init__(self, *, refuses=lambda document: None, most=100_000_000, template="elasticsearch.json", port=0):
        self.template = json.loads((ROOT / "conf" / "elastic" / template).read_text())
        self.refuses, self.most = refuses, most
        self.streams: dict[str, dict[str, dict]] = {}
        self.faults: list = []
        self.sizes: list[int] = []
        super().__init__(port)

    def ids(self, stream: str = "logs-casbd.alert-default") -> list[str]:
        return [document["event"]["id"] for document in self.streams.get(stream, {}).values()]

    def answer(self, method: str, path: str, headers, body: bytes):
        said = headers.get("Authorization", "")
        if said not in (f"ApiKey {KEY}", "Basic " + base64.b64encode(f"casbd:{PASSWORD}".encode()).decode()):
            return 401, {"error": {"type": "security_exception", "reason": f"unable to authenticate {said}"}, "status": 401}, {}
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, tuple):
            return fault
        if fault == "drops":
            return None
        assert (method, urlsplit(path).path, headers["Content-Type"]) == ("POST", "/_bulk", "application/x-ndjson")
        body = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        if len(body) > self.most:
            return 413, b"", {}
        assert body.endswith(b"\n")
        lines = body.splitlines()
        self.sizes.append(len(body))
        results = [self._create(json.loads(action), json.loads(document)) for action, document in zip(lines[::2], lines[1::2], strict=True)]
        answer = {"errors": any("error" in one["create"] for one in results), "items": results}
        return None if fault == "stores and drops" else (200, answer, {})

    def _create(self, action: dict, document: dict) -> dict:
        (verb, about), *more = action.items()
        assert not more
        assert verb == "create", "a data stream takes nothing else"
        name, dataset, namespace = about["_index"].split("-")
        assert name == "logs"
        assert document["data_stream"] == {"type": name, "dataset": dataset, "namespace": namespace}
        stream = self.streams.setdefault(about["_index"], {})
        if found := self.refuses(document):
            return _refusal(*found)
        if about["_id"] in stream:
            return _refusal(409, "version_conflict_engine_exception", f"[{about['_id']}]: version conflict, document already exists")
        if mistakes := list(indexed(document, self.template["template"]["mappings"]["properties"])):
            return _refusal(400, "document_parsing_exception", mistakes[0])
        stream[about["_id"]] = document
        return {"create": {"status": 201}}


def _refusal(status: int, kind: str, reason: str) -> dict:
    return {"create": {"status": status, "error": {"type": kind, "reason": reason}}}


def indexed(value, properties: dict, path: str = ""):
    """What an index with this mapping says of a document: each field that it does not have or cannot parse, `ignore_malformed` or not."""
    for name, inner in value.items():
        where = f"{path}{name}"
        mapping = properties.get(name)
        if mapping is None:
            yield f"no field {where}"
        elif "properties" in mapping:
            yield from indexed(inner, mapping["properties"], f"{where}.")
        else:
            for one in inner if isinstance(inner, list) else [inner]:
                if one is not None and not _fits(one, mapping):
                    yield f"failed to parse field [{where}] of type [{mapping['type']}]"


def _fits(value, mapping: dict) -> bool:
    match mapping["type"]:
        case "keyword" | "constant_keyword":
            is_term = mapping.get("index", True) and len(value) <= mapping.get("ignore_above", 1 << 31)
            return isinstance(value, str) and (not is_term or len(value.encode()) <= MOST_OF_TERM)
        case "match_only_text" | "text":
            return isinstance(value, str)
        case "date":
            return bool(datetime.fromisoformat(value))
        case "boolean":
            return isinstance(value, bool)
        case "long":
            return isinstance(value, int) and abs(value) < 1 << 63
        case "float" | "double":
            return isinstance(value, int | float)
        case "ip":
            return bool(ipaddress.ip_address(value)) and "%" not in value
        case "geo_point":
            return abs(value["lat"]) <= 90 and abs(value["lon"]) <= 180
        case "flattened" | "object":
            return isinstance(value, dict)
    raise AssertionError(mapping)
