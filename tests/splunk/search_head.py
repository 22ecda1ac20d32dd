"""What Splunk's search head makes of an event by the add-on: fields, event types, tags.

After Splunk's Knowledge Manager Manual, "The sequence of search-time operations": REPORT, KV_MODE, FIELDALIAS, EVAL (each of the fields
before all of them), LOOKUP, event types, tags. A stanza of a source goes before one of a source type (props.conf).
"""

import csv
import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from conf_files import ADDON, classes, read
from eval_language import Expression, compile_expression
from search_language import compile_search

Event = dict[str, list[str]]

EXTRACTION_CUTOFF = 5000
"""Bytes of an event in which Splunk looks for JSON's fields: limits.conf, [spath] extraction_cutoff."""
_OWN = {"host", "index", "source", "sourcetype", "_raw"}
_JSON = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)|[-+.\deE]+|true|false|null|[{}\[\],:]', re.DOTALL)


class _Settings(NamedTuple):
    """What props.conf has for the events of a source and source type."""

    json: bool
    transforms: list[Mapping[str, str]]
    aliases: list[list[str]]
    evaluations: dict[str, Expression]
    lookups: list[str]


@cache
def _settings(sourcetype: str, source: str) -> _Settings:
    props, transforms = read("props.conf"), read("transforms.conf")
    stanza = {**props.get(sourcetype, {}), **props.get(f"source::{source}", {})}
    return _Settings(
        stanza.get("KV_MODE") == "json",
        [transforms[name.strip()] for names in classes(stanza, "REPORT").values() for name in names.split(",")],
        [pair for text in classes(stanza, "FIELDALIAS").values() for pair in re.findall(r"(\S+) AS (\S+)", text)],
        {name: compile_expression(text) for name, text in classes(stanza, "EVAL").items()},
        list(classes(stanza, "LOOKUP").values()),
    )


def search(raw: str, *, sourcetype: str, source: str = "casbd", host: str = "casbd.example.com") -> Event:
    """All fields of an event, `eventtype` and `tag` among them."""
    settings = _settings(sourcetype, source)
    own = {"_raw": [raw], "host": [host], "index": ["main"], "source": [source], "sourcetype": [sourcetype]}
    event: Event = dict(own)
    for transform in settings.transforms:
        _report(event, transform)
    if settings.json:
        event = _from_json(raw) | event
    event |= {new: event[old] for old, new in settings.aliases if old in event}
    event = event | {name: _values(evaluate(event)) for name, evaluate in settings.evaluations.items()}
    for lookup in settings.lookups:
        _look_up(event, lookup)
    event = {name: values for name, values in event.items() if values} | own
    event["eventtype"] = [name for name, is_met in _event_types().items() if is_met(event)]
    event["tag"] = sorted({tag for name in event["eventtype"] for tag in read("tags.conf").get(f"eventtype={name}", {})})
    return event


def _values(value: object) -> list[str]:
    """Of an evaluation; one that is null makes no field."""
    return [] if value is None else value if isinstance(value, list) else [str(value)]


@cache
def _event_types():
    return {name: compile_search(stanza["search"]) for name, stanza in read("eventtypes.conf").items()}


def _report(event: Event, transform) -> None:
    text = event.get(transform.get("SOURCE_KEY", "_raw"), [""])[0]
    for match in re.finditer(transform["REGEX"], text):
        for part in transform["FORMAT"].split():
            name, value = (re.sub(r"\$(\d)", lambda group, match=match: match[int(group[1])], half) for half in part.split("::"))
            if name in _OWN:
                continue
            if name not in event:
                event[name] = [value]
            elif transform.get("MV_ADD") == "true":
                event[name] = [*event[name], value]


def _from_json(raw: str) -> Event:
    """Each value under its path (`a.b`, `a{}`, `a{}.b`), null as the text `null`, of as much of the event as Splunk looks at."""
    found: Event = {}
    for path, value in _leaves(raw.encode()[:EXTRACTION_CUTOFF].decode(errors="ignore")):
        found.setdefault(path, []).append(value)
    return found


def _leaves(text: str) -> Iterator[tuple[str, str]]:
    path: list[str] = []
    tokens = _JSON.findall(text)
    for number, token in enumerate(tokens[:-1]):  # the last one may be cut
        if token in "{[":
            path.append("" if token == "{" else "{}")
        elif token in "}]":
            path.pop()
        elif tokens[number + 1 : number + 2] == [":"]:
            path[-1] = _unquoted(token)
        elif token not in ",:":
            yield _joined(path), _unquoted(token)


def _joined(path: list[str]) -> str:
    return re.sub(r"\.\{\}", "{}", ".".join(path))


def _unquoted(token: str) -> str:
    return json.loads(token) if token.startswith('"') else token


def _look_up(event: Event, setting: str) -> None:
    """`TABLE field OUTPUTNEW field ...`: not done where the event has one of the new fields already."""
    table, key, word, *outputs = setting.split()
    assert word == "OUTPUTNEW", setting
    if key not in event or not event[key] or any(event.get(name) for name in outputs):
        return
    definition = read("transforms.conf")[table]
    for row in _rows(definition["filename"]):
        if _fits(event[key][0], row[key], definition):
            event |= {name: [row[name]] for name in outputs if row[name]}
            return


@cache
def _rows(filename: str):
    with (ADDON / "lookups" / filename).open(newline="") as file:
        return list(csv.DictReader(file))


def _fits(value: str, cell: str, definition) -> bool:
    if definition.get("case_sensitive_match", "true") == "false":
        value, cell = value.casefold(), cell.casefold()
    return fnmatch.fnmatchcase(value, cell) if "match_type" in definition else value == cell
