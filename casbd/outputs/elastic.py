"""Alerts, activities and outcomes of governance into data streams of Elasticsearch or OpenSearch, by its bulk API, as documents of ECS.

Index templates are in `conf/elastic/`. Source: Elastic, "Bulk index or delete documents", "Data streams"; OpenSearch, "Bulk".
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import ByteSize, Field, model_validator

from casbd.clock import Clock, now
from casbd.documents.secrets import Secret
from casbd.errors import Rejected, Retry
from casbd.outputs._base_urls import ends_before
from casbd.outputs._message import json_fields, message_id
from casbd.outputs._parts import Messages, NotTaken, send_in_parts
from casbd.plugins import Item, Options, registry
from casbd.web.answers import RECHECK, is_passing, told, wait
from casbd.web.api import BaseUrl, Http, HttpOptions, host_of
from casbd.web.headers import secret_now
from casbd.web.tokens import Basic, Fixed
from casbd.wire import ecs, json_lines
from casbd.wire.plain_text import cut, single_line

_PATH = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
"""And nothing else of the answer, which would be as long as the request."""
_THERE_ALREADY = 409
_BAD_DOCUMENT = frozenset((400, 413))
"""Of one item; all else is of the cluster, the stream or the key, and would be said of any."""
_MOST_OF_ANSWER = 32 << 20
_MOST_OF_REASON = 300


class ElasticOptions(HttpOptions):
    """Options of the output `elastic`."""

    url: Annotated[BaseUrl, ends_before("/_bulk")]
    """Where Elasticsearch or OpenSearch is: https, usually with port 9200; http only to this host itself."""
    api_key: Secret | None = None
    """An API key of Elasticsearch, encoded as it shows it: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    user: Annotated[str, Field(min_length=1, max_length=255, pattern="^[^:]*$")] | None = None
    """In the place of the key: a user's name, as OpenSearch has no keys."""
    password: Secret | None = None
    """The user's password: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    namespace: Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9][a-z0-9_.]*$")] = "default"
    """The last part of the names of the three data streams: `logs-casbd.alert-default`, `...activity-default`, `...governance-default`."""
    compress: bool = True
    """Whether requests are compressed (gzip)."""
    max_request: Annotated[ByteSize, Field(ge=100_000, le=100_000_000)] = Field(default=ByteSize(5_000_000), examples=["5MB"])
    """A request holds so much before it is compressed, at most; a larger document goes alone."""

    @model_validator(mode="after")
    def _one_way(self) -> ElasticOptions:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` belong together")
        if (self.api_key is None) == (self.user is None):
            raise ValueError("needs either `api_key`, or `user` and `password`")
        return self


class _Error(msgspec.Struct):
    type: str = ""
    reason: str | None = None


class _Result(msgspec.Struct):
    status: int
    error: _Error | None = None


class _Answer(msgspec.Struct):
    errors: bool
    items: list[dict[str, _Result]]


@registry.output
class Elastic:
    """Creates documents, many in a request, over a connection that is kept. By its id one that comes again is not there twice."""

    Options: ClassVar[type[Options]] = ElasticOptions
    example: ClassVar[dict[str, Any]] = {"url": "https://elastic.example.com:9200", "api_key": {"credential": "elastic-key"}}

    def __init__(self, options: ElasticOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the key, the password or the CA file cannot be read."""
        self._options = options
        self._clock = clock
        self._host = host_of(options.url)
        self._http = Http(options, clock, keeps=True)
        self._token = _token(options)
        self._token.check()

    def send(self, items: Sequence[Item]) -> None:
        """Send all; return when all are stored. In order within each of the three streams."""
        send_in_parts([self._lines(item) for item in items], self._options.max_request, self._post)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _lines(self, item: Item) -> bytes:
        fields, namespace = json_fields(item), self._options.namespace
        action = {"create": {"_index": f"logs-casbd.{ecs.dataset(item)}-{namespace}", "_id": message_id(json_lines.line(fields))}}
        return json_lines.line(action) + b"\n" + json_lines.line(ecs.document(item, fields, namespace)) + b"\n"

    def _post(self, part: Messages) -> None:
        authorization = secret_now(self._token.header, "key")
        body, headers = b"".join(part), {"Content-Type": "application/x-ndjson", "Authorization": authorization}
        if self._options.compress:
            body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
        answer = self._http.send("POST", self._options.url + _PATH, body, headers, most=_MOST_OF_ANSWER)
        if answer.status == 200:
            self._look_at(_read(answer.body), len(part))
            return
        reason, _ = told(self._host, answer, [authorization.rpartition(" ")[2]])
        if answer.status == 413:
            raise NotTaken(reason)
        if is_passing(answer.status):
            raise Retry(reason, after=wait(answer.headers, self._clock()))
        raise Retry(reason, after=RECHECK, lasting=True)

    def _look_at(self, answer: _Answer | None, number: int) -> None:
        """Raise for the first item that is not stored. Those behind it may be: they are not stored again when they come again."""
        if answer is None or len(answer.items) != number:
            raise Retry(f"{self._host} answered 200 with something else than expected")
        if not answer.errors:
            return
        for place, item in enumerate(answer.items):
            (result,) = item.values()
            if 200 <= result.status < 300 or result.status == _THERE_ALREADY:
                continue
            reason = f"{self._host} answered {result.status} of a document{_said(result.error)}"
            if result.status in _BAD_DOCUMENT:
                raise Rejected(reason, sent=place)
            if is_passing(result.status):
                raise Retry(reason, sent=place)
            raise Retry(reason, sent=place, after=RECHECK, lasting=True)


def _token(options: ElasticOptions) -> Fixed | Basic:
    if options.api_key is not None:
        return Fixed(options.api_key, "ApiKey")
    assert options.user is not None
    assert options.password is not None
    return Basic(options.user, options.password)


def _said(error: _Error | None) -> str:
    return cut(single_line(f": {error.type}: {error.reason or ''}"), _MOST_OF_REASON) if error else ""


def _read(body: bytes) -> _Answer | None:
    """None where it is something else, such as the page of a proxy."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return answer if all(len(item) == 1 for item in answer.items) else None
