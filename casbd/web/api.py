"""HTTP as the APIs of vendors and receivers take it: options, one request, and failures as casbd's errors.

httpx is imported at the first request: it takes 100 ms and 10 MB, and only who has such a connector or output pays for it.
"""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from pydantic import AfterValidator, Field

from casbd import __version__
from casbd.clock import Clock
from casbd.documents.duration_option import Duration
from casbd.documents.regular_files import certificates
from casbd.errors import Mistake, Mistakes, Rejected, Retry, sentence
from casbd.plugins import ConfigPath, Options
from casbd.web.answers import failure
from casbd.web.headers import fits_header
from casbd.wire.plain_text import cut, single_line

if TYPE_CHECKING:
    from casbd.wire.http_request import Answer, Client

T = TypeVar("T")

MOST_OF_ANSWER = 8 << 20
"""Bytes. A page of a thousand users, the most that a vendor sends, has some two million."""

_MOST_OF_REQUEST = 500
_MOST_PAGES = 100


def _secure(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("must be an https URL")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https, but for this host itself")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password: what is secret has an option of its own")
    return url


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or a fragment")
    return url.rstrip("/")


def _plain(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", text):
        raise ValueError(f"`{text}` may have letters, digits, `.`, `-` and `_`")
    return text


PlainName = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
"""What is one part of a path as it is."""
SecureUrl = Annotated[str, Field(max_length=2000), AfterValidator(_secure)]
"""https; http only to this host itself."""
BaseUrl = Annotated[SecureUrl, AfterValidator(_base)]
"""What paths are put behind, without a slash at its end."""


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_near(host: str) -> bool:
    try:
        return is_loopback(host) or ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


class HttpOptions(Options):
    """What everybody takes who asks an HTTP API."""

    timeout: Duration = 30_000
    """For each request, from looking up the name to the end of the answer."""
    ca_file: ConfigPath | None = Field(default=None, examples=["ca.pem"])
    """Whom to trust (PEM). Left out: the system's list."""

    def context(self) -> ssl.SSLContext:
        """For a new connection. OSError where the CA file cannot be used."""
        context = ssl.create_default_context(cafile=certificates(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class Http:
    """Sends requests. Raises Mistakes where the CA file cannot be used.

    keeps: the connection, for a few seconds, for the next request to the same host; by one thread then. Else each has its own.
    """

    def __init__(self, options: HttpOptions, clock: Clock, *, keeps: bool = False) -> None:
        self._options = options
        self._clock = clock
        self._keeps = keeps
        self._kept: Client | None = None
        try:
            self._context()
        except OSError as error:
            raise Mistakes([Mistake(str(options.ca_file), 0, 0, f"cannot be used for TLS: {error.strerror or error}")]) from None

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, most: int = MOST_OF_ANSWER) -> Answer:
        """The answer, whatever its status. Retry where there is none."""
        host = host_of(url)
        client, self._kept = self._kept or self._client(url), None
        is_good = False
        try:
            answer = client.exchange(method, url, body, {"User-Agent": f"casbd/{__version__}", **headers}, most=most)
            is_good = True
        except OSError as error:
            raise Retry(f"{host}: {error}") from None
        finally:
            if is_good and self._keeps:
                self._kept = client
            else:
                client.close()
        return answer

    def close(self) -> None:
        """Let go of the connection that is kept."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _client(self, url: str) -> Client:
        from casbd.wire.http_request import Client

        proxy = not _is_near(host_of(url))  # it would see what is meant for this host itself, or for what only this host reaches
        return Client(self._context(url), self._options.timeout / 1000, proxy=proxy)

    def judged(self, host: str, answer: Answer, secrets: Iterable[str] = ()) -> Answer:
        """The answer where it is a 2xx; else Retry or Rejected, in the vendor's words without the secrets."""
        if 200 <= answer.status < 300:
            return answer
        raise failure(host, answer, self._clock(), secrets)

    def _context(self, url: str = "https:") -> ssl.SSLContext:
        """Read anew for each connection, so that a changed file counts."""
        return self._options.context() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which is not used


class Token(Protocol):
    """Where the right to ask comes from (`tokens.py`)."""

    def check(self) -> None:
        """Raise Mistakes where a secret cannot be read, for the start."""

    def header(self) -> str:
        """The value of `Authorization`. Retry, Rejected and Mistakes where there is none."""

    def renew(self) -> bool:
        """Forget it, as the vendor does not take it any more. False where another one cannot be had."""


class Api:
    """One vendor's API: a base URL, and the token that goes with each request.

    headers: for all requests. Raises Mistakes where the token's secrets or the CA file cannot be read.
    """

    def __init__(self, http: Http, base_url: str, token: Token, headers: Mapping[str, str] | None = None) -> None:
        token.check()
        self._http = http
        self._base_url = base_url
        self._token = token
        self._headers = headers or {}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """One request. An answer of 2xx or of the `expected` statuses is given back; else Retry or Rejected.

        path: behind the base URL, or a whole URL below it. body: what becomes JSON. A token that is not taken any more is renewed once.
        """
        url = self._url(path) + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        headers: dict[str, str] = {"Accept": "application/json", **self._headers}
        data = None
        if form is not None:
            data, headers["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        answer, token = self._sent(method, url, data, headers)
        if answer.status == 401 and self._token.renew():
            answer, token = self._sent(method, url, data, headers)
        return answer if answer.status in expected else self._judged(url, answer, token)

    def get(self, path: str, kind: type[T], *, query: Mapping[str, str] | None = None) -> T:
        """What is at a path, as such a msgspec type. Rejected where there is nothing."""
        return self.read(self.call("GET", path, query=query), kind)

    def find(self, path: str, kind: type[T], *, query: Mapping[str, str] | None = None) -> T | None:
        """The same, None where the vendor answers 404."""
        answer = self.call("GET", path, query=query, expected=(404,))
        return None if answer.status == 404 else self.read(answer, kind)

    def read(self, answer: Answer, kind: type[T]) -> T:
        """The body of an answer as such a type. Retry where it is something else: a page of a proxy, perhaps."""
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Retry(f"{host_of(self._base_url)} answered {answer.status} with something else than expected: {_shown(error)}") from None

    def describe(self, method: str, path: str, body: Any = None) -> str:
        """A request in one line, as a log has it: without headers, and so without secrets."""
        text = f"{method} {self._url(path)}" + (f" {json.dumps(body)}" if body is not None else "")
        return cut(single_line(text), _MOST_OF_REQUEST)

    def _url(self, path: str) -> str:
        """A vendor's answer may say where to go on: nowhere else, as the token goes along."""
        if path.startswith("/"):
            return self._base_url + path
        if not path.startswith(f"{self._base_url}/"):
            raise Rejected(f"{host_of(self._base_url)} answered with the address of somebody else")
        return path

    def _sent(self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> tuple[Answer, str]:
        try:
            token = self._token.header()
        except Mistakes as error:  # a file that is being replaced
            raise Retry(sentence(error)) from None
        if not fits_header(token):
            raise Rejected("the token has characters that no header can hold")
        return self._http.send(method, url, data, {**headers, "Authorization": token}), token

    def _judged(self, url: str, answer: Answer, token: str) -> Answer:
        return self._http.judged(host_of(url), answer, [token.rpartition(" ")[2]])


def pages(api: Api, path: str, kind: type[T], following: Callable[[T], str | None], query: Mapping[str, str] | None = None) -> Iterator[T]:
    """Each page of a list. following: of a page, where the next one is, or None. Rejected where it has no end."""
    return _pages(api, path, kind, lambda page, _: following(page), query)


def linked_pages(api: Api, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> Iterator[T]:
    """The same of a list whose answers' `Link` headers say where the next page is (RFC 8288)."""
    return _pages(api, path, kind, lambda _, answer: _link(answer), query)


def _pages(
    api: Api, path: str, kind: type[T], following: Callable[[T, Answer], str | None], query: Mapping[str, str] | None
) -> Iterator[T]:
    for _ in range(_MOST_PAGES):
        answer = api.call("GET", path, query=query)
        page = api.read(answer, kind)
        yield page
        query, link = None, following(page, answer)
        if not link:
            return
        path = link
    raise Rejected(f"a list has more than {_MOST_PAGES} pages")


def _link(answer: Answer) -> str | None:
    found = re.search(r'<([^<>]*)>[^<>,]*;\s*rel="?next\b', answer.headers.get("link", ""))
    return found[1] if found else None


def host_of(url: str) -> str:
    """The host of a URL that was checked."""
    return str(urlsplit(url).hostname)


def segment(text: str) -> str:
    """A text as one part of a path, whatever is in it. Rejected for what would be another path."""
    if text in ("", ".", ".."):
        raise Rejected(f"`{text}` is nobody's name")
    return quote(text, safe="")


def _shown(error: Exception) -> str:
    return cut(single_line(str(error)), 200)
