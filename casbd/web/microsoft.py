"""The right to ask Microsoft's APIs: of an app registration, or of the host's managed identity."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from casbd.clock import Clock
from casbd.documents.secrets import Key, Secret
from casbd.errors import Retry
from casbd.web.api import Http, Token, host_of
from casbd.web.tokens import Form, Granted, client_key, client_secret, signed, thumbprint

IMDS = "http://169.254.169.254/metadata/identity/oauth2/token"
"""Azure's Instance Metadata Service, which every virtual machine reaches at this address, and nobody else does."""
_MARGIN = 300_000
"""Milliseconds before its end in which a token is not used any more."""


def of_application(http: Http, clock: Clock, login_url: str, tenant: str, client_id: str, scope: str, credential: Secret | Key) -> Token:
    """By the client secret; by the certificate where it is a key (https://learn.microsoft.com/entra/identity-platform/certificate-credentials)."""
    url = f"{login_url}/{tenant}/oauth2/v2.0/token"
    if not isinstance(credential, Key):
        return Granted(http, url, lambda: client_secret(client_id, credential, scope), (credential,), clock)
    claims = {"iss": client_id, "sub": client_id, "aud": url}

    def form() -> Form:
        return client_key(client_id, signed(claims, credential, clock(), thumbprint=thumbprint(credential)), scope)

    return Granted(http, url, form, (credential,), clock)


class _Grant(msgspec.Struct):
    access_token: str
    expires_in: int


class ManagedIdentity:
    """The token of the virtual machine's own identity, which has no secret. client_id: of a user-assigned one. url: of the service.

    Source: Microsoft, "How to use managed identities for Azure resources on an Azure VM to acquire an access token".
    """

    def __init__(self, http: Http, clock: Clock, resource: str, client_id: str | None = None, url: str = IMDS) -> None:
        query = {"api-version": "2018-02-01", "resource": resource} | ({"client_id": client_id} if client_id else {})
        self._http = http
        self._clock = clock
        self._url = f"{url}?{urlencode(query)}"
        self._token = ""
        self._until = 0

    def check(self) -> None:
        """There is nothing that could be read wrongly."""

    def header(self) -> str:
        """The value of `Authorization`. Retry, Rejected where there is none."""
        if self._clock() >= self._until:
            host = host_of(self._url)
            answer = self._http.judged(host, self._http.send("GET", self._url, None, {"Metadata": "true"}))
            try:
                grant = msgspec.json.decode(answer.body, type=_Grant, strict=False)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise Retry(f"{host} answered {answer.status} with no token") from None
            self._token, self._until = grant.access_token, self._clock() + 1000 * grant.expires_in - _MARGIN
        return f"Bearer {self._token}"

    def renew(self) -> bool:
        """Ask anew before the next request."""
        self._until = 0
        return True
