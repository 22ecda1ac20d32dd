"""A record: what every format makes of it, and what leaves casbd afterwards. An input is a format's name, a line end, and the record.

No record breaks a format, an enricher, a policy, the store's columns or a message: it becomes activities, or a reject with a reason.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import strict_cef
from builders import chunk

from casbd.daemon.engine import detect
from casbd.model.activity import Activity
from casbd.model.chunk import InputSpec
from casbd.pipeline.scan import Scanner
from casbd.plugins import registry
from casbd.policies import loading
from casbd.policies.matcher import Matcher
from casbd.wire import cef, json_lines, text_line
from targets import FORMATS, ROOT, FaultError
from targets.file import read

TOKENS = [b'"', b"CEF:0|a|b|c|d|e|5|", b"rt=", b"\\=", b"2026-01-01T00:00:00Z ", b"<14>", b'{"Name":"a","Value":"b"}']
OF_ONE_FORMAT = 60
"""So many seeds of one format: first those of the files of which it has few."""
OPTIONS = {
    "json": {"mapping": {"timestamp": "CreationTime", "user": "UserId", "action_type": "Operation", "ip_address": "ClientIP"}},
    "csv": {"mapping": {"timestamp": "CreationTime", "user": "UserId", "action_type": "Operation", "ip_address": "ClientIP"}},
}


def seeds() -> list[bytes]:
    """Records of all exports that the tests of the formats have."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(path for path in FORMATS.rglob("*") if path.suffix in (".json", ".jsonl", ".csv") and path.stat().st_size < 1 << 18):
        chunks, _ = read(InputSpec(name="in", path=str(path)), detect)
        for one in chunks:
            found.setdefault(one.format, []).extend(record for record in one.records[:8] if len(record) < 20_000)
    for path in sorted((ROOT / "tests" / "bench" / "records").iterdir()):
        found.setdefault(path.stem, []).append(_template(path))
    for path in sorted(FORMATS.glob("*/**/*sample.*")):
        parts = path.relative_to(FORMATS).parts
        found.setdefault(parts[parts[0] == "services"], []).extend(path.read_bytes().splitlines()[:8])
    for name in registry.names("formats"):
        found.setdefault(name, found["m365"][:5])  # of any shape, by a mapping: of these
    return [name.encode() + b"\n" + record for name in sorted(found) for record in found[name][-OF_ONE_FORMAT:]]


def _template(path: Path) -> bytes:
    """A template of the benches as a record; what it leaves open is filled with something that all vendors write so."""
    text = re.sub(r"\$\{?\w+\}?", "1767268800", path.read_text())
    return " ".join(text.split("\n")).encode() if path.suffix == ".json" else text.strip().splitlines()[-1].encode()


@cache
def _scanner() -> Scanner:
    formats = {}
    for name, cls in registry.load_all("formats").items():
        formats[name] = cls(cls.Options.model_validate(OPTIONS.get(name, cls.example)))
    enrichers = [cls(cls.Options()) for cls in registry.load_all("enrichers").values()]
    enrichers.sort(key=lambda enricher: enricher.order)
    return Scanner(
        lambda _, name: formats[name], enrichers, Matcher(loading.load([ROOT / "rules"]), now=lambda: 1_767_268_800_000), b"salt"
    )


def attempt(data: bytes) -> None:
    """Through the first half of the pipeline, and into each kind of message."""
    first, _, record = data.partition(b"\n")
    name = first.decode("latin-1")
    for other, cls in registry.load_all("formats").items():
        if not 0 <= cls.claims([record]) <= 1:
            raise FaultError(f"{other} claims {cls.claims([record])}")
    for chosen in [name] if name in registry.names("formats") else registry.names("formats"):
        batch = _scanner().scan(chunk([record], format=chosen))
        if wrong := [reject.reason for reject in batch.rejects if "internal error" in reject.reason or not reject.reason]:
            _scanner()._formats("in", chosen).parse(record.decode())  # which tells where, if it was the format
            raise FaultError(f"{chosen}: {wrong}")
        for activity in batch.activities:
            _written(activity)


def _written(activity: Activity) -> None:
    line = json_lines.activity(activity)
    if b"\n" in line or not isinstance(json.loads(line), dict):
        raise FaultError("not one JSON object a line")
    for profile in ("casbd", "mcas"):
        strict_cef.parse(cef.activity(activity, profile=profile))
        strict_cef.parse(cef.activity(activity, profile=profile, limit=1024))
    if "\n" in text_line.activity(activity):
        raise FaultError("not one line of text")
