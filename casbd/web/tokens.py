"""The right to ask a vendor's API: a fixed token, or one that is granted for an hour or so (OAuth 2.0).

A granted one is kept until a minute before it expires. `Granted` asks with the form of one of the four functions:

- `client_secret`: the client's id and secret (RFC 6749, 4.4);
- `client_key`: the client's id, signed by its private key (RFC 7523, 2.2);
- `bearer_key`: whom it asks for, signed by its private key (RFC 7523, 2.1);
- `refreshed`: a refresh token that the vendor gave once (RFC 6749, 6).

PyJWT is imported when something is signed.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from casbd.clock import Clock
from casbd.documents.secrets import Key, Secret
from casbd.errors import Mistake, Mistakes, Retry
from casbd.web.api import Http, host_of

_MARGIN = 60_000
"""Milliseconds before its end in which a token is not used any more: the request takes some, and clocks differ."""
_SIGNED_FOR = 300
"""Seconds that a signed text is worth something; vendors take no more than five minutes to an hour."""
_SECRET = ("client_secret", "client_assertion", "assertion", "refresh_token")
"""Fields of a form that nobody may read."""
_UNSAID = 300
"""Seconds that a token is kept whose answer does not say for how long (RFC 6749, 5.1: it should)."""

Form = Mapping[str, str]


class Fixed:
    """A token that the operator made, read at each use. scheme: what stands before it in the header."""

    def __init__(self, secret: Secret, scheme: str = "Bearer") -> None:
        self._secret = secret
        self._scheme = scheme
        self._last = ""

    def check(self) -> None:
        """Raise Mistakes where it cannot be read."""
        self._secret.check()

    def header(self) -> str:
        """The value of `Authorization`. Mistakes where it cannot be read now."""
        self._last = self._secret.reveal()
        return f"{self._scheme} {self._last}"

    def renew(self) -> bool:
        """Whether there is another one by now."""
        try:
            return self._secret.reveal() != self._last
        except Mistakes:
            return False


class Basic:
    """A user's name and password, which is read at each use (RFC 7617)."""

    def __init__(self, user: str, password: Secret) -> None:
        self._user = user
        self._password = password

    def check(self) -> None:
        """Raise Mistakes where it cannot be read."""
        self._password.check()

    def header(self) -> str:
        """The value of `Authorization`. Mistakes where the password cannot be read now."""
        return f"Basic {base64.b64encode(f'{self._user}:{self._password.reveal()}'.encode()).decode()}"

    def renew(self) -> bool:
        """There is no other one."""
        return False


class _Grant(msgspec.Struct):
    """A token endpoint's answer (RFC 6749, 5.1)."""

    access_token: str
    expires_in: int | None = None  # of some vendors as text


class Granted:
    """A token that the endpoint `url` gives for a form. secrets: what the form is made with."""

    def __init__(self, http: Http, url: str, form: Callable[[], Form], secrets: tuple[Secret, ...], clock: Clock) -> None:
        self._http = http
        self._url = url
        self._form = form
        self._secrets = secrets
        self._clock = clock
        self._token = ""
        self._until = 0

    def check(self) -> None:
        """Raise Mistakes where a secret cannot be read, or is no key where one is needed."""
        for secret in self._secrets:
            secret.check()
        if all(secret.is_readable_here() for secret in self._secrets):
            self._form()

    def header(self) -> str:
        """The value of `Authorization`. Retry, Rejected, and Mistakes where a secret cannot be read now."""
        if self._clock() >= self._until:
            self._ask()
        return f"Bearer {self._token}"

    def renew(self) -> bool:
        """Ask anew before the next request."""
        self._until = 0
        return True

    def _ask(self) -> None:
        form = self._form()
        answer = self._http.send("POST", self._url, urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        host, secrets = host_of(self._url), [form.get(name, "") for name in _SECRET]
        try:
            grant = msgspec.json.decode(self._http.judged(host, answer, secrets).body, type=_Grant, strict=False)
        except msgspec.DecodeError:
            raise Retry(f"{host} answered {answer.status} with no token") from None
        self._token = grant.access_token
        self._until = self._clock() + 1000 * (_UNSAID if grant.expires_in is None else grant.expires_in) - _MARGIN


def client_secret(client_id: str, secret: Secret, scope: str | None = None) -> Form:
    """The form of a client that has a secret."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret.reveal()}
    return form if scope is None else form | {"scope": scope}


def client_key(client_id: str, assertion: str, scope: str) -> Form:
    """The form of a client that has a key. assertion: `signed`, by and about the client."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "scope": scope,
        "client_assertion_type": kind,
        "client_assertion": assertion,
    }


def bearer_key(assertion: str) -> Form:
    """The form of one who asks for somebody. assertion: `signed`, about whom it is for."""
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def refreshed(client_id: str, secret: Secret, refresh_token: Secret) -> Form:
    """The form of a client that was authorized once, for good."""
    return {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token.reveal(),
        "client_id": client_id,
        "client_secret": secret.reveal(),
    }


def signed(claims: Mapping[str, Any], key: Key | str, now: int, key_id: str | None = None, *, thumbprint: str | None = None) -> str:
    """A JSON Web Token (RFC 7519) of these claims, five minutes long. now: ms since 1970.

    key: a private RSA key (PEM). It signs by RS256; where the vendor knows it by its certificate's `thumbprint`, by PS256, as Microsoft
    asks for. Mistakes where it is no such key.
    """
    import jwt

    seconds = now // 1000
    whole = {"iat": seconds, "exp": seconds + _SIGNED_FOR, "jti": str(uuid.uuid4()), **claims}
    headers = {name: value for name, value in (("kid", key_id), ("x5t#S256", thumbprint)) if value}
    algorithm = "PS256" if thumbprint else "RS256"
    try:
        return jwt.encode(whole, key if isinstance(key, str) else key.key().decode(), algorithm=algorithm, headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError):  # its own text may quote the key
        raise Mistakes([Mistake(str(key) if isinstance(key, Key) else "the key", 0, 0, "is no private RSA key in PEM")]) from None


def thumbprint(certificate: Key) -> str:
    """The SHA-256 of a certificate (PEM), as `x5t#S256` has it (RFC 7515, 4.1.8). Mistakes where it is none."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        digest = x509.load_pem_x509_certificate(certificate.key()).fingerprint(SHA256())
    except ValueError:
        raise Mistakes([Mistake(str(certificate), 0, 0, "has no certificate in PEM")]) from None
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
