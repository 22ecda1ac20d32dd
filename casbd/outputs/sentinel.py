"""Alerts, activities and outcomes of governance into Microsoft Sentinel's workspace, by the Logs Ingestion API of Azure Monitor.

The tables and the data collection rule are in `conf/sentinel/`. Source: Microsoft, "Logs Ingestion API in Azure Monitor" (page of 2026-08).
"""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, model_validator

from casbd.clock import Clock, now
from casbd.documents.secrets import Key, Secret
from casbd.errors import Mistakes, Rejected, Retry, sentence
from casbd.outputs._base_urls import ends_before
from casbd.outputs._message import json_fields
from casbd.outputs._parts import Messages, NotTaken, send_in_parts
from casbd.plugins import Item, Options, registry
from casbd.web.answers import RECHECK, is_passing, told, wait
from casbd.web.api import BaseUrl, Http, HttpOptions, PlainName, Token, host_of
from casbd.web.microsoft import IMDS, ManagedIdentity, of_application
from casbd.wire import sentinel_rows

MOST_OF_REQUEST = 900_000
"""Bytes of a request before it is compressed. Azure takes 1 MB, compressed and uncompressed."""
_VERSION = "2023-01-01"
_ROLE = 300.0
"""Seconds until it is tried again whether a role has reached the rule, which takes up to half an hour."""
_MOST_OF_ANSWER = 1 << 20


def _immutable(text: str) -> str:
    if not re.fullmatch(r"dcr-[0-9A-Za-z]{1,100}", text):
        raise ValueError(f"`{text}` is not the rule's immutable id: `dcr-` and 32 hex digits, as the deployment's `rule_id`")
    return text


class SentinelOptions(HttpOptions):
    """Options of the output `sentinel`."""

    endpoint: Annotated[BaseUrl, ends_before("/dataCollectionRules")]
    """Where the data collection rule takes logs: its own endpoint (`logsIngestion`), or that of a data collection endpoint."""
    rule_id: Annotated[str, AfterValidator(_immutable)]
    """The rule's immutable id: `dcr-` and 32 hex digits."""
    tenant: PlainName | None = None
    """The tenant's id or one of its domains. Left out, with `client_secret` and `certificate`: the managed identity of this host."""
    client_id: PlainName | None = None
    """The application id of the app registration; of a user-assigned managed identity its client id."""
    client_secret: Secret | None = None
    """Its client secret: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    certificate: Key | None = None
    """In the place of the secret: its certificate with the private RSA key, in one PEM file, as {credential: sentinel.pem}."""
    login_url: BaseUrl = "https://login.microsoftonline.com"
    """Where tokens come from; national clouds have others."""
    audience: BaseUrl = "https://monitor.azure.com"
    """Whom tokens are for: `https://monitor.azure.us` and `https://monitor.azure.cn` in national clouds."""
    identity_url: BaseUrl | None = None
    """Where the managed identity's tokens come from. Left out: the host's metadata service (169.254.169.254)."""

    @model_validator(mode="after")
    def _one_way(self) -> SentinelOptions:
        if self.client_secret is not None and self.certificate is not None:
            raise ValueError("needs either `client_secret` or `certificate`, or neither for a managed identity")
        has_credential = self.client_secret is not None or self.certificate is not None
        if has_credential and (self.tenant is None or self.client_id is None):
            raise ValueError("an app registration needs `tenant` and `client_id` as well")
        if self.tenant is not None and not has_credential:
            raise ValueError("an app registration needs `client_secret` or `certificate`; a managed identity has no `tenant`")
        if self.identity_url is not None and has_credential:
            raise ValueError("`identity_url` is of a managed identity")
        return self


@registry.output
class Sentinel:
    """Sends rows to the streams of one data collection rule, over a connection that is kept. Azure answers when it has taken them."""

    Options: ClassVar[type[Options]] = SentinelOptions
    example: ClassVar[dict[str, Any]] = {
        "endpoint": "https://casbd-abcd.westeurope-1.ingest.monitor.azure.com",
        "rule_id": "dcr-00000000000000000000000000000000",
        "tenant": "contoso.onmicrosoft.com",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "client_secret": {"credential": "sentinel-secret"},
    }

    def __init__(self, options: SentinelOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the secret or the CA file cannot be read."""
        self._options = options
        self._clock = clock
        self._host = host_of(options.endpoint)
        self._http = Http(options, clock, keeps=True)
        self._token = _token(options, self._http, clock)
        self._token.check()

    def send(self, items: Sequence[Item]) -> None:
        """Send all; return when Azure has taken all. In order within each of the three streams."""
        sent = 0
        for table, several in groupby(items, sentinel_rows.table_of):
            rows = [sentinel_rows.row(item, json_fields(item)) + b"," for item in several]
            try:
                send_in_parts(rows, MOST_OF_REQUEST, lambda part, stream=f"Custom-{table}": self._post(stream, part))  # type: ignore[misc]
            except (Retry, Rejected) as error:
                error.sent += sent
                raise
            sent += len(rows)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, stream: str, part: Messages) -> None:
        url = f"{self._options.endpoint}/dataCollectionRules/{self._options.rule_id}/streams/{stream}?api-version={_VERSION}"
        body = gzip.compress(b"[" + b"".join(part)[:-1] + b"]", 5, mtime=0)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "x-ms-client-request-id": str(uuid.uuid4())}
        answer, token = self._sent(url, body, headers)
        if answer.status == 401 and self._token.renew():
            answer, token = self._sent(url, body, headers)
        if 200 <= answer.status < 300:
            return
        reason, code = told(self._host, answer, [token.rpartition(" ")[2]])
        if answer.status == 413 or (answer.status == 400 and not _is_of_the_rule(code)):
            raise NotTaken(reason)
        if is_passing(answer.status):
            raise Retry(reason, after=wait(answer.headers, self._clock()))
        if answer.status == 403:
            raise Retry(
                f"{reason} (the role Monitoring Metrics Publisher on the rule takes up to half an hour to count)", after=_ROLE, lasting=True
            )
        raise Retry(reason, after=RECHECK, lasting=True)

    def _sent(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[Any, str]:
        try:
            token = self._token.header()
        except (Mistakes, Rejected) as error:  # a secret that has expired, or is being replaced: it is no event's fault
            raise Retry(sentence(error), after=RECHECK, lasting=True) from None
        return self._http.send("POST", url, body, {**headers, "Authorization": token}, most=_MOST_OF_ANSWER), token


def _is_of_the_rule(code: str) -> bool:
    """Whether a 400 means the rule, a stream of it or the version, and would be said of any row: `InvalidStream`, `InvalidDcrId` ..."""
    return any(word in code.lower() for word in ("stream", "rule", "dcr", "version"))


def _token(options: SentinelOptions, http: Http, clock: Clock) -> Token:
    credential = options.client_secret or options.certificate
    if credential is None:
        return ManagedIdentity(http, clock, options.audience, options.client_id, options.identity_url or IMDS)
    assert options.tenant is not None
    assert options.client_id is not None
    return of_application(http, clock, options.login_url, options.tenant, options.client_id, f"{options.audience}/.default", credential)
